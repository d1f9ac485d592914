"""The page of a comparison: what differs, who moved, by how much, and what moved them.

One page complete in itself, in the look of the study's reports. Texts from data reach it in tables, escaped, and in the
figure, as drawn letters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from analysis.attribution import STAGES
from analysis.figures.labels import node_names, pick
from analysis.tables import finished, full_names
from workbench.comparing.comparison import (
    ROSTER,
    Comparison,
    Side,
    crossing,
    differing_settings,
    moves,
    part_sizes,
    summary,
)
from workbench.edition import edition_line
from workbench.release import EPOCH, release_month
from workbench.reporting.blocks import Block, Report
from workbench.reporting.notebook_html import report_to_html
from workbench.reporting.stamps import PageLinks, Stamp
from workbench.reporting.table import Table

CSV = "comparison.csv"
PART_NAMES = {ROSTER: ("城市名单", "roster"), "data": ("数据", "data"), "treatment": ("缺失与离群值处理", "treatment"),
              "normalisation": ("标准化", "normalisation"), "weights": ("权重", "weights"),
              "aggregation": ("合成", "aggregation")}
MOST = 20


@dataclass(frozen=True)
class Told:
    """A comparison as one page tells it: its runs, the language, where the runs' reports are (addresses relative to the
    page; empty where there are none) and how many movers are shown."""

    comparison: Comparison
    first: Side
    second: Side
    lang: str
    links: tuple[str, str] = ("", "")
    most: int = MOST

    def pick(self, zh: str, en: str) -> str:
        return pick(self.lang, zh, en)

    @property
    def top(self) -> int:
        """The cut whose crossing is told: that of the second run."""
        return self.second.settings.uncertainty.top

    @property
    def parts(self) -> list[str]:
        """The parts that move any city, in the order of the method."""
        numerators = self.comparison.numerators
        return [part for part in numerators if (numerators[part] != 0).any()]

    @cached_property
    def moves(self) -> pd.DataFrame:
        """The table of the comparison."""
        return moves(self.comparison)

    @property
    def movers(self) -> pd.DataFrame:
        """The cities that move most, at most `most`, the largest changes first."""
        return self.moves[self.moves["change"].fillna(0) != 0].head(self.most)

    @cached_property
    def editions(self) -> str:
        """The edition of both runs in one line."""
        lines = dict.fromkeys(edition_line(run.settings, run.ground, self.lang) for run in (self.first, self.second))
        return " → ".join(lines)

    @property
    def names(self) -> pd.Series:
        """The cities' names as tables print them, by code."""
        return full_names(self.comparison.cities, self.lang)

    def part_name(self, part: str) -> str:
        return self.pick("与", " and ").join(self.pick(*PART_NAMES[stage]) for stage in part.split("+"))


def page(told: Told, picture: str) -> str:
    """The page as HTML; `picture` is the figure of the largest changes as SVG, empty where no city moves."""
    stamp = Stamp(f"{told.first.name} → {told.second.name}", told.editions, release_month(told.lang), EPOCH)
    title = told.pick(f"比较：{told.first.name} 与 {told.second.name}",
                      f"Comparison: {told.first.name} and {told.second.name}")
    subtitle = told.pick("谁的名次变了，变了多少，因何而变", "Who moved, by how much, and why")
    blocks = [*opening(told), *sizes(told), *largest(told, picture), *by_domain(told), *over_the_cut(told),
              *explained(told), *one_run_only(told), *everyone(told)]
    return report_to_html(Report("comparison", told.lang, title, subtitle, "comparison", numbered(blocks, told)), stamp,
                          PageLinks(index=""))


def numbered(blocks: list[Block], told: Told) -> tuple[Block, ...]:
    """Tables with their numbers."""
    result, count = [], 0
    for block in blocks:
        if block.kind == "table":
            count += 1
            block = replace(block, label=f"{told.pick('表', 'Table')} {count}", anchor=f"table-{count}")
        result.append(block)
    return tuple(result)


def prose(told: Told, zh: str, en: str) -> Block:
    return Block("prose", told.pick(zh, en))


