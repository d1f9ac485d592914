"""The white paper: every number in its sentences is a table's, its tables hold what they say, its tree shows all."""

import ast
import csv
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sample_notebook import text_output

from analysis import figures, sources
from analysis.frames import read_frame
from analysis.framework import PAPER_LISTS, domains, leaves, read_framework
from analysis.settings import ROOT
from workbench import cities
from workbench.project import Project, Run
from workbench.reporting.blocks import read_report
from workbench.reporting.table import Table
from workbench.run_input import run_ground
from workbench.steps import LANGUAGES, stored_notebooks
from workbench.white_paper import paper_tables
from workbench.white_paper.paper_sections import tell_domain
from workbench.white_paper.paper_values import GROUPS, PaperValues

pytestmark = pytest.mark.long

BASELINE = ROOT / "data/processed/baseline"
PLACES = ("10_white_paper", "own/10_white_paper")
NOTEBOOKS = {(place, lang): nbformat.read(stored_notebooks(lang)[place], 4) for place in PLACES for lang in LANGUAGES}
# Numbers of a text that are no results: levels of intervals, a year of GDP, numbers of references and tables.
FIXED = re.compile(r"9[05] ?%|2019|\[\d+\]")


def values_of(folder: Path, lang: str) -> PaperValues:
    run = Run(folder.name, folder, folder)
    ground = run_ground(run.settings, folder)
    return PaperValues(run.table, ground.cities, ground.tree, run.settings, lang)


