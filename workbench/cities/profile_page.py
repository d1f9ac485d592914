"""A profile as one HTML page: no script, nothing loaded, every text escaped; and what the page shares with the PDF."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from analysis.figures.labels import pick
from analysis.scoring import TwoLevels
from analysis.tables import EMPTY, printed
from workbench.cities import drawing
from workbench.cities import profile_words as words
from workbench.cities.flags import flag_words
from workbench.cities.moves import moves_of
from workbench.cities.profile_words import ProfileNames
from workbench.cities.words import KINDS, facts
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates, stylesheet
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS

HEADS = {
    "domains": ("各领域得分", "Scores by domain"), "domain": ("领域", "Domain"), "score": ("得分", "Score"),
    "rank": ("名次", "Rank"), "weight": ("权重", "Weight"), "unmeasured": ("没有数据，未测度", "no data, not measured"),
    "strengths": ("长处", "Strengths"), "weaknesses": ("短处", "Weaknesses"), "up": ("长处", "strength"),
    "down": ("短处", "weakness"), "nothing": ("没有明显突出的指标。", "No indicator stands out."),
    "indicators": ("各指标与百分位", "Indicators and percentiles"), "indicator": ("指标", "Indicator"),
    "value": ("原始值", "Value"), "unit": ("单位", "Unit"), "points": ("点数", "Points"),
    "marks": ("标记", "Marks"), "moves": ("怎样移动十位", "What would move it ten places"),
    "now": ("现有点数", "Points now"), "needed": ("须达点数", "Points needed"),
    "needed_value": ("须达数值", "Value needed"), "remark": ("说明", "Remark"),
    "flags": ("数据标记", "Marks on the data"), "reading": ("怎样读", "How to read this page"),
    "percentile_note": ("各列百分位之后的小图，是在全部城市中的位置。",
                        "The small drawing after the percentiles shows the place among all cities."),
    "account": ("逐格账目（网页、PDF、带公式的 Excel）：", "Cell-by-cell account (page, PDF, live workbook):"),
}
NO_STEPS = ("本次运行的标准化或合成用到全部城市，单项指标的要求没有精确答案。",
            "This run's scale or aggregation needs every city: what one indicator alone would have to do has no exact "
            "answer.")
OF_DOMAINS = ("本次运行的总分由领域得分合成，不计算单项指标的要求。",
              "This run's total is made of domain scores: what one indicator alone would have to do is not computed.")


def heads(lang: str) -> dict[str, str]:
    """The fixed words of a profile in one language."""
    return {key: pick(lang, *texts) for key, texts in HEADS.items()}


def content(names: ProfileNames, code: str) -> dict[str, Any]:
    """Everything that a profile of one city shows, as texts and drawings."""
    profiles = names.profiles
    move = moves_of(profiles.tables, code, scales=profiles.scales)
    table, (strong, weak) = profiles.percentiles(code), profiles.outstanding(code)
    steps, no_steps = move.steps or (), OF_DOMAINS if isinstance(profiles.tables.rule, TwoLevels) else NO_STEPS
    own_words = heads(names.lang)
    return {
        "title": str(names.cities[code]), "place": names.place(code), "facts": facts(names, code),
        "everyone": len(profiles.tables.scores), "strip": strip(names, code), "domains": domain_rows(names, code),
        "peer_heads": [names.pick(f"{text}中位", f"median, {text}") for text in names.peers(code).values()],
        "strengths": [words.outstanding_line(names, code, indicator, table) for indicator in strong],
        "weaknesses": [words.outstanding_line(names, code, indicator, table) for indicator in weak],
        "percentile_heads": [names.group(code, kind) for kind in profiles.peers],
        "indicators": indicator_rows(names, code, table, strong, weak), "heads": own_words,
        "move_lines": words.move_lines(names, code, move),
        "steps": words.step_rows(names, steps), "steps_lead": words.steps_lead(names, steps),
        "no_steps": pick(names.lang, *no_steps) if move.steps is None else "",
        "flags": words.flag_lines(names, code), "reading": words.reading_lines(names), "bar_key": bar_key(names, code),
        "command": command(names, code)}


def command(names: ProfileNames, code: str) -> str:
    """The command that writes the account of the city, cell by cell."""
    run = names.tables.run
    chosen = "" if run == "baseline" else f" --run {run}"
    return f"python -m analysis city {code}{chosen}{names.pick('', ' --lang en')}"


def strip(names: ProfileNames, code: str) -> str:
    """The drawing of rank and intervals, with the same in words."""
    tables = names.tables
    rows = {kind: frame.loc[code] for kind, frame in tables.intervals.items()}
    spans = {kind: (row["rank_05"], row["rank_95"]) for kind, row in rows.items()}
    rank, published = int(tables.scores.at[code, "rank"]), tables.scores.at[code, "published_rank"]
    told = [names.pick(f"名次 {rank}", f"rank {rank}")]
    told += [names.pick(f"{names.pick(*KINDS[kind])}的 90% 区间 {low:g}–{high:g}",
                        f"90 % interval, {names.pick(*KINDS[kind])}: {low:g}–{high:g}")
             for kind, (low, high) in spans.items()]
    return drawing.rank_strip(rank, spans, published, len(tables.scores), tables.settings.uncertainty.top,
                              names.listed(told))


@cache
def strip_key(lang: str, kinds: tuple[str, ...], published: bool, top: int) -> str:
    """The legend of the strip as HTML: small drawings and words of our own."""
    swatch = '<rect width="18" height="10" fill="{}"/>'
    parts = [('<circle cx="9" cy="5" r="3.5" fill="#fff" stroke="#1b4f72" stroke-width="2.4"/>',
              pick(lang, "名次", "rank"))]
    said = {"weights": ("90% 区间：仅权重可变", "90 % interval: weights vary"),
            "choices": ("90% 区间：所交叉的选择可变", "90 % interval: the choices crossed here vary")}
    parts += [(swatch.format(drawing.KIND_SHADES[kind]), pick(lang, *said[kind])) for kind in kinds]
    if published:
        parts.append((f'<rect x="5" y="1" width="8" height="8" fill="{drawing.PUBLISHED}" stroke="#222"/>',
                      pick(lang, "公布名次", "published rank")))
    parts.append((f'<path d="M9 0V10" stroke="{drawing.CUT}" stroke-width="1.6" stroke-dasharray="3 2"/>',
                  pick(lang, f"第 {top} 名之后", f"after rank {top}")))
    return "".join(f"<span>{drawing.svg(18, 10, body, '')}{text}</span>" for body, text in parts)


def bar_key(names: ProfileNames, code: str) -> str:
    """What bar, diamond and stroke are."""
    marks = {"tier": "◇", "region": "┃"}
    told = [f"{marks[kind]} {names.pick(f'{text}中位数', f'median of {text}')}"
            for kind, text in names.peers(code).items()]
    return names.pick("；", "; ").join([names.pick("条：本市得分（0–100）", "bar: this city (0–100)"), *told])


def domain_rows(names: ProfileNames, code: str) -> list[dict[str, Any]]:
    """A row a domain, measured or not."""
    profiles, rows = names.profiles, []
    for domain in profiles.domains:
        if domain not in profiles.domain_ranks:
            rows.append({"name": names.nodes[domain], "bar": ""})
            continue
        score = profiles.tables.scores.at[code, domain]
        medians = {kind: peers.medians.at[code, domain] for kind, peers in profiles.peers.items() if kind != "all"}
        rows.append({
            "name": names.nodes[domain], "score": printed(score, ".1f"),
            "rank": str(profiles.domain_ranks.at[code, domain]),
            "medians": [printed(median, ".1f") for median in medians.values()],
            "weight": printed(profiles.domain_weights.get(domain, 0.0), ".1%"),
            "bar": drawing.bar(score, medians, drawing.domain_colour(domain))})
    return rows


def indicator_rows(names: ProfileNames, code: str, table: dict[str, dict[str, float]], strong: list[str],
                   weak: list[str]) -> list[dict[str, Any]]:
    """A row a measured indicator: value, points, percentiles, weight, marks."""
    profiles, rows = names.profiles, []
    raw, points = (frame.loc[code].to_dict() for frame in (profiles.tables.raw, profiles.tables.normalised))
    for indicator, scale in profiles.scales.items():
        marks, percentiles = profiles.flags.get((code, indicator), ()), table[indicator]
        rows.append({
            "name": names.nodes[indicator], **words.value_texts(names, indicator, raw[indicator]),
            "points": printed(points[indicator], ".1f"), "weight": printed(scale.weight, ".1%"),
            "percentiles": [EMPTY if math.isnan(value) else f"{value:.0f}" for value in percentiles.values()],
            "dot": drawing.percentile_dot(percentiles["all"]),
            "side": "up" if indicator in strong else "down" if indicator in weak else "",
            "marks": flag_words(names, marks)})
    return rows


@cache
def profile_style() -> str:
    """The style sheet of the reports and what the profiles add to it."""
    return stylesheet() + (REPORT_ASSETS / "profile.css").read_text(encoding="utf-8")


def profile_html(names: ProfileNames, code: str, stamp: Stamp, links: list[tuple[str, str]] = (),
                 neighbours: tuple[tuple[str, str] | None, tuple[str, str] | None] | None = None) -> str:
    """The page of one city; `links` are (address, text) of what it belongs to, `neighbours` of the ranks beside it."""
    tables = names.tables
    kinds = tuple(kind for kind in ("weights", "choices") if kind in tables.intervals)
    key = strip_key(names.lang, kinds, bool(tables.scores["published_rank"].notna().any()),
                    tables.settings.uncertainty.top)
    return page_templates().get_template("profile.html.j2").render(
        words=WORDS[names.lang], style=profile_style(), stamp=stamp, links=links, neighbours=neighbours, strip_key=key,
        notice=names.notice,
        **content(names, code))