def table(told: Told, frame: pd.DataFrame, zh: str, en: str, notes: tuple[str, str] = ("", "")) -> Block:
    """A table with its caption; every text in it is escaped."""
    return Block("table", caption=told.pick(zh, en), notes=told.pick(*notes), table=Table.from_frame(frame))


def places(value: float) -> str:
    """Places gained or lost with sign and one decimal; a dash where there is no such change."""
    if pd.isna(value):
        return "–"
    return "0" if round(value, 1) == 0 else f"{value:+.1f}".replace("-", "−")


def choice(value: object) -> str:
    """A choice as it is printed: a list by its members."""
    return (", ".join(map(str, value)) or "–") if isinstance(value, list) else str(value)


def run_link(run: Side, address: str) -> str:
    """The run's name, as a link to its reports where there are some."""
    return f"[`{run.name}`]({address})" if address else f"`{run.name}`"


def opening(told: Told) -> list[Block]:
    """What was compared and what came out, in numbers, and the choices that differ."""
    facts, (entering, leaving) = summary(told.comparison), crossing(told.comparison, told.top)
    one, two = (run_link(*pair) for pair in zip((told.first, told.second), told.links, strict=True))
    blocks = [prose(told, f"""## 结果

从 {one}（甲）到 {two}（乙），共同的 {facts['cities']} 座城市名次平均移动 {facts['mean_shift']:.1f} 位，\
最多 {facts['largest_shift']} 位，{facts['unmoved']} 座不变；两个名次的 Spearman 相关为 {facts['spearman']:.3f}。\
{len(entering)} 座城市进入前 {told.top} 名，{len(leaving)} 座退出。""", f"""## Result

From {one} (A) to {two} (B), the {facts['cities']} cities of both move by {facts['mean_shift']:.1f} places on \
average and by {facts['largest_shift']} at most; {facts['unmoved']} stay where they are. Spearman's correlation of the \
two rankings is {facts['spearman']:.3f}. {len(entering)} cities enter the first {told.top}, {len(leaving)} \
leave.""")]
    differing = differing_settings(told.comparison)
    if differing.empty:
        same = ("两次运行的设定与数据完全相同。", "Settings and data of the two runs are the same.")
        return [*blocks, prose(told, *same)]
    effect = [told.pick(*PART_NAMES[stage]) if stage in STAGES else told.pick("不影响名次", "no rank")
              for stage in differing["stage"]]
    frame = finished({told.pick("设定", "Setting"): (differing.index, None),
                      told.pick("甲", "A"): (differing["a"].map(choice), None),
                      told.pick("乙", "B"): (differing["b"].map(choice), None),
                      told.pick("归入", "Counts as"): (effect, None)})
    return [*blocks, table(told, frame, "两次运行不同的设定", "The choices that differ")]


def sizes(told: Told) -> list[Block]:
    """How much each stage moves."""
    if not told.parts:
        return []
    part = part_sizes(told.comparison).loc[told.parts]
    frame = finished({told.pick("环节", "Part"): ([told.part_name(name) for name in part.index], None),
                      told.pick("平均移动（位）", "Mean size (places)"): (part["mean"], ".1f"),
                      told.pick("占比", "Share"): (part["share"], ".0%"),
                      told.pick("最先更换", "Switched first"): (part["first"], ".1f"),
                      told.pick("最后更换", "Switched last"): (part["last"], ".1f"),
                      told.pick("以其为主的城市", "Largest part for"): (part["leading"], None)})
    notes = ("各环节移动量的绝对值在全部共同城市上的平均。占比以其合计为 100%。方向相反的部分会互相抵消，"
             "所以合计可大于名次的平均移动。“最先、最后更换”是该环节在所有环节之前或之后更换时名次的平均移动，"
             "两者不同，说明次序要紧。",
             "Mean absolute part over all cities of both runs, and its share of their sum. Parts pull against each "
             "other, so that the sum may exceed the mean change of rank. Switched first, last: mean change of rank "
             "when the part is switched before or after all others; where they differ, the order matters. The last "
             "column counts cities.")
    return [table(told, frame, "各环节使名次移动多少", "How far each part moves the ranks", notes)]


