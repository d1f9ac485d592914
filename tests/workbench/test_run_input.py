"""Region systems in a reader's language, for studies with regions of their own and with the repository's."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.editions import PUBLIC_TRAITS
from analysis.settings import ROOT, load_settings
from analysis.sources import read_cities
from workbench.own.reading import read_input
from workbench.run_input import own_panel, panel_ground, regions_in_words


@pytest.fixture(scope="module")
def county():
    """The ground of the example of made-up counties."""
    return panel_ground(own_panel(read_input(ROOT / "examples/county_care")), load_settings())


class TestRegionsInWords:
    @pytest.mark.parametrize(("lang", "zone", "east"), [("zh", "虚构四片", "示例东片"),
                                                        ("en", "Four made-up zones", "Example East")])
    def test_systems_and_regions_are_called_in_one_language(self, county, lang, zone, east):
        places, systems = regions_in_words(county, lang)
        assert list(systems) == ["zone", "land"] and systems["zone"] == zone
        assert places.loc["X001", zone] == east
        assert {"zone", "land"}.isdisjoint(places.columns)

    def test_the_repository_names_its_own_systems(self, county):
        cities = read_cities(ROOT)
        places, systems = regions_in_words(replace(county, cities=cities, regions=None, traits=PUBLIC_TRAITS), "en")
        bureau = systems["nbs_region"]
        assert bureau == "the statistics bureau's four regions" and places.loc["440300", bureau] == "Eastern"
        assert places.loc["440300", systems["province_short"]] == "Guangdong"

    def test_provinces_without_a_city_are_left_out_and_regions_are_not(self, county):
        cities = read_cities(ROOT).loc[["440100", "440300"]]
        places, systems = regions_in_words(replace(county, cities=cities, regions=None), "zh")
        assert list(places[systems["province_short"]].cat.categories) == ["广东"]
        assert len(places[systems["nbs_region"]].cat.categories) == 4

    def test_regions_with_one_english_name_stay_apart(self, county):
        regions = county.regions.assign(name_en=county.regions["name_en"].replace("Example West", "Example East"))
        places, systems = regions_in_words(replace(county, regions=regions), "en")
        there, known = (frame.groupby(column, observed=True).size().sort_values().to_list()
                        for frame, column in ((places, systems["zone"]), (county.cities, "zone")))
        assert there == known
        assert "Example East (示例西片)" in set(places[systems["zone"]])

    def test_a_system_called_like_another_column_carries_its_own(self, county):
        regions = county.regions.replace({"system_en": {"Four made-up zones": "region"}})
        places, systems = regions_in_words(replace(county, regions=regions), "en")
        assert systems["zone"] == "region (zone)" and isinstance(places["region (zone)"].dtype, pd.CategoricalDtype)