def rows(stem: str, **where: str) -> list[dict[str, str]]:
    """Rows of a stored table as they are written, read without any code of the study."""
    with open(BASELINE / f"{stem}.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[key] == value for key, value in where.items())]


def column(stem: str, name: str, **where: str) -> list[str]:
    return [row[name] for row in rows(stem, **where)]


@pytest.fixture(scope="module")
def chinese():
    return values_of(BASELINE, "zh")


@pytest.fixture(scope="module")
def profiles():
    return cities.profiles_now(Project().run("baseline"))


class Shown:
    """Stands for an open step: keeps what it is told to show."""

    def __init__(self, lang="zh"):
        self.lang, self.tables, self.said = lang, {}, []

    def tell(self, template, values):
        self.said.append(template.format_map(values))

    def say(self, text):
        self.said.append(text)

    def table(self, frame, name, caption, **options):
        self.tables[options["label"]] = frame


def code_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def prose_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def calls(source: str, name: str) -> list[ast.Call]:
    """The calls of a method in a piece of code."""
    return [node for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name]


def words(node: ast.expr) -> str:
    """The text of a string in code; of one with values filled in, without these."""
    return "".join(part.value for part in ast.walk(node) if isinstance(part, ast.Constant)
                   and isinstance(part.value, str))


class TestSentences:
    def templates(self, sections=True):
        """(Chinese, English) of every sentence of the notebooks and of the domains' sections."""
        for place in PLACES:
            told = {lang: [words(call.args[0]) for source in code_of(NOTEBOOKS[place, lang])
                           for call in calls(source, "tell")] for lang in LANGUAGES}
            yield from zip(told["zh"], told["en"], strict=True)
        module = (ROOT / "workbench/white_paper/paper_sections.py").read_text(encoding="utf-8")
        for call in calls(module, "tell") if sections else ():
            yield tuple(map(words, call.args[0].args[1:]))

    def test_no_number_is_written_by_hand(self):
        found = list(self.templates())
        assert len(found) > 15
        for pair in found:
            for text in pair:
                assert not re.search(r"\d", FIXED.sub("", re.sub(r"\{[^}]*\}", "", text))), text

    def test_both_languages_fill_in_the_same_values(self):
        for chinese, english in self.templates():
            assert set(re.findall(r"\{([^}]*)\}", chinese)) == set(re.findall(r"\{([^}]*)\}", english)), chinese

    def test_every_value_that_a_sentence_names_is_there(self, chinese):
        for pair in self.templates(sections=False):
            for name in re.findall(r"\{(\w+\.\w+)\}", pair[0]):
                group, value = name.split(".")
                assert getattr(chinese[group], value) not in ("", "nan"), name

    @pytest.mark.parametrize("which", NOTEBOOKS, ids=" ".join)
    def test_prose_holds_no_results(self, which):
        """Markdown cells state no figures of their own: only years, references, numbers of headings and figures."""
        allowed = re.compile(r"\[\d+\]|20(1[6-9]|2\d)|(图|表|Figure|Table) ?\d+(-\d)?|^#+ \d|0[1-9]|9[05] ?%",
                             re.MULTILINE)
        for text in prose_of(NOTEBOOKS[which]):
            if "参考文献" not in text and "## References" not in text:
                assert not re.search(r"\d", allowed.sub("", text)), text

    @pytest.mark.parametrize("which", NOTEBOOKS, ids=" ".join)
    def test_intervals_are_not_called_more_than_they_are(self, which):
        """The choices are those crossed, not all there are; and no interval is called a bound."""
        text = "\n".join([*prose_of(NOTEBOOKS[which]), *code_of(NOTEBOOKS[which])])
        assert not re.search("全部方法选择|全部选择|所有选择|下限|all choices|every choice of method|lower bound", text)

    @pytest.mark.parametrize(("call", "lang"), [("first", "zh"), ("english", "en")])
    def test_the_finished_text_says_what_the_runs_tables_hold(self, whole_runs, call, lang):
        assert whole_runs.call(call).code == 0
        whole_runs.call("english")  # the runs share one folder: read it once nothing writes any more
        values = values_of(whole_runs.root / "data/processed/quick", lang)
        folder = whole_runs.root / "reports/quick" / ("" if lang == "zh" else "en")
        notebook = nbformat.read(folder / "notebooks/10_white_paper.ipynb", 4)
        page = (folder / "white_paper.html").read_text(encoding="utf-8")
        told = [output for cell in notebook.cells for output in cell.get("outputs", [])
                if "values" in output.get("metadata", {}).get("report", {})]
        assert len(told) > 20
        for output in told:
            about, text = output["metadata"]["report"], output["data"]["text/markdown"]
            assert text == about["template"].format_map(values)
            for name, shown in about["values"].items():
                assert getattr(values[name.split(".")[0]], name.split(".")[1]) == shown
            assert text.split("**")[0][:20].split("[")[0] in page


class TestValues:
    """Held against the stored tables by arithmetic that shares no code with the module."""

    def test_scores_and_certainty(self, chinese):
        scores = sorted(map(float, column("05_scores", "score")), reverse=True)
        assert chinese["scores"].first_score == f"{scores[0]:.2f}" and chinese["scores"].first == "上海"
        assert chinese["scores"].last_score == f"{scores[99]:.2f}"
        assert chinese["scores"].gap == f"{scores[99] - scores[100]:.2f}"
        ranks = dict(zip(column("05_scores", "adcode"), map(int, column("05_scores", "rank")), strict=True))
        chances = map(float, column("06_choice_intervals", "p_top_100"))
        chance = dict(zip(column("06_choice_intervals", "adcode"), chances, strict=True))
        sure = sum(chance[code] > 0.95 for code, rank in ranks.items() if rank <= 100)
        three = zip(column("06_intervals", "adcode"), column("06_intervals", "varies"),
                    map(float, column("06_intervals", "p_top_100")), strict=True)
        with_data = sum(chance > 0.95 for code, varies, chance in three if varies == "data" and ranks[code] <= 100)
        assert chinese["certainty"].sure == str(sure) and f"{with_data} 座" in chinese["certainty"].with_data

    def test_regions(self, chinese):
        east = column("08_region_counts", "ours", group="东部")[0]
        published = sorted(map(int, column("08_province_counts", "published")), reverse=True)
        assert chinese["regions"].east == east and chinese["regions"].three_published_n == str(sum(published[:3]))
        assert chinese["regions"].three_published_n == "36"  # what the press said of the paper

    def test_agreement_and_lists(self, chinese):
        own = column("09_agreement", "spearman", ranking="study")[0]
        assert chinese["agreement"].spearman == f"{float(own):.3f}"
        assert chinese["lists"].D5_hits == f"{float(column('09_list_overlap', 'hits', domain='D5')[0]):.0f}"
        listed = {row for row, status in zip(column("01_published_lists", "adcode", domain="D5"),
                                             column("01_published_lists", "status", domain="D5"), strict=True)
                  if status != "inferred"}
        gdp = {row["adcode"]: float(row["value"]) for row in rows("01_panel", variable="gdp")}
        largest = sorted(gdp, key=gdp.get, reverse=True)[:len(listed)]
        assert chinese["lists"].D5_gdp_hits == str(len(listed & set(largest)))
        assert not hasattr(chinese["lists"], "D2_hits")  # not measured, hence nothing to compare

    def test_stages(self, chinese):
        tiers = column("07_tiers", "tier_score")
        sizes = [tiers.count(tier) for tier in sorted(set(tiers))]
        assert chinese["stages"].sizes == "、".join(map(str, sizes)) and sum(sizes) == 297

    def test_both_languages_agree_in_every_number(self, chinese):
        english = values_of(BASELINE, "en")
        for group in [*GROUPS, "D3", "D2"]:
            for name, text in vars(chinese[group]).items():
                if re.fullmatch(r"[\d.,%]+", text):
                    assert getattr(english[group], name) == text


class TestTables:
    def test_table_1_holds_every_indicator_and_three_weights_that_sum_to_one(self, profiles):
        run = profiles.tables
        numbers, used = paper_tables.numbered_sources(read_frame(BASELINE / "02_origins.csv"), run.sources)
        frame = paper_tables.system_table(run.tree, run.chosen, numbers, run.raw.notna().mean(), run.weights,
                                          run.settings)
        assert len(frame) == 34 and list(frame.columns[:3]) == ["一级指标", "二级指标", "三级指标"]
        for name in ("熵权", "层次分析", "组合"):
            assert frame[name].sum() == pytest.approx(1, abs=1e-9) and frame[name].notna().sum() == 12
        assert set(", ".join(frame["来源"].dropna()).split(", ")) == {str(number) for number in used["number"]}
        unjudged = paper_tables.system_table(run.tree, run.chosen, numbers, run.raw.notna().mean(), run.weights,
                                             run.settings, judged=False)
        assert "层次分析" not in unjudged and unjudged["主观"].equals(frame["层次分析"].rename("主观"))
        table = Table.from_frame(frame, merged=frame.columns[:2])
        assert sum(cell.rows for row in table.body for cell in row[:1] if len(row) == len(frame.columns)) == 34

    def test_case_cities_are_the_papers_thirteen_in_their_sections(self, profiles, chinese):
        cases, shown = sources.read_whitepaper(ROOT)["case_cities"], Shown()
        assert len(cases) == cases["adcode"].nunique() == 13
        assert (cases["adcode"].map(profiles.tables.cities["name"]) == cases["city"]).all()
        for number in PAPER_LISTS:
            tell_domain(shown, chinese, profiles, number, cases)
        assert [label for label in shown.tables if "-" in label] == ["3-1", "4-1", "5-1", "6-1", "7-1"]
        assert "4" not in shown.tables and any("没有可用的数据" in text for text in shown.said)
        assert {"3", "5", "6", "7", "8"} <= set(shown.tables)
        row = shown.tables["4-1"].set_index("项目")["郑州市"]
        result = profiles.tables.scores.loc["410100"]
        assert row["得分"] == f"{result['score']:.2f}" and row["公布名次"] == "23" and row["数字治理"] == "–"
        assert row["数字政务"].startswith(f"{result['D3']:.1f}（第 ")

    def test_texts_that_look_like_numbers_stay_texts_in_a_case_table(self, profiles):
        table = Table.from_frame(paper_tables.case_table(profiles, ["440300", "370100"]))
        assert not any(cell.numeric for row in table.body for cell in row)
        assert table.body[0][1].number == profiles.tables.scores.at["440300", "score"]

    def test_stages_and_their_members_say_the_same(self, profiles):
        run = profiles.tables
        choices = run.intervals["choices"]
        frame = paper_tables.stage_table(run.scores["score"], run.tiers["tier_score"], run.tiers, choices)
        members = paper_tables.stage_members_table(run.scores["score"], run.tiers["tier_score"], choices, run.cities)
        named = [text.split("、") for text in members["城市（按得分）"]]
        assert [len(names) for names in named] == frame["城市数"].tolist()
        unsure = sum(choices.at[code, f"p_tier_{tier}"] < 0.5 for code, tier in run.tiers["tier_score"].items())
        assert sum(name.endswith("°") for names in named for name in names) == unsure
        assert frame["属本层概率：交叉的选择"].between(0, 1).all()

    def test_a_run_whose_choices_know_no_tiers_shows_dashes(self, profiles):
        run = profiles.tables
        bare = run.intervals["choices"].drop(columns=["p_tier_1", "p_tier_2", "p_tier_3"])
        frame = paper_tables.stage_table(run.scores["score"], run.tiers["tier_score"], run.tiers, bare)
        assert frame["属本层概率：交叉的选择"].isna().all() and frame.iloc[:, -1].isna().all()
        members = paper_tables.stage_members_table(run.scores["score"], run.tiers["tier_score"], bare, run.cities)
        assert not members["城市（按得分）"].str.contains("°").any()

    def test_capability_is_level_and_spread_of_the_hundred(self, profiles):
        scores = profiles.tables.scores
        best = scores.index[scores["rank"] <= 100]
        domain_scores = scores[[code for code in domains(profiles.tables.tree) if code in scores]]
        frame = paper_tables.capability_table(domain_scores, best, profiles.tables.tree).set_index("领域")
        assert frame.at["数字创新", "前100均值"] == pytest.approx(np.mean(scores.loc[best, "D5"]))
        assert frame.loc["数字治理"].isna().all()

    def test_every_erratum_is_told_in_letters_the_fonts_have(self):
        frame = paper_tables.errata_table(sources.read_whitepaper(ROOT)["errata"])
        assert len(frame) == 15 and "养南市" in set(frame["扫描所得"])
        assert not re.search(r"[\u0590-\u05ff\u3040-\u30ff]", "".join(frame["扫描所得"]))


class TestTree:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_every_node_and_every_weight_is_on_the_figure(self, profiles, lang):
        figures.use_style(ROOT / "assets/fonts")
        tree, weights = read_framework(ROOT), profiles.tables.weights
        figure = figures.system_tree(tree, weights, lang, "stamp")
        texts = [text.get_text().replace("\n", "") for axes in figure.axes for text in axes.texts]
        together = "".join(texts).replace(" ", "")
        for name in tree["name_zh" if lang == "zh" else "name_en"]:
            assert name.replace(" ", "") in together
        assert sum(text == "–" for text in texts) == len(leaves(tree)) - len(weights)
        assert {f"{weight:.1%}" for weight in weights["combined"]} <= {text.strip() for text in texts}
        assert figures.to_svg(figure) == figures.to_svg(figures.system_tree(tree, weights, lang, "stamp"))

    def test_a_tree_of_other_codes_takes_the_colours_in_order(self):
        from analysis.figures.system import domain_colours

        tree = pd.DataFrame({"level": ["domain"] * 7}, [f"A{number}" for number in range(7)])
        colours = list(domain_colours(tree).values())
        assert len(set(colours[:6])) == 6 and colours[6] == colours[0]


class TestEditions:
    def headings(self, place, lang):
        return [line for text in prose_of(NOTEBOOKS[place, lang]) for line in text.splitlines()
                if line.startswith("## ")]

    @pytest.mark.parametrize(("lang", "numerals"), [("zh", "一二三四五六七八九"), ("en", "123456789")])
    @pytest.mark.parametrize(("place", "count"), [("10_white_paper", 9), ("own/10_white_paper", 6)])
    def test_sections_are_numbered_without_gaps(self, lang, numerals, place, count):
        found = self.headings(place, lang)
        assert [line[3] for line in found[:count]] == list(numerals[:count])
        assert found[count:] == {"zh": ["## 参考文献", "## 核对"], "en": ["## References", "## Check"]}[lang]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_figures_tables_and_references_of_the_other_report_are_numbered_without_gaps(self, lang):
        labels = {kind: [keyword.value.value for source in code_of(NOTEBOOKS["own/10_white_paper", lang])
                         for call in calls(source, kind) for keyword in call.keywords if keyword.arg == "label"]
                  for kind in ("figure", "table")}
        assert labels["figure"] == [*"1234", "A1"]
        assert labels["table"] == ["1", "1-1", *"2345678", "A1"]  # an annex by year
        text = "\n".join(prose_of(NOTEBOOKS["own/10_white_paper", lang]))
        listed = re.findall(r"^\[(\d)\]", text, re.MULTILINE)
        assert listed == [*"1234"] and set(re.findall(r"\[(\d)\]", text)) == set(listed)
        judged = [source for source in code_of(NOTEBOOKS["own/10_white_paper", lang]) if "[5]" in source]
        assert len(judged) == 2 and all('if step.has("judged"):' in source for source in judged)

    def said(self, lang, edition):
        """What the notebook says of one edition alone: the texts that it keeps under the edition's name."""
        for source in code_of(NOTEBOOKS["10_white_paper", lang]):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Dict):
                    yield from (words(value) for key, value in zip(node.keys, node.values, strict=True)
                                if getattr(key, "value", "") == edition)
                elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and (
                        getattr(node.targets[0].slice, "value", "") == edition):
                    yield words(node.value)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_only_the_public_edition_speaks_of_public_statistics(self, lang):
        found = {edition: list(self.said(lang, edition)) for edition in ("public", "own", "synthetic")}
        assert {edition: len(texts) for edition, texts in found.items()} == {"public": 2, "own": 2, "synthetic": 2}
        phrase = {"zh": "公开统计", "en": "public statistics"}[lang]
        assert phrase in found["public"][0] and phrase not in "".join(found["own"])
        common = [*prose_of(NOTEBOOKS["10_white_paper", lang]), *prose_of(NOTEBOOKS["own/10_white_paper", lang]),
                  *code_of(NOTEBOOKS["own/10_white_paper", lang])]
        assert phrase not in "".join(common)