def moves_table(told: Told, rows: pd.DataFrame, scores: bool = True) -> pd.DataFrame:
    """Rows of `moves` under the headers of the page: ranks, change, the parts that move anyone, scores if asked for."""
    points = {told.pick("甲得分", "Score A"): (rows["score_a"], ".2f"),
              told.pick("乙得分", "Score B"): (rows["score_b"], ".2f")}
    frame = finished({
        told.pick("城市", "City"): (told.names[rows.index], None),
        told.pick("甲名次", "Rank A"): (rows["rank_a"], None), told.pick("乙名次", "Rank B"): (rows["rank_b"], None),
        told.pick("变动", "Change"): (rows["change"].astype("Int64"), "+d"),
        **{told.part_name(part): (rows[part], None) for part in told.parts}, **(points if scores else {}),
    })
    frame.attrs["formats"] |= {told.part_name(part): places for part in told.parts}
    return frame


def largest(told: Told, picture: str) -> list[Block]:
    """The cities that move most, as a figure and as a table."""
    movers = told.movers
    heading = prose(told, "## 变动最大的城市", "## The largest changes")
    if movers.empty:
        return [heading, prose(told, "没有城市的名次变动。", "No city changes its rank.")]
    caption = told.pick(f"变动最大的 {len(movers)} 座城市：名次变动分解到各环节（向右为上升，圆点为合计）",
                        f"The {len(movers)} largest changes of rank by part (to the right: up; dot: the whole change)")
    figure = Block("figure", label=told.pick("图 1", "Figure 1"), caption=caption, alt=caption, anchor="movers",
                   picture=picture.encode(), media="image/svg+xml")
    notes = ("变动 = 甲名次 − 乙名次，正数为上升；各环节之和恰等于变动，显示时各自四舍五入。",
             "Change = rank A − rank B, positive when a city rises; the parts add up to it exactly, and are rounded "
             "here one by one.")
    return [heading, figure, table(told, moves_table(told, movers), f"变动最大的 {len(movers)} 座城市",
                                   f"The {len(movers)} largest changes", notes)]


def by_domain(told: Told) -> list[Block]:
    """Where the scores of the largest movers come from, domain by domain; only for weighted sums."""
    before, after = told.comparison.points
    if before is None or after is None or told.movers.empty:
        return []
    movers, names = told.movers, node_names(told.second.ground.tree, told.lang)
    gained = after.sub(before, fill_value=0).loc[movers.index]
    frame = finished({told.pick("城市", "City"): (told.names[movers.index], None),
                      told.pick("甲得分", "Score A"): (movers["score_a"], ".2f"),
                      **{names[domain]: (gained[domain], "+.2f") for domain in gained},
                      told.pick("乙得分", "Score B"): (movers["score_b"], ".2f")})
    notes = ("甲得分加各领域之差等于乙得分。得分之差也来自权重与尺度的改变，全体城市同增同减不改变名次。",
             "Score A and the differences add up to score B. Scores also change with weights and scale: what all "
             "cities gain or lose alike moves no rank.")
    return [table(told, frame, "这些城市的得分在各领域增减多少", "What these cities gain and lose in points, by domain",
                  notes)]


def over_the_cut(told: Told) -> list[Block]:
    """The cities that enter and leave the first hundred."""
    rows = []
    for codes, zh, en in zip(crossing(told.comparison, told.top), ("进入", "退出"), ("enters", "leaves"), strict=True):
        rows.append(told.moves.loc[codes].assign(crosses=told.pick(zh, en)))
    crossed = pd.concat(rows)
    heading = prose(told, f"## 进入与退出前 {told.top} 名", f"## In and out of the first {told.top}")
    if crossed.empty:
        return [heading, prose(told, "没有城市进入或退出。", "No city enters or leaves.")]
    frame = moves_table(told, crossed, scores=False)
    frame.insert(0, told.pick("方向", "Crossing"), crossed["crosses"])
    return [heading, table(told, frame, f"进入与退出前 {told.top} 名的城市",
                           f"Cities that enter or leave the first {told.top}")]


