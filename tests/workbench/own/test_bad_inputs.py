"""Every bad input of the corpus is refused with a problem of the right kind at its cell, and nothing is written."""


import pytest
from bad_inputs.cases import FILES, FOLDERS, GOOD, VALUES, WORKBOOKS, Case
from conftest import snapshot
from good_input import good_sheets, write_workbook

from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("repository_read_once")]


def write_folder(folder, tables: dict[str, str]) -> None:
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def problems_of(path, folder):
    """The problems of an input; reading it writes nothing."""
    before = snapshot(folder)
    with pytest.raises(OwnDataError) as caught:
        read_input(path)
    assert snapshot(folder) == before
    for problem in caught.value.problems:
        assert problem.kind and problem.zh and problem.en and problem.line("zh") and problem.line("en")
        assert "/" not in problem.file and problem.file
    return caught.value.problems


def check(case: Case, problems, file: str, sheet: str = "") -> None:
    at_place = [each for each in problems if (each.file, each.sheet, each.row, each.column) ==
                (file, sheet, case.row, case.column) and case.kind in ("", each.kind)]
    assert at_place, [each.line("en") for each in problems]
    assert any(case.fragment in each.zh + each.en for each in at_place), [each.line("en") for each in at_place]
    assert case.problems in (None, len(problems)), [each.line("en") for each in problems]


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_a_panel_of_values(case):
    check(case, problems_of(VALUES / f"{case.name}.csv", VALUES), f"{case.name}.csv")


def test_every_file_has_its_case():
    assert {path.stem for path in VALUES.glob("*")} == {case.name for case in FILES}
    assert len(FILES) + len(FOLDERS) + len(WORKBOOKS) >= 60
    assert sum(path.stat().st_size for path in VALUES.parent.rglob("*.csv")) < 300_000


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)
def test_a_folder_of_tables(case, tmp_path):
    old, new = case.change
    text = GOOD[case.table]
    assert old in text
    changed = text.replace(old, new, 1) if old else text.splitlines(keepends=True)[0]
    write_folder(tmp_path / "mine", {**GOOD, case.table: changed})
    file = {"missing_column": "cities.csv"}.get(case.kind, f"{case.table}.csv") if case.table == "regions" else \
        f"{case.table}.csv"
    check(case, problems_of(tmp_path / "mine", tmp_path), file)


@pytest.mark.parametrize("case", WORKBOOKS, ids=lambda case: case.name)
def test_a_workbook(case, tmp_path):
    sheets = good_sheets()
    for (sheet, row, column), content in case.cells.items():
        sheets[sheet][row, column] = content
    write_workbook(tmp_path / "mine.xlsx", sheets)
    check(case, problems_of(tmp_path / "mine.xlsx", tmp_path), "mine.xlsx", case.table)


def test_the_good_ones_are_good(tmp_path):
    write_folder(tmp_path / "mine", GOOD)
    write_workbook(tmp_path / "mine.xlsx", good_sheets())
    folder, book = read_input(tmp_path / "mine"), read_input(tmp_path / "mine.xlsx")
    assert folder.values["value"].tolist() == book.values["value"].tolist()
    for expert, nodes in folder.judgements.items():
        assert {node: matrix.to_numpy().tolist() for node, matrix in nodes.items()} == {
            node: matrix.to_numpy().tolist() for node, matrix in book.judgements[expert].items()}


def test_everything_wrong_in_every_table_is_said_at_once(tmp_path):
    changes = {"values": ("1.5", "much"), "framework": ("Homes,+", "Homes,sideways"), "cities": ("110.2,", "1102,"),
               "regions": ("西片,West", ",West"), "experts": ("One,1", "One,0"), "judgements": ("A,B,3", "A,B,12")}
    write_folder(tmp_path / "mine", {name: GOOD[name].replace(*change, 1) for name, change in changes.items()})
    found = problems_of(tmp_path / "mine", tmp_path)
    assert {each.file for each in found} == {f"{name}.csv" for name in changes}
