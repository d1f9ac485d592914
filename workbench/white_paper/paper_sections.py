"""One domain of the white paper: what is measured, the list by province, the overlap, the case cities by data."""

from __future__ import annotations

import pandas as pd

from analysis import scoring, tables
from analysis.figures.labels import pick
from analysis.framework import PAPER_LISTS
from workbench.cities.profiles import Profiles
from workbench.notebook import Step
from workbench.white_paper.paper_tables import case_table
from workbench.white_paper.paper_values import PaperValues


def tell_domain(step: Step, values: PaperValues, profiles: Profiles, number: int, cases: pd.DataFrame) -> None:
    """Show Table `number` (3–8) of this run with its sentences, then the section's case cities.

    `cases`: the frame case_cities of `sources.read_whitepaper`. A domain without data says so and has no list.
    """
    code = PAPER_LISTS[number]
    scores = profiles.tables.scores
    if code in scores:
        tell_list(step, values, profiles, number, code)
    else:
        step.tell(pick(
            step.lang,
            f"本领域的 {{{code}.of}} 项指标都没有可用的数据，因此没有表 {{{code}.table}} 的名单；"
            "下表的总分与名次也不含本领域。",
            f"None of the {{{code}.of}} indicators of this domain has usable data, so there is no list for "
            f"Table {{{code}.table}}; totals and ranks below are without this domain."), values)
    codes = list(cases.loc[cases["table"] == number, "adcode"])
    if codes:
        step.table(case_table(profiles, codes, step.lang), f"paper_cases_{number}",
                   pick(step.lang, "原白皮书所举城市的数据画像", "The paper's case cities in data"),
                   label=f"{number}-1")


def tell_list(step: Step, values: PaperValues, profiles: Profiles, number: int, code: str) -> None:
    """The list of a measured domain, by province in the order of the domain's rank, and its overlap."""
    step.tell(pick(
        step.lang,
        f"有数据的是 {{{code}.of}} 项指标中的 {{{code}.measured}} 项：{{{code}.names}}。"
        f"得分最高的是{{{code}.leaders}}。下表列出 {{{code}.listed}} 座城市"
        "（第 {scores.top} 名的并列者一并列入）。",
        f"{{{code}.measured}} of {{{code}.of}} indicators have data: {{{code}.names}}. The highest scores: "
        f"{{{code}.leaders}}. The table lists {{{code}.listed}} cities (including all that tie at rank "
        "{scores.top})."), values)
    ranks = scoring.rank(profiles.tables.scores[code])
    best = ranks.index[ranks <= values.top]
    name = values.nodes[code]
    step.table(tables.domain_list_table(pd.Series("ours", best), profiles.tables.cities, ranks, step.lang),
               f"paper_table_{number}",
               pick(step.lang, f"{name}：前 {values.top} 名（本研究）", f"{name}: the first {values.top} (this study)"),
               label=str(number), keep=False)
    if hasattr(values["lists"], f"{code}_hits"):
        tell_overlap(step, values, code)
    elif number == max(PAPER_LISTS):
        step.say(pick(step.lang, "原白皮书没有这一领域的名单，无从对照。",
                      "The paper has no list of this domain to compare with."))


def tell_overlap(step: Step, values: PaperValues, code: str) -> None:
    """How the list of a domain agrees with the paper's, and how GDP does."""
    step.tell(pick(
        step.lang,
        f"原白皮书本领域的名单可读出 {{lists.{code}_listed}} 座城市；按领域得分取同样多的城市，"
        f"有 {{lists.{code}_hits}} 座在名单之内，按 2019 年 GDP 取则有 {{lists.{code}_gdp_hits}} 座。"
        f"区分名单内外的 AUC 为 {{lists.{code}_auc}}，GDP 为 {{lists.{code}_gdp_auc}}。",
        f"{{lists.{code}_listed}} cities can be read in the paper's list of this domain; of as many cities with the "
        f"highest domain scores, {{lists.{code}_hits}} are on it ({{lists.{code}_gdp_hits}} by GDP of 2019). In "
        f"telling members from others the domain score has an AUC of {{lists.{code}_auc}}, GDP one of "
        f"{{lists.{code}_gdp_auc}}."), values)
