"""What a study says of itself: the table `study`, the unit seen in a heading, and what of it reaches the settings."""

from itertools import combinations
from types import SimpleNamespace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from analysis.settings import ROOT, SettingsError, differences, load_settings, write_settings
from analysis.study import score_study
from analysis.wording import said_with
from workbench import notebook
from workbench.notebook import Step
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input, write_input
from workbench.own.template import public_values
from workbench.run_input import bring, own_panel, own_sources, panel_ground, said_of_input, wording_of

CARE = ROOT / "examples/county_care"
pytestmark = pytest.mark.usefixtures("repository_read_once")


def study_in(folder, text="", heading="country"):
    """Five units with two indicators, and a table study."""
    units = ["Alder", "Birch", "Cedar", "Dogwood", "Elm"]
    tables = {"values": f"{heading},X1,X2\n" + "".join(f"{name},{7 * at % 11},{5 * at % 13}\n"
                                                      for at, name in enumerate(units, start=1)),
              "cities": "code,name\n" + "".join(f"{name[:2].upper()},{name}\n" for name in units),
              "framework": "code,level,parent,name_en,direction\nA,domain,,All,\nA1,subdomain,A,All,\n"
                           "X1,indicator,A1,Income,+\nX2,indicator,A1,Waiting,-\n"}
    if text:
        tables["study"] = text
    folder.mkdir(exist_ok=True)
    for name, content in tables.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("heading", "unit"), [
    ("country", ("国家", "country", "countries")), ("县", ("县", "county", "counties")),
    ("企业名称", ("企业", "firm", "firms")), ("name", ("单位", "unit", "units")), ("城市", ("城市", "city", "cities"))])
def test_the_heading_says_what_the_units_are(tmp_path, heading, unit):
    words = bring(study_in(tmp_path / "mine", heading=heading), load_settings()).settings.words
    assert (words.unit_zh, words.unit_en, words.units_en) == unit


def test_the_table_goes_before_the_heading_and_the_settings_before_the_table(tmp_path):
    text = "key,zh,en\ntitle,林木评价,Trees assessed\n单位,树,tree\nunits,,trees\n作者,张三,San Zhang\n截止名次,2,\n"
    folder = study_in(tmp_path / "mine", text)
    chosen = bring(folder, load_settings()).settings
    assert (chosen.words.unit_zh, chosen.words.title_en, chosen.words.authors_zh) == ("树", "Trees assessed", "张三")
    assert chosen.uncertainty.top == 2
    said = load_settings(overrides={"study.title_en": "My trees", "uncertainty.top": 3})
    chosen = bring(folder, said, said=frozenset({"uncertainty.top", "study.title_en"})).settings
    assert (chosen.words.title_en, chosen.uncertainty.top) == ("My trees", 3)


@pytest.mark.long
def test_it_is_kept_and_read_back(tmp_path):
    given = read_input(CARE)
    write_input(given, tmp_path / "kept")
    again = read_input(tmp_path / "kept")
    assert again.words == given.words and given.words["unit_zh"] == "县" and given.words["cut"] == "16"
    chosen = bring(CARE, load_settings()).settings
    write_settings(chosen, tmp_path / "settings.yaml")
    assert load_settings(tmp_path / "settings.yaml") == chosen


@pytest.mark.parametrize(("row", "kind"), [("colour,red,", "unknown_property"), ("cut,0,", "bad_cut"),
                                           ("cut,many,", "bad_cut")])
def test_what_it_cannot_say_is_refused_at_its_cell(tmp_path, row, kind):
    with pytest.raises(OwnDataError) as caught:
        read_input(study_in(tmp_path / "mine", f"key,zh,en\n{row}\n"))
    assert [(each.kind, each.file, each.row) for each in caught.value.problems] == [(kind, "study.csv", 2)]


def test_judgements_alone_are_used_with_the_public_panel(tmp_path):
    """All domains judged alike: every domain has the same share of the judged weights."""
    pairs = [f"goal,{one},{other},1" for one, other in combinations(["D1", "D2", "D3", "D4", "D5", "D6"], 2)]
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "judgements.csv").write_text("\n".join(["node,row,column,value", *pairs]), encoding="utf-8")
    brought = bring(folder, load_settings())
    assert brought.given.warnings[0].kind == "public_values" and brought.given.given == ("judgements",)
    study = score_study(own_panel(brought.given), brought.settings)
    assert_frame_equal(study.raw, public_values(), check_names=False)
    judged = study.weights["subjective"].groupby(study.weights["domain"]).sum()
    assert judged.to_numpy() == pytest.approx(1 / len(judged))


def test_words_are_no_choices_and_a_wrong_one_is_refused():
    chosen = load_settings(overrides={"study.unit_en": "country", "study.date_en": 2026})
    assert differences(chosen) == {} and chosen.words.date_en == "2026"
    assert load_settings().study is None
    with pytest.raises(SettingsError, match="did you mean study.unit_en"):
        load_settings(overrides={"study.unit_eng": "country"})


def test_warnings_on_the_terminal_speak_of_the_units(tmp_path):
    brought = bring(study_in(tmp_path / "mine"), load_settings())
    judged, = (line for line in brought.lines("en") if "judgement" in line)
    assert "values.csv" in judged
    given = brought.given
    assert said_of_input(given)("3 of 5 cities have none; 3 座城市") == "3 of 5 countries have none; 3 个国家"
    assert said_of_input(None)("cities") == "cities"


def test_the_list_and_the_source_have_the_studys_own_names(tmp_path):
    text = "key,zh,en\n名单,双木榜,the two\n来源,林业局,Forest service\n截止名次,2,\n"
    chosen = bring(study_in(tmp_path / "mine", text), load_settings()).settings
    of = wording_of(chosen.words, (), chosen.uncertainty.top)
    assert of("前 2 名中 1 座城市") == "双木榜中 1 个国家" and of("Of the first 2 cities") == "Of the two countries"
    sources = own_sources(chosen.words, pd.Index(["values.csv"]))
    assert sources.loc["values.csv"].to_dict() == {"producer_zh": "林业局", "producer_en": "Forest service",
                                                   "title": "values.csv", "producer": "Forest service"}
    silent = bring(study_in(tmp_path / "silent"), load_settings()).settings
    assert own_sources(silent.words, pd.Index(["values.csv"])).at["values.csv", "producer_zh"] == "values.csv"


@pytest.mark.parametrize(("lang", "line"), [("zh", "在本研究中，`城市`即国家。"),
                                            ("en", "In this study, `city` stands for country.")])
def test_a_notebook_by_hand_says_what_city_stands_for(tmp_path, monkeypatch, lang, line):
    folder = study_in(tmp_path / "mine")
    brought = bring(folder, load_settings())
    ground = panel_ground(own_panel(brought.given), brought.settings)
    said = []
    monkeypatch.setattr(notebook, "display", lambda data, **_: said.append(data["text/plain"]))
    with said_with(wording_of(brought.settings.words, ground.names)):
        Step("02_indicators", None, lang, brought.settings, ground, SimpleNamespace(place=lambda: "here")).notice()
        Step("02_indicators", None, lang, brought.settings, ground).notice()  # in a whole run the pages are worded
    assert said.count(line) == 1 and said[0] == "here"
