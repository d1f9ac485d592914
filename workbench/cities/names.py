"""The names of cities, indicators and regions that every page of a run's cities uses, in one language."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.figures.labels import city_names, group_name, node_names, pick, province_name, system_name
from analysis.panel import main_system
from analysis.tables import full_names
from workbench.cities.run_tables import RunTables


class Names:
    """cities and short: names by code, with and without what tells homonyms apart; nodes: names of the tree by code;
    units: of the indicators; system: the column of the roster that sorts cities into regions, "" for none."""

    def __init__(self, tables: RunTables, lang: str) -> None:
        self.tables, self.lang = tables, lang
        self.elsewhere = "elsewhere" in tables.ground.traits
        self.cities, self.short = full_names(tables.cities, lang), city_names(tables.cities, lang)
        self.nodes = node_names(tables.tree, lang).to_dict()
        self.units = tables.traits[f"unit_{lang}"].astype(str).to_dict()
        self.system = main_system(tables.cities) or ""
        regions = tables.ground.regions
        own = None if regions is None else regions[regions["system"] == self.system]
        self.regions = {} if own is None else dict(zip(own["name"], own[pick(lang, "name", "name_en")], strict=True))
        self.regions_called = "" if own is None or own.empty else str(own[f"system_{lang}"].iloc[0] or self.system)

    def pick(self, zh: str, en: str) -> str:
        """The Chinese or the English of two; places that are no cities of the roster are not called so."""
        return pick(self.lang, zh.replace("本市", "本地") if self.elsewhere else zh, en)

    def listed(self, texts: Sequence[str]) -> str:
        return self.pick("、", ", ").join(texts)

    def region(self, code: str) -> str:
        """The region's name, "" without regions."""
        if not self.system:
            return ""
        group = self.tables.cities.at[code, self.system]
        return str(self.regions.get(group) or group_name(group, self.system, self.lang))

    def province(self, code: str) -> str:
        """The province's short name, "" for places without one."""
        cities = self.tables.cities
        return province_name(cities.at[code, "province"], self.lang) if "province" in cities else ""

    def place(self, code: str) -> str:
        """Province, region (and whose regions they are) and code in one line."""
        region = self.region(code)
        if region:
            called = self.regions_called if self.elsewhere else system_name(self.system, self.lang)
            region = self.pick(f"{region}（{called}）", f"{region} ({called})")
        return self.pick("　", " · ").join(filter(None, [self.province(code), region, code]))
