"""The data edition of a run in words: one line, the notice at the top of every result, and the stamp of every page."""

from __future__ import annotations

from analysis import framework
from analysis.settings import Settings, differences
from workbench.ground import Ground
from workbench.release import EPOCH, release_month
from workbench.reporting.stamps import Stamp


def notice_text(settings: Settings, ground: Ground, lang: str) -> str:
    """What a run measures and what it cannot, and how its choices differ from the baseline, in one language."""
    cover = framework.coverage_by_domain(ground.tree, ground.measured)
    comma = "、" if lang == "zh" else ", "
    parts = comma.join(f"{row[f'name_{lang}']} {row.measured}/{row.indicators}" for _, row in cover.iterrows())
    missing = comma.join(missing_domains(ground, lang)) or ("无" if lang == "zh" else "none")
    changed = comma.join(f"`{name}` = {here} ({base})" for name, (base, here) in differences(settings).items())
    public, china, edition = "public" in ground.traits, "china" in ground.traits, edition_line(settings, ground, lang)
    if lang == "zh":
        return (f"**{edition}。** 各领域已测度/全部指标：{parts}。"
                f"没有{'公开' if public else ''}数据、因而未进入评分的领域：{missing}。"
                + ("权重为本研究的设定，并非白皮书的权重；白皮书未公布数据、权重与得分。" if china else "")
                + (f" 与基准设定不同（括号内为基准值）：{changed}。" if changed else ""))
    return (f"**{edition}.** Indicators measured of all, by domain: {parts}. "
            f"Domains without {'public ' if public else ''}data, hence outside the score: {missing}."
            + (" The weights are this study's; the white paper published neither data nor weights nor scores."
               if china else "")
            + (f" Choices that differ from the baseline (its value in brackets): {changed}." if changed else ""))


def missing_domains(ground: Ground, lang: str) -> list[str]:
    """Names of the domains without a single measured indicator."""
    cover = framework.coverage_by_domain(ground.tree, ground.measured)
    return list(cover.loc[cover["measured"] == 0, f"name_{lang}"])


def edition_line(settings: Settings, ground: Ground, lang: str) -> str:
    """The data edition in one line: what it measures and which domains it lacks."""
    count, total, edition = len(ground.measured), len(framework.leaves(ground.tree)), settings.edition.label[lang]
    missing = missing_domains(ground, lang)
    if lang == "zh":
        return f"{edition}：{total} 项指标中的 {count} 项" + (f"，缺{'、'.join(missing)}" if missing else "")
    return f"{edition}: {count} of {total} indicators" + (f", without {', '.join(missing)}" if missing else "")


def edition_stamp(run: str, settings: Settings, ground: Ground, lang: str) -> Stamp:
    """Run, edition and date as every page carries them; the date is the study's, never today's."""
    dated = settings.words.said("date", lang) or release_month(lang)
    return Stamp(run, edition_line(settings, ground, lang), dated, EPOCH)
