"""Texts written for cities, said of other units: what is replaced, and what must stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.wording import CutList, Wording, Words, of_unit, said_with, worded

COUNTRIES = Wording("国家", "country", "countries")


@pytest.mark.parametrize(("said", "expected"), [
    ("3 座城市", "3 个国家"), ("三座城市，其余 4 座", "三个国家，其余 4 个"), ("各城按总分分层", "各国家按总分分层"),
    ("第 1 梯队（60 城）", "第 1 梯队（60 个国家）"), ("没有本市的数", "没有本国家的数"), ("市场规模", "市场规模"),
    ("A city's account", "A country's account"), ("all Cities of a city", "all Countries of a country"),
    ("capacity and electricity", "capacity and electricity"), ("`city` and city_coverage", "`city` and city_coverage"),
    ("{scores.cities} cities", "{scores.cities} countries"), ("cities/440300.html", "cities/440300.html"),
    ("python -m analysis city 440300", "python -m analysis city 440300"), ("--set city=440300", "--set city=440300")])
def test_what_is_said_and_what_stays(said, expected):
    assert COUNTRIES(said) == expected


def test_an_article_follows_its_noun():
    assert Wording("企业", "enterprise", "enterprises")("a city, A city, the city") == (
        "an enterprise, An enterprise, the enterprise")


@given(st.lists(st.text("城市座 aCity", min_size=2, max_size=12), min_size=1, max_size=4), st.data())
@pytest.mark.long
def test_names_of_the_study_stay_as_they_are(names, data):
    """In any sentence of ours, the longest name counts first; so of names that hold one another too."""
    name = data.draw(st.sampled_from(names))
    assert Wording("国家", "country", "countries", tuple(names))(f"「{name}」") == f"「{name}」"


def test_a_name_stays_whatever_stands_before_it():
    of = Wording("国家", "country", "countries", ("City Centre", "城关镇"))
    assert of("a City Centre of a city, 3 城关镇") == "a City Centre of a country, 3 城关镇"


UNITS = [("市辖区", "city district", "city districts"), ("县城", "county town", "county towns"),
         ("城市群", "city cluster", "clusters of cities"), ("国家", "country", "countries")]


@pytest.mark.parametrize("unit", UNITS)
@given(text=st.lists(st.sampled_from(["本市", "各城", "每座城市", "3 城", "座", "A city", "a city", "Cities", "city"]),
                     max_size=6).map(" ".join))
def test_what_is_said_once_stays_when_it_is_said_again(unit, text):
    once = Wording(*unit)(text)
    assert Wording(*unit)(once) == once


HUNDRED = Wording("国家", "country", "countries", cut=CutList(16, "十六强名单", "the sixteen"))


@pytest.mark.parametrize(("said", "expected"), [
    ("前 16 名中只有 3 座城市", "十六强名单中只有 3 个国家"), ("进入前 {scores.top} 名", "进入十六强名单"),
    ("进入前 16 的概率", "进入十六强名单的概率"), ("前 160 名，前 16 位，第 16 名", "前 160 名，前 16 位，第 16 名"),
    ("Of the first {scores.top}, three cities", "Of the sixteen, three countries"),
    ("The first 16 (this study)", "The sixteen (this study)"), ("our first 16 and the first 160 and rank 16",
                                                               "the sixteen and the first 160 and rank 16"),
    ("十六强名单 the sixteen", "十六强名单 the sixteen")])
def test_the_list_has_its_name_wherever_texts_call_the_first_so_many(said, expected):
    assert HUNDRED(said) == expected and HUNDRED(expected) == expected


def test_a_list_of_cities_may_have_a_name_too():
    of = of_unit("城市", "city", "cities", cut=CutList(100, "百强名单", "the hundred"))
    assert of("前 100 名的 3 座城市") == "百强名单的 3 座城市" and of("the best 100 cities") == "the hundred cities"


def test_in_force_within_a_block_only():
    words = Words({"zh": {"all": "全部城市", "many": ("城市", "座")}, "en": {"all": "all cities"}})
    with said_with(COUNTRIES):
        assert worded("城市") == "国家" and words["en"]["all"] == "all countries"
        assert words["zh"] == {"all": "全部国家", "many": ("国家", "个")}
        with said_with(None):
            assert worded("城市") == "城市"
    assert worded("城市") == "城市" and words["zh"]["all"] == "全部城市"
    assert of_unit("城市", "city", "cities") is None