class TestPrinted:
    """What of the notebook is left out where it is printed."""

    def blocks(self, kind):
        cells = [new_markdown_cell("# 题"), new_markdown_cell("## 一"), new_code_cell("x", outputs=[
                     text_output("check", "核对过"), text_output("text", "正文")]),
                 new_markdown_cell("## 核对\n\n再算一遍。"), new_code_cell("x", outputs=[text_output("check", "甲")]),
                 new_code_cell("x", outputs=[text_output("check", "乙")]),
                 new_markdown_cell("## 末节")]
        notebook = new_notebook(cells=cells, metadata={"report": {"kind": kind}})
        return [block.text for block in read_report(notebook, "t", "zh").blocks if block.kind != "code"]

    def test_a_section_of_checks_alone_is_in_the_notebook_only(self):
        assert self.blocks("white_paper") == ["## 一", "正文", "## 末节"]
        assert self.blocks("notebook") == ["## 一", "核对过", "正文", "## 核对\n\n再算一遍。", "甲", "乙", "## 末节"]

    @pytest.mark.parametrize("which", NOTEBOOKS, ids=" ".join)
    def test_the_checks_stand_last_and_show_nothing_else(self, which):
        sources = [(cell.cell_type, cell.source) for cell in NOTEBOOKS[which].cells]
        start = next(place for place, (_, text) in enumerate(sources) if re.match("## (核对|Check)", text))
        for kind, text in sources[start:]:
            assert kind == "markdown" or "step.check(" in text and not re.search(r"step\.(say|tell|table|figure)", text)
        assert not any("step.check(" in text for _, text in sources[:start])


