"""Every choice in one typed place: what is wrong is named, what is right comes back unchanged."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.settings import (
    BASELINE,
    ROOT,
    SettingsError,
    differences,
    flatten,
    load_settings,
    nearest,
    parse_assignment,
    write_settings,
)


@pytest.fixture
def file(tmp_path):
    """Write a settings file and return its path."""
    def write(text: str | bytes) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


def refusal(path=BASELINE, overrides=None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides)
    return str(caught.value)


class TestBaseline:
    def test_every_choice_is_written_out_and_none_is_left_to_code(self):
        assert flatten(load_settings()) == flatten(yaml.safe_load(BASELINE.read_text(encoding="utf-8")))

    def test_every_key_carries_a_comment(self):
        lines = [line for line in BASELINE.read_text(encoding="utf-8").splitlines()
                 if ":" in line and not line.lstrip().startswith("#")]
        keys = [line for line in lines if line.split(":", 1)[1].strip()]
        assert len(keys) == len(flatten(load_settings()))
        assert [line.strip() for line in keys if "#" not in line.split(":", 1)[1]] == []

    def test_every_file_of_the_folder_loads(self):
        variants = "alternatives.yaml"  # a list of changes, not settings: test_study runs each
        names = {path.name for path in (ROOT / "settings").glob("*.yaml")}
        assert {"baseline.yaml", "quick.yaml", variants} <= names
        for name in sorted(names - {variants}):
            assert load_settings(ROOT / "settings" / name).city

    def test_quick_is_the_same_method_with_fewer_repetitions(self):
        changed = differences(load_settings(ROOT / "settings/quick.yaml"))
        assert changed and all(name.split(".")[0] in ("uncertainty", "tiers") for name in changed)
        assert all(here < base for base, here in changed.values())

    def test_settings_cannot_be_changed_in_place(self):
        with pytest.raises(ValueError, match="frozen"):
            load_settings().weighting.alpha = 0.3


class TestPartialFile:
    def test_keeps_the_rest_of_the_baseline(self, file):
        settings = load_settings(file("weighting:\n  alpha: 0.3\n"))
        assert differences(settings) == {"weighting.alpha": (0.5, 0.3)}

    def test_overrides_go_over_the_file(self, file):
        settings = load_settings(file("weighting: {alpha: 0.3, rule: multiplicative}"), {"weighting.alpha": 0.7})
        assert differences(settings) == {"weighting.alpha": (0.5, 0.7), "weighting.rule": ("linear", "multiplicative")}

    def test_loading_one_does_not_change_the_next(self, file):
        load_settings(file("weighting: {alpha: 0.3}"))
        assert differences(load_settings()) == {}


class TestRefusals:
    @pytest.mark.parametrize(("name", "offer"), [
        ("weighting.alfa", "weighting.alpha"), ("weigthing.alpha", "weighting.alpha"), ("alpha", "weighting.alpha"),
        ("treatment.neighbors", "treatment.neighbours"), ("weighting.alpha.x", "weighting.alpha")])
    def test_an_unknown_name_offers_the_nearest(self, name, offer):
        assert refusal(overrides={name: 1}).endswith(f"unknown setting {name}: did you mean {offer}?")

    def test_a_name_like_none_lists_all(self):
        message = refusal(overrides={"zzz": 1})
        assert "unknown setting zzz" in message and all(name in message for name in flatten(load_settings()))

    @pytest.mark.parametrize(("name", "value"), [
        ("weighting.alpha", 1.2), ("weighting.alpha", -0.01), ("weighting.alpha", float("nan")),
        ("weighting.alpha", "x"),
        ("weighting.alpha", None), ("weighting.rule", "lineer"), ("treatment.neighbours", 0),
        ("treatment.neighbours", 2.5), ("treatment.outliers", "winsorize"), ("uncertainty.draws", 99),
        ("uncertainty.seed", 0), ("tiers.k", 1), ("normalisation.lowest_points", 51), ("edition", "other"),
        ("indicators.exclude", "I23"), ("indicators.worst_grade", "E"), ("weighting.data_centre_parent", "S12"),
        ("weighting.allow_inconsistent", "perhaps"), ("city", ["深圳市"])])
    def test_a_value_outside_its_range_names_key_and_value(self, name, value):
        message = refusal(overrides={name: value})
        assert f"{name} = {value!r}: " in message and "\n" not in message

    def test_every_problem_is_named_at_once(self, file):
        message = refusal(file("weighting: {alpha: 7, rule: x}\ntiers: {k: 99}"))
        assert message.count("mine.yaml: ") == 3
        assert all(part in message for part in ("weighting.alpha = 7", "weighting.rule = 'x'", "tiers.k = 99"))

    def test_unknown_and_unusable_together(self, file):
        message = refusal(file("weighting: {alfa: 0.3, alpha: 7}\ntires: {k: 3}"))
        assert all(part in message for part in ("weighting.alfa", "weighting.alpha = 7", "tires.k"))

    @pytest.mark.parametrize("text", [
        "!!python/object/apply:os.system ['touch /tmp/never']", "city: !!python/name:os.system", "city: !!binary x",
        "city: !mine x"])
    def test_tags_and_code_are_not_run(self, file, text):
        assert "mine.yaml" in refusal(file(text))

    @pytest.mark.parametrize(("text", "words"), [
        ("- 1", "a mapping of sections"), ("", "a mapping of sections"), ("city", "a mapping of sections"),
        ("city: [1", "mine.yaml cannot be read"), (b"city: \xc9\xee\xdb\xda", "mine.yaml is not UTF-8"),
        ("city: 2020-13-45", "mine.yaml cannot be read"), ("tiers:", "unknown setting tiers"),
        ("weighting: [1]", "unknown setting weighting"), ("city: &a {x: *a}", "mine.yaml")])
    def test_files_that_are_no_settings(self, file, text, words):
        assert words in refusal(file(text))

    def test_a_key_given_twice_is_not_silently_the_last(self, file):
        assert "alpha" in refusal(file("weighting:\n  alpha: 0.3\n  alpha: 0.4\n"))

    @pytest.mark.parametrize(("name", "value"), [("weighting.alpha", True), ("uncertainty.draws", "1000"),
                                                 ("treatment.neighbours", True)])
    def test_a_value_of_another_kind_is_not_converted(self, name, value):
        assert name in refusal(overrides={name: value})

    def test_a_range_of_k_that_is_empty(self):
        assert "k_smallest" in refusal(overrides={"tiers.k_smallest": 9, "tiers.k_largest": 8})

    def test_a_file_that_is_not_there_offers_the_nearest(self, tmp_path):
        assert refusal(tmp_path / "quik.yaml") == "settings file quik.yaml is not there; did you mean quick.yaml?"

    def test_nearest_lists_the_names_where_none_is_near(self):
        assert nearest("zzz", ["one", "two"]) == "known names: one, two"


class TestAssignment:
    @pytest.mark.parametrize(("text", "pair"), [
        ("weighting.alpha=0.3", ("weighting.alpha", 0.3)), ("city=深圳市", ("city", "深圳市")),
        ("indicators.exclude=[I23, I28]", ("indicators.exclude", ["I23", "I28"])),
        ("weighting.allow_inconsistent=true", ("weighting.allow_inconsistent", True)),
        (" weighting.alpha = 0.3 ", ("weighting.alpha", 0.3)), ("city='a=b'", ("city", "a=b")),
        ("treatment.outliers=none", ("treatment.outliers", "none"))])
    def test_is_read_as_yaml_reads_it(self, text, pair):
        assert parse_assignment(text) == pair

    @pytest.mark.parametrize("text", ["weighting.alpha", "=0.3", "", " = ", "city=[", "city=!!python/name:os.system",
                                      "city=2020-13-45"])
    def test_what_cannot_be_read_is_quoted_back(self, text):
        with pytest.raises(SettingsError, match="--set"):
            parse_assignment(text)

    def test_a_city_by_its_code_as_the_file_says(self):
        """settings/baseline.yaml: name or GB/T 2260 code; YAML reads a code as a number."""
        assert load_settings(overrides=dict([parse_assignment("city=440300")])).city == "440300"


@pytest.mark.long
class TestRoundTrip:
    @given(alpha=st.floats(0, 1), draws=st.integers(100, 10**8), limit=st.floats(1e-6, 1e6),
           city=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
           exclude=st.lists(st.sampled_from(["I23", "I28", "I01"]), unique=True), inconsistent=st.booleans())
    def test_what_is_written_is_read_back(self, tmp_path_factory, alpha, draws, limit, city, exclude, inconsistent):
        settings = load_settings(overrides={
            "weighting.alpha": alpha, "uncertainty.draws": draws, "treatment.skewness_limit": limit, "city": city,
            "indicators.exclude": exclude, "weighting.allow_inconsistent": inconsistent})
        path = tmp_path_factory.mktemp("settings") / "deep" / "settings.yaml"
        write_settings(settings, path)
        assert load_settings(path) == settings
        before = path.read_bytes()
        write_settings(load_settings(path), path)
        assert path.read_bytes() == before

    def test_differences_of_the_baseline_are_none(self):
        assert differences(load_settings()) == {}

    def test_flatten_keeps_the_order_of_the_file(self):
        names = list(flatten(load_settings()))
        assert names[:3] == ["edition", "city", "cleaning.agreement_factor"]
        assert names[-1] == "parts.profiles"