def explained(told: Told) -> list[Block]:
    """How the parts are made and how to read them, with what this comparison had to put together."""
    blocks = [prose(told, """## 各部分如何得出

把各环节从甲换成乙，一步一步地换，每一步都会移动名次；但每一步移动多少，取决于先换哪个。\
这里对所有次序取平均（Shapley 值）：各环节一视同仁，没有变化的环节恰为 0，各部分之和恰等于名次变动。

一个环节对后面环节的影响算在它自己名下：熵权等客观权重随数据而变，这部分属于“数据”；“权重”只指赋权方法与专家判断的不同。\
名次以各次运行全部城市为准；若两次运行的城市不同，仅因他城进出名单而来的名次变动单列为“城市名单”。""",
                   """## How the parts are made

The stages are switched from A to B one after another, and each switch moves ranks; by how much depends on which was \
switched before. The parts are means over all orders (the Shapley value): stages are treated alike, a stage that does \
not differ has exactly 0, and the parts add up to the change of rank exactly.

What a stage does to later ones counts as its own: weights that the data decide, such as entropy, change with the \
data, and that is a part of *data*; *weights* means other rules of weighting or other judgements. Ranks are among all \
cities of each run. Where the runs have different cities, the places owed only to others joining or leaving the list \
are told apart as *roster*.""")]
    together = [part for part in told.comparison.parts if "+" in part]
    if together:
        reasons = list(dict.fromkeys(told.comparison.refused.values()))
        named = told.pick("；", "; ").join(told.part_name(part) for part in together)
        blocks += [Block("notice", told.pick(
            f"只能一起更换、因而合为一部分的环节：{named}。只换其中之一时，本方法拒绝计算，理由如下。",
            f"Stages that can only be switched together, and are one part here: {named}. With one of them alone the "
            "study refuses to compute, for this reason:")), Block("output", "\n".join(reasons))]
    if told.comparison.announced:
        blocks += [Block("notice", told.pick("计算中的提示：", "Announced on the way:")),
                   Block("output", "\n".join(told.comparison.announced))]
    return blocks


def one_run_only(told: Told) -> list[Block]:
    """Cities that only one of the runs has."""
    rows = told.moves[told.moves["change"].isna()]
    if rows.empty:
        return []
    frame = finished({told.pick("城市", "City"): (told.names[rows.index], None),
                      told.pick("甲名次", "Rank A"): (rows["rank_a"], None),
                      told.pick("乙名次", "Rank B"): (rows["rank_b"], None)})
    return [prose(told, "## 只在一次运行中的城市", "## Cities of one run only"),
            table(told, frame, "只在一次运行中的城市", "Cities of one run only")]


def everyone(told: Told) -> list[Block]:
    """Every city of both runs, by rank in the second."""
    rows = told.moves[told.moves["change"].notna()].sort_values(["rank_b", "rank_a"], kind="stable")
    return [prose(told, "## 全部城市", "## All cities"),
            table(told, moves_table(told, rows), "全部共同城市，按乙名次", "All cities of both runs, by rank in B",
                  (f"同一张表见 {CSV}，其中的数字未经四舍五入。", f"The same table, unrounded, is {CSV}."))]


def mover_lines(told: Told) -> list[str]:
    """The largest changes in plain lines for a terminal: a city with its parts, the largest part first."""
    lines = []
    for code, row in told.movers.iterrows():
        parts = told.comparison.parts.loc[code, told.parts]
        ordered = parts[parts != 0].sort_values(key=lambda part: -part.abs(), kind="stable")
        named = told.pick("，", ", ").join(f"{told.part_name(part)} {value:+.1f}" for part, value in ordered.items())
        change = f"{row['change']:+d}{told.pick('：', ': ')}{named}"
        lines.append(f"{told.names[code]}  {row['rank_a']} → {row['rank_b']}  ({change})")
    return lines