class TestSetting:
    """How the paper's tables are set on paper."""

    def errata(self, lang):
        return Table.from_frame(paper_tables.errata_table(sources.read_whitepaper(ROOT)["errata"], lang))

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_column_of_sentences_gets_most_of_the_room(self, lang):
        from workbench.reporting.typst_tables import PORTRAIT_POINTS, fit_table

        fit = fit_table(self.errata(lang))
        widths = [float(width[:-2]) for width in fit.columns]
        assert not fit.landscape and sum(widths) <= PORTRAIT_POINTS
        assert widths[3] == max(widths) and widths[3] > 0.3 * sum(widths)

    def test_a_table_taller_than_a_page_is_broken_whatever_is_asked(self, tmp_path):
        from workbench.reporting.blocks import Block
        from workbench.reporting.notebook_pdf import _block_to_typst

        tall = Block("table", label="1", caption="c", table=self.errata("en"), keep=True)
        tall.table.body.extend(self.errata("en").body * 3)
        short = Block("table", label="1", caption="c", table=self.errata("zh"))
        asked = Block("table", label="1", caption="c", table=self.errata("zh"), keep=False)
        found = [_block_to_typst(block, iter(()), tmp_path, "n", False) for block in (tall, short, asked)]
        assert ["breakable: true" in text for text in found] == [True, False, True]
