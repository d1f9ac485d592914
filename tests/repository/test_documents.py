"""What the documents say is true: commands parse, files are there, numbers are those of the reference result."""

import ast
import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from analysis.frames import read_frame
from analysis.settings import ROOT, flatten, load_settings
from workbench.cli import app
from workbench.steps import STEPS

REFERENCE = ROOT / "data/processed/baseline"
READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in
                   [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "data/raw/README.md"] if path.is_file())
SHELL = re.compile(r"^```(?:sh|bash|shell|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:python3? |papermill )[^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(name: str) -> list[list[str]]:
    """Every command of a document that starts with python or papermill, in words, comments and prompts left out."""
    text = text_of(name)
    lines = [line.lstrip("$ ") for block in SHELL.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    lines += INLINE.findall(text)
    return [shlex.split(line, comments=True) for line in lines
            if re.match(r"(python3?|papermill|\.venv/bin/\w+) ", line) and "…" not in line]


ALL_COMMANDS = [(name, words) for name in DOCUMENTS for words in commands(name)]


def parse_study(words: list[str]) -> None:
    """Parse the words after `python -m analysis` with the real command line, without running anything."""
    group = get_command(app)
    if words and words[0] == "--help":
        return
    command = group.commands[words[0]]
    values = command.make_context(words[0], list(words[1:]), resilient_parsing="--help" in words).params
    check_values(values)


def check_values(values: dict) -> None:
    """The choices that a documented command names are real ones."""
    from analysis.settings import parse_assignment
    from workbench.planning import choose_steps

    for text in values.get("set_") or ():
        load_settings(overrides=dict([parse_assignment(text)]))
    if values.get("settings") is not None and (Path(values["settings"]).parts[:1] == ("settings",)):
        assert (ROOT / values["settings"]).is_file() or Path(values["settings"]).stem in ("mine", "my", "own")
    choose_steps(tuple(values.get("only") or ()), values.get("start"))


class TestCommands:
    def test_there_are_commands_in_both_readmes(self):
        for name in READMES:
            assert sum(words[:2] == ["python3", "run.py"] for words in commands(name)) >= 2

    @pytest.mark.parametrize(("name", "words"), ALL_COMMANDS, ids=str)
    def test_parses_with_the_real_command_line(self, name, words):
        import importlib.util

        tool, *rest = words
        if rest[:1] == ["run.py"]:
            spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "run.py")
            bootstrap = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(bootstrap)
            command, passed_on = bootstrap.route(rest[1:])
            if command == "run":
                parse_study(["run", *passed_on])
        elif rest[:2] == ["-m", "analysis"]:
            parse_study(rest[2:] or ["--help"])
        elif rest[:1] == ["-m"]:
            assert importlib.util.find_spec(rest[1]) is not None, words
        elif Path(tool).name == "papermill":
            notebook = next((word for word in rest if word.endswith(".ipynb")), None)
            assert (ROOT / notebook).is_file() if notebook else rest == ["--help-notebook"]
            choices = {name.replace(".", "_") for name in flatten(load_settings())} | {"run"}
            assert {rest[position + 1] for position, word in enumerate(rest) if word == "-p"} <= choices
        elif rest[:1] and rest[0].endswith(".py"):
            assert (ROOT / rest[0]).is_file()


class TestFiles:
    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_relative_links_resolve(self, name):
        dead = []
        for link in LINK.findall(text_of(name)):
            address, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = (ROOT / name).parent / address if address else ROOT / name
            if not target.exists() and not target.resolve().is_relative_to(ROOT / "reports"):
                dead.append(link)
            elif anchor and target.suffix == ".md":
                slugs = {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
                         for title in re.findall(r"^#+ +(.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)}
                dead += [link] if anchor not in slugs else []
        assert dead == []

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_paths_named_in_code_exist(self, name):
        """`analysis/study.py`, `settings/quick.yaml` …: what is made by a run or a placeholder apart."""
        dead = []
        endings = "py|yaml|csv|ipynb|md|toml|lock|yml|typ|geojson"
        for path in re.findall(rf"`([\w.\-]+/[\w./\-]*\.(?:{endings}))`", text_of(name)):
            places = (ROOT / path, (ROOT / name).parent / path, ROOT / "data/raw" / path, ROOT / "analysis" / path)
            made = path.startswith(("reports/", "tables/", "figures/")) or re.search(r"\b(mine|NAME|X|own)\b", path)
            if not made and not any(place.exists() for place in places):
                dead.append(path)
        assert dead == []

    @pytest.mark.parametrize("name", READMES)
    def test_every_notebook_folder_and_setting_file_is_listed(self, name):
        text = text_of(name)
        assert STEPS[0] in text and STEPS[-1] in text
        assert [step for step in STEPS if not re.search(rf"(?<!\d){step[:2]}(?!\d)", text)] == []
        for folder in ("analysis", "notebooks", "settings", "data/raw", "data/processed", "reports", "tests", "docs"):
            assert f"{folder}/" in text, folder

    @pytest.mark.parametrize("name", READMES)
    def test_the_file_map_is_true(self, name):
        """Fenced trees and tables of paths: each first word that looks like a path of the repository exists."""
        blocks = re.findall(r"^```(?:text)?\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)
        named = {line.split()[0] for block in blocks for line in block.splitlines()
                 if re.match(r"(analysis|notebooks|settings|data|assets|docs|tests|\w+\.(py|md|toml))\S* {2}", line)}
        assert [path for path in named if not (ROOT / path).exists()] == []

    @pytest.mark.parametrize("name", READMES)
    def test_functions_named_beside_figures_exist(self, name):
        """The table from each figure and table to its notebook and function."""
        import importlib

        missing = []
        for module, function in set(re.findall(r"`(figures|tables|maps|study|scoring|weighting|regions|tiers|agreement|"
                                               r"sensitivity)\.(?!py\b)(\w+)`?\(?", text_of(name))):
            if not hasattr(importlib.import_module(f"analysis.{module}"), function):
                missing.append(f"{module}.{function}")
        assert missing == []

    def test_no_document_names_a_machine_path(self):
        for name in DOCUMENTS:
            assert not re.search(r"/(home|root|work|Users)/\w", text_of(name)), name


class TestFloorPlan:
    """docs/architecture.md draws the layers that pyproject.toml demands; the front pages name every module."""

    PLACES = {package: {path.stem for path in (ROOT / package).glob("[!_]*")
                        if path.suffix == ".py" or (path / "__init__.py").is_file()}
              for package in ("analysis", "workbench")}

    @pytest.mark.parametrize("package", PLACES)
    def test_the_drawing_has_the_layers_of_the_contract(self, package):
        contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
        layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
        drawing = next(block for block in SHELL.findall(text_of("docs/architecture.md")) if "workbench ──" in block)
        floors = drawing.split(f"\n {package} ──")[1].split("\n", 1)[1]
        floors = re.split(r"\n (?:analysis )?──", floors)[0].splitlines()
        assert [re.findall(r"[a-z]\w+", line[24:]) for line in floors] == [layer.split(" | ") for layer in layers]

    @pytest.mark.parametrize("package", PLACES)
    def test_the_front_page_lists_every_module(self, package):
        page = ast.get_docstring(ast.parse(text_of(f"{package}/__init__.py")), clean=False)
        lines = " ".join(re.findall(r"^    .+$", page, re.MULTILINE))
        assert {name for name in self.PLACES[package] if not re.search(rf"\b{name}\b", lines)} == set()

    def test_each_noun_is_a_class_where_it_is_said_to_be(self):
        rows = re.findall(r"^\| `(\w+)` \|[^|]+\| `(.+?)\.py` \|", text_of("docs/architecture.md"), re.MULTILINE)
        assert len(rows) == 10
        for noun, path in rows:
            assert isinstance(getattr(importlib.import_module(path.replace("/", ".")), noun), type), noun


class TestTranslations:
    def test_both_readmes_have_the_same_sections_tables_pictures_and_commands(self):
        english, chinese = map(text_of, READMES)
        for pattern in (r"^## ", r"^### ", r"^\|[ :|-]+\|$", r"!\[", r"^```"):
            counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)]
            assert counts[0] == counts[1], pattern
        english, chinese = map(commands, READMES)  # each of its own set of notebooks
        assert [[word.replace("notebooks/en/", "notebooks/") for word in words] for words in english] == chinese

    def test_both_tables_have_the_same_rows(self):
        rows = [len(re.findall(r"^\|", text_of(name), re.MULTILINE)) for name in READMES]
        assert rows[0] == rows[1]

    def test_each_links_to_the_other(self):
        assert "README.zh-CN.md" in text_of("README.md") and "README.md" in text_of("README.zh-CN.md")

    def test_pictures_have_alternative_text(self):
        for name in READMES:
            pictures = re.findall(r"!\[([^\]]*)\]", text_of(name))
            assert pictures and all(len(words) > 10 for words in pictures)


class TestMethod:
    """docs/method.md and docs/method.zh-CN.md are one method in two languages."""

    TEXTS = ("docs/method.md", "docs/method.zh-CN.md")
    SECTION = re.compile(r"^#{2,3} (\d+(?:\.\d+)?)\.? ", re.MULTILINE)
    NAME = re.compile(r"`([^`\n]+)`")
    CITED = re.compile(r"\[((?:[A-Z][^\[\]\n;]*? \d{4}(?:, )?)+)[^\[\]\n]*\](?!\()")

    def sections(self, name: str) -> dict[str, str]:
        """The text of each numbered section, by its number."""
        parts = self.SECTION.split(text_of(name))
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    @pytest.mark.parametrize("name", TEXTS)
    def test_sections_are_numbered_without_gap_or_repetition(self, name):
        main, sub = 0, 0
        for number in self.SECTION.findall(text_of(name)):
            main, sub = (main, sub + 1) if "." in number else (main + 1, 0)
            assert number == (f"{main}.{sub}" if sub else str(main))

    def test_both_have_the_same_sections_in_the_same_order(self):
        english, chinese = ([*self.SECTION.findall(text_of(name))] for name in self.TEXTS)
        assert english == chinese and len(english) > 40

    def test_both_have_the_same_formulas_in_each_section(self):
        def formulas(text: str) -> list[str]:
            return [re.sub(r"\s+", "", re.sub(r"\\text\{[^{}]*\}", "", formula))
                    for formula in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]

        english, chinese = map(self.sections, self.TEXTS)
        assert sum(len(formulas(text)) for text in english.values()) > 30
        for number, text in english.items():
            assert formulas(text) == formulas(chinese[number]), number

    def test_both_name_the_same_things_in_each_section(self):
        english, chinese = map(self.sections, self.TEXTS)
        for number, text in english.items():
            assert set(self.NAME.findall(text)) == set(self.NAME.findall(chinese[number])), number

    @pytest.mark.parametrize("name", TEXTS)
    def test_what_is_named_exists(self, name):
        """Files and folders, settings, tables of a run, modules, functions, columns and values of tables."""
        code = [path for package in ("analysis", "workbench") for path in (ROOT / package).rglob("*.py")]
        data = [path for folder in ("framework", "statistics", "whitepaper") for path
                in (ROOT / "data/raw" / folder).glob("*.csv")]
        known = {path.stem for path in code} | {path.parent.name for path in code} | {path.name for path in data}
        for path in [*code, *data]:
            known |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        settings = flatten(load_settings())
        tables = {table for path in (ROOT / "notebooks").rglob("*.ipynb")
                  for table in re.findall(r'\\"(\d\d\w?_\w+)\\"', path.read_text(encoding="utf-8"))}
        wrong = []
        for each in self.NAME.findall(text_of(name)):
            if re.fullmatch(r"\d\d[a-z]?_\w+(\.csv)?", each):
                exists = each.removesuffix(".csv") in tables
            elif "/" in each:
                exists = (ROOT / each).exists()
            elif each.split(".")[0] in {setting.split(".")[0] for setting in settings} and "." in each:
                exists = each in settings
            else:
                exists = set(re.findall(r"[A-Za-z_]{2,}", each)) <= known
            wrong += [] if exists else [each]
        assert wrong == []

    @pytest.mark.parametrize("name", TEXTS)
    def test_every_reference_is_cited_and_every_citation_has_one(self, name):
        text, references = re.split(r"^## (?:References|参考文献)$", text_of(name), flags=re.MULTILINE)
        lines = re.findall(r"^- (.+)$", references, re.MULTILINE)
        entries = [(re.split(r"[,(]", line)[0].strip(), line) for line in lines]
        assert [author for author, _ in entries] == sorted((author for author, _ in entries), key=str.casefold)
        used = set()
        for author, year in {cited for group in self.CITED.findall(text)
                             for cited in re.findall(r"([A-Z][^,\d]*?)(?: et al\.| &[^,\d]*)? (\d{4})", group)}:
            found = [line for first, line in entries if first == author and re.search(rf"\([^)]*{year}\)", line)]
            assert len(found) == 1, (author, year)
            used.update(found)
        assert [line for line in lines if line not in used] == []

    def test_both_have_the_same_references_and_link_to_each_other(self):
        english, chinese = (re.split(r"^## (?:References|参考文献)$", text_of(name), flags=re.MULTILINE)[1]
                            for name in self.TEXTS)
        assert english == chinese
        for name, other in (self.TEXTS, self.TEXTS[::-1]):
            assert f"]({Path(other).name})" in text_of(name).split("\n## ")[0]


@pytest.fixture(scope="module")
def effects():
    return read_frame(REFERENCE / "06_scenarios.csv", "scenario")[["mean_shift", "entering", "leaving"]]


class TestNumbers:
    """docs/assumptions.md quotes effects as `key` mean shift (entering in, leaving out)."""

    QUOTED = re.compile(r"`([A-Za-z0-9_]+)` (\d+\.\d) \((\d+) in, (\d+) out\)")

    def test_effects_are_those_of_the_reference(self, effects):
        quoted = self.QUOTED.findall(text_of("docs/assumptions.md"))
        assert len(quoted) >= len(effects)
        without = read_frame(REFERENCE / "06_leave_one_out.csv")
        column = next(name for name in without if without[name].astype(str).str.fullmatch("I01").any())
        without = without.set_index(column)
        for key, shift, entering, leaving in quoted:
            if key in effects.index:
                row = effects.loc[key]
                assert shift == f"{row['mean_shift']:.1f}", key
                assert (int(entering), int(leaving)) == (row["entering"], row["leaving"]), key
            else:
                assert shift == f"{without.loc[key, 'mean_shift']:.1f}", key

    def test_every_alternative_is_quoted(self, effects):
        quoted = {key for key, *_ in self.QUOTED.findall(text_of("docs/assumptions.md"))}
        assert set(effects.index) <= quoted

    def test_numbers_of_the_review_guide_stand_in_the_reference(self):
        """Every number with at least seven decimals in docs/review_guide.md is a cell of a committed table."""
        cells = " ".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.csv"))
        numbers = set(re.findall(r"(?<![\d.])\d+\.\d{9,}(?!\d)", text_of("docs/review_guide.md")))
        assert numbers, "the guide follows a number down to its cell"
        assert sorted(number for number in numbers if number not in cells) == []

    @pytest.mark.parametrize("name", READMES)
    def test_agreement_in_the_readme_is_that_of_the_reference(self, name):
        agreement = read_frame(REFERENCE / "09_agreement.csv", "ranking")
        rows = re.findall(r"^\|[^|]+\| (\d\.\d\d)[^|]*\| (\d\.\d\d) \| (\d+) \|$", text_of(name), re.MULTILINE)
        expected = [(f"{row['spearman']:.2f}", f"{row['auc']:.2f}", f"{row['overlap']:.0f}")
                    for _, row in agreement.iterrows()]
        assert rows == expected

    @pytest.mark.parametrize("name", READMES)
    def test_certainty_and_the_pilot_lists_in_the_readme_are_those_of_the_reference(self, name, effects):
        share = read_frame(REFERENCE / "06_scenario_summary.csv", "adcode")["share_top_100"]
        reach = read_frame(REFERENCE / "06_attainable_ranks.csv", "adcode")
        of_list = read_frame(REFERENCE / "05_effective_weights.csv", "indicator").loc["I23"]
        without = effects.loc["without_lists"]
        quoted = [f"{of_list['nominal']:.1%}", f"{of_list['variance_share']:.0%}", f"{without['mean_shift']:.1f}",
                  int(without["entering"]), (share == 1).sum(), (share == 0).sum(),
                  (reach["worst_bound"] <= 100).sum(), (reach["best"] <= 100).sum()]
        text = re.sub(r"\s+", " ", text_of(name)).replace(" %", "%")
        assert [part for part in quoted if not re.search(rf"(?<![\d.]){part}(?!\d)", text)] == []

    @pytest.mark.parametrize("name", READMES)
    def test_the_three_intervals_in_the_readme_are_those_of_the_reference(self, name):
        """Their table row by row; groups, and combinations that reach GDP, in the sentences about it."""
        rows = re.findall(r"^\|[^|]+\| (\d+) [^|]+\| (\d+)[^|]*\| (\d+)[^|]*\|$", text_of(name), re.MULTILINE)
        table, banded = read_frame(REFERENCE / "06_intervals.csv"), read_frame(REFERENCE / "06_bands.csv", "adcode")
        ranks = banded["rank"]
        expected = []
        for _, part in table.groupby("varies", sort=False):
            part, chance = part.set_index("adcode"), part.set_index("adcode")["p_top_100"]
            expected.append((f"{(part['rank_95'] - part['rank_05']).mean():.0f}",
                             str((chance[ranks.index[ranks <= 100]] > 0.95).sum()),
                             str(chance.between(0.05, 0.95, inclusive="neither").sum())))
        assert rows == expected and len(rows) == 3
        groups = banded["group"].max()
        reached = read_frame(REFERENCE / "06_agreement.csv", "measure")["reached"]
        words = {"README.md": ["five"], "README.zh-CN.md": ["五组"]}[name] if groups == 5 else [str(groups)]
        words += [f"{reached[measure]:.0%}".replace("%", " %") for measure in ("spearman", "auc")]
        assert [each for each in words if each not in text_of(name)] == []

    def test_the_number_of_combinations_is_that_of_the_crossing(self):
        from analysis.panel import read_panel
        from analysis.sensitivity import combinations_to_take, read_crossing
        from analysis.settings import load_settings

        settings = load_settings()
        taken = combinations_to_take(read_crossing(settings, read_panel()), seed=settings.uncertainty.seed,
                                     replicates=settings.uncertainty.replicates)
        for name in READMES:
            assert f"{taken.size:,}" in text_of(name) and f" {len(taken.factors)} " in text_of(name)


@pytest.mark.long
def test_the_recipe_of_the_readmes_pictures_works_as_printed(tmp_path):
    """docs/images/README.md: the heredoc, word for word, gives the pictures that are stored."""
    import subprocess
    import sys

    from conftest import copy_repository, study_environment

    root = copy_repository(tmp_path / "copy")
    before = {path.name: path.read_bytes() for path in (root / "docs/images").glob("*.png")}
    code = re.search(r"^python - <<'END'\n(.*?)^END$", text_of("docs/images/README.md"), re.MULTILINE | re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-"], input=code, cwd=root, text=True, capture_output=True, check=False,
                          env=study_environment() | {"PYTHONPATH": str(root)})
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in (root / "docs/images").glob("*.png")}
    assert before == after and len(before) == 2
