"""How tables pass between steps: settled numbers, exact round trips, the same bytes."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis.frames import LABEL_COLUMNS, read_frame, settle, settled_numbers, write_frame

numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


def same(left: float, right: float) -> bool:
    """Equal to the last bit, NaN and the sign of zero included."""
    return np.array(left).tobytes() == np.array(right).tobytes() or (math.isnan(left) and math.isnan(right))


class TestSettle:
    @given(numbers)
    def test_twice_is_once(self, number):
        assert same(settle(settle(number)), settle(number))

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_keeps_twelve_significant_digits(self, number):
        assert f"{settle(number):.11e}" == f"{number:.11e}"
        assert abs(settle(number) - number) <= 5.0000001e-12 * abs(number) + 5e-324

    @given(st.floats(min_value=1e-300, max_value=1e300), st.integers(-2, 2))
    def test_noise_in_the_last_bits_disappears(self, number, bits):
        short = float(f"{number:.10g}")
        noisy = short + bits * np.spacing(short)
        assert settle(noisy) == short

    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=20))
    def test_never_turns_an_order_round(self, values):
        settled = [settle(value) for value in sorted(values)]
        assert settled == sorted(settled)

    @pytest.mark.parametrize("number", [math.inf, -math.inf])
    def test_infinities_stay(self, number):
        assert settle(number) == number

    def test_a_number_is_returned_as_a_plain_float(self):
        assert type(settle(np.float64(0.1) + 0.2)) is float

    def test_text_integers_missing_values_and_labels_stay(self):
        frame = pd.DataFrame({"text": ["0.30000000000000004", "a"], "whole": [2**60 + 1, 3],
                              "number": [0.1 + 0.2, np.nan], "yes": [True, False],
                              "count": pd.array([1, None], dtype="Int64")},
                             index=pd.Index(["010", "020"], name="adcode"))
        settled = settle(frame)
        pd.testing.assert_frame_equal(settled.drop(columns="number"), frame.drop(columns="number"))
        assert settled["number"].iloc[0] == 0.3 and np.isnan(settled["number"].iloc[1])
        assert settled.index.name == "adcode"

    def test_leaves_its_argument_alone_even_where_nothing_changes(self):
        frame = pd.DataFrame({"text": ["a"], "number": [0.1 + 0.2]})
        before = frame.copy(deep=True)
        settled = settle(frame)
        settled.loc[0, "text"], settled.loc[0, "number"] = "b", 9.0
        pd.testing.assert_frame_equal(frame, before)

    def test_a_series_keeps_name_and_index(self):
        settled = settle(pd.Series([0.1 + 0.2], index=["x"], name="score"))
        assert settled.name == "score" and settled["x"] == 0.3

    @pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame(index=["a"]), pd.DataFrame(columns=["a"])])
    def test_empty_tables_keep_their_shape(self, frame):
        assert settle(frame).shape == frame.shape


class TestArrays:
    """Arrays are settled by arithmetic; every float must come out as if it had been written out in decimal."""

    @staticmethod
    def written_out(numbers: np.ndarray) -> np.ndarray:
        return np.array([float(f"{number:.12g}") for number in numbers.tolist()])

    @given(arrays.arrays(np.float64, st.integers(0, 40), elements=st.floats(allow_nan=False)))
    def test_any_floats(self, numbers):
        assert settled_numbers(numbers).tobytes() == self.written_out(numbers).tobytes()

    def test_ties_powers_of_ten_and_their_neighbours(self):
        random = np.random.default_rng(7)
        ties = (random.integers(10**11, 10**12, 20_000) + 0.5) / 10.0**random.integers(0, 12, 20_000)
        powers = 10.0**random.integers(-25, 25, 2000) * (1 + random.integers(-3, 4, 2000) * 2.0**-52)
        short = random.integers(0, 10**13, 20_000) / 10.0**random.integers(0, 14, 20_000)
        numbers = np.concatenate([ties, powers, short, -short, [0.0, -0.0, np.inf, -np.inf]])
        assert settled_numbers(numbers).tobytes() == self.written_out(numbers).tobytes()
        assert np.isnan(settled_numbers(np.array([np.nan]))).all()


class TestFiles:
    @given(arrays.arrays(float, st.tuples(st.integers(1, 6), st.just(3)), elements=numbers))
    def test_what_is_read_is_what_was_settled_to_the_last_bit(self, tmp_path_factory, values):
        path = tmp_path_factory.mktemp("frames") / "table.csv"
        frame = pd.DataFrame(values, columns=list("abc"), index=pd.Index([f"{i:06d}" for i in range(len(values))],
                                                                         name="adcode"))
        write_frame(frame, path)
        back = read_frame(path, "adcode")
        assert back.index.equals(frame.index)
        for column in frame:
            assert all(map(same, back[column].astype(float), settle(frame[column])))

    def test_a_second_writing_of_what_was_read_gives_the_same_bytes(self, tmp_path):
        frame = pd.DataFrame({"score": [1 / 3, 1e-17, 2e22, np.nan, -0.0], "rank": [1, 2, 3, 4, 5],
                              "name": ["北京市", "a,b", 'a"b', "", "NULL和"]},
                             index=pd.Index(["110000", "010000", "3", "4", "5"], name="adcode"))
        write_frame(frame, tmp_path / "one.csv")
        write_frame(read_frame(tmp_path / "one.csv", "adcode"), tmp_path / "two.csv")
        assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()

    def test_utf8_without_mark_and_unix_line_ends(self, tmp_path):
        write_frame(pd.DataFrame({"name": ["深圳市"]}), tmp_path / "deep" / "table.csv", index=False)
        assert (tmp_path / "deep/table.csv").read_bytes() == "name\n深圳市\n".encode()

    def test_codes_stay_text(self, tmp_path):
        frame = pd.DataFrame({column: ["010", "2017"] for column in LABEL_COLUMNS} | {"value": [1.5, 2.0]})
        write_frame(frame, tmp_path / "table.csv", index=False)
        back = read_frame(tmp_path / "table.csv")
        pd.testing.assert_frame_equal(back, frame)

    def test_a_column_of_one_row_number_or_one_year_stays_text_beside_joined_ones(self, tmp_path):
        frame = pd.DataFrame({"adcode": ["1", "2"], "years": ["2019", "2018;2019"], "raw_rows": ["5", "6;7"]})
        write_frame(frame, tmp_path / "table.csv", index=False)
        assert read_frame(tmp_path / "table.csv")["years"].tolist() == ["2019", "2018;2019"]

    def test_missing_file_names_the_file_and_the_remedy(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"05_scores\.csv is not there yet.*earlier notebooks"):
            read_frame(tmp_path / "05_scores.csv")


def test_codes_that_look_like_missing_values_stay_codes(tmp_path):
    codes = ["NA", "null", "nan", "None", "010", "1.10", "1E1", "甲1", "true", "inf"]
    frame = pd.DataFrame({"value": [1.5, np.nan, *range(8)], "indicator": codes, "name": [None, *codes[1:]]},
                         index=pd.Index(codes, name="adcode"))
    write_frame(frame, tmp_path / "table.csv")
    found = read_frame(tmp_path / "table.csv", "adcode")
    assert list(found.index) == codes == list(found["indicator"])
    assert found["value"].isna().tolist() == [False, True, *[False] * 8]
    assert found["name"].isna().tolist() == [True, *[False] * 9]
