"""Studies of random shape, each a folder of tables: any number of units, any tree, gaps, ties, regions, codes."""

import csv
import random
from pathlib import Path

WORDS = ("创新 能力 服务 环境 收入 健康 教育 安全 交通 治理 数据 绿色 开放 生活 质量 基础 效率 公平 产业 人口".split(),
         "innovation capacity service environment income health education safety transport governance data green "
         "open living quality infrastructure efficiency equity industry population".split())
# How the codes of units are made from their number.
CODES = {
    "letters": lambda n: f"U{n:03d}", "numbers": lambda n: str(n), "zeros": lambda n: f"{n:03d}",
    "decimal": lambda n: f"{n // 10 + 1}.{n % 10}0", "exponent": lambda n: f"{n}E1", "chinese": lambda n: f"甲{n}",
    "long": lambda n: f"unit_{n}_" + "x" * 20, "country": lambda n: f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n % 26]}"
                                                                   f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[n // 26 % 26]}",
}
NODE_CODES = {"letters": ("D{0}", "S{0}-{1}", "M{0}-{1}-{2}"), "numbers": ("{0}", "{0}.{1}", "{0}.{1}.{2}"),
              "flat": ("{0}", "{0}0{1}", "{0}0{1}0{2}"), "words": ("alpha{0}", "beta{0}_{1}", "gamma{0}_{1}_{2}")}


def shape(seed: int) -> dict:
    """The shape of one study: everything about it but its numbers."""
    draw = random.Random(seed)
    return {
        "units": draw.choice([3, 4, 5, 6, 7, 9, 10, 12, 15, 20, 27, 33, 48, 60, 110]),
        "domains": draw.choice([1, 1, 2, 2, 3, 4, 6, 10]),
        "subdomains": draw.choice([1, 1, 2, 3]),
        "indicators": draw.choice([1, 1, 2, 2, 3, 5, 16] if draw.random() < 0.9 else [35, 60]),
        "gaps": draw.choice([0, 0, 0.01, 0.05, 0.15, 0.3]),
        "values": draw.choice(["normal", "normal", "lognormal", "ties", "yes_no", "identical_units", "constant_gap"]),
        "codes": draw.choice(list(CODES)), "node_codes": draw.choice(list(NODE_CODES)),
        "names": draw.choice(["zh", "en", "both", "long", "markup"]),
        "systems": draw.choice([0, 0, 1, 1, 2, 3]), "judged": draw.choice([0, 0, 0, 1, 2]),
        "seats": draw.random() < 0.3, "negative": draw.random() < 0.5,
    }


def tables(seed: int, **fixed) -> dict[str, list[list[object]]]:
    """The tables of the study of a seed, with some traits of its shape fixed."""
    about, draw = shape(seed) | fixed, random.Random(seed + 1)
    codes = [CODES[about["codes"]](number) for number in range(1, about["units"] + 1)]
    tree, leaves = tree_of(about, draw)
    made = {"framework": tree, "cities": units_of(about, codes, draw), "values": values_of(about, codes, leaves, draw)}
    if about["systems"]:
        made["regions"] = regions_of(about, made["cities"])
    if about["judged"]:
        made["judgements"], made["experts"] = judgements_of(about, tree, draw)
    return made


def named(about: dict, number: int, draw: random.Random) -> tuple[str, str]:
    """A name in both languages, or in one."""
    zh = "".join(draw.sample(WORDS[0], 2)) + str(number)
    en = " ".join(draw.sample(WORDS[1], 2)).capitalize() + f" {number}"
    if about["names"] == "long":
        return zh + "很长的名称" * 20, en + " with a long name" * 8
    if about["names"] == "markup":
        return f"*{zh}* $x_1$ <b>", f"_{en}_ & #1 `a`"
    return {"zh": (zh, ""), "en": ("", en)}.get(about["names"], (zh, en))


def tree_of(about: dict, draw: random.Random) -> tuple[list[list[object]], list[str]]:
    """The evaluation system and the codes of its indicators; every node has from one to as many children as said."""
    rows: list[list[object]] = [["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en"]]
    forms, leaves, count = NODE_CODES[about["node_codes"]], [], 0
    for at in range(1, about["domains"] + 1):
        domain = forms[0].format(at)
        rows.append([domain, "domain", "", *named(about, count := count + 1, draw), "", "", ""])
        for below in range(1, draw.randint(1, about["subdomains"]) + 1):
            part = forms[1].format(at, below)
            rows.append([part, "subdomain", domain, *named(about, count := count + 1, draw), "", "", ""])
            many = about["indicators"] if at == below == 1 else draw.randint(1, min(about["indicators"], 3))
            for last in range(1, many + 1):
                leaf = forms[2].format(at, below, last)
                direction = "-" if about["negative"] and draw.random() < 0.3 else "+"
                names = named(about, count := count + 1, draw)
                rows.append([leaf, "indicator", part, *names, direction, "件", "items"])
                leaves.append(leaf)
    return rows, leaves


def units_of(about: dict, codes: list[str], draw: random.Random) -> list[list[object]]:
    """The roster: region systems of random sizes, and for some studies places on the map."""
    systems = [f"system{at}" for at in range(1, about["systems"] + 1)]
    rows: list[list[object]] = [["code", "name", "name_en", *systems, *(["seat_lon", "seat_lat"] * about["seats"])]]
    parts = [draw.randint(1, min(8, len(codes))) for _ in systems]
    for number, code in enumerate(codes, 1):
        zh, en = named({**about, "names": "both" if about["names"] in ("zh", "en") else about["names"]}, number, draw)
        seat = [round(draw.uniform(75, 130), 3), round(draw.uniform(20, 50), 3)] * about["seats"]
        rows.append([code, zh, en, *(f"{name} 区{draw.randint(1, many)}" for name, many in
                                     zip(systems, parts, strict=True)), *seat])
    return rows


def regions_of(about: dict, units: list[list[object]]) -> list[list[object]]:
    """The regions that the roster names, with their names in both languages."""
    rows: list[list[object]] = [["system", "system_zh", "system_en", "name", "name_en"]]
    for at in range(1, about["systems"] + 1):
        for name in sorted({str(row[2 + at]) for row in units[1:]}):
            rows.append([f"system{at}", f"分区{at}", f"System {at}", name, f"Area {name.split('区')[-1]} of {at}"])
    return rows


def values_of(about: dict, codes: list[str], leaves: list[str], draw: random.Random) -> list[list[object]]:
    """The wide table of values; an indicator keeps at least two different figures, a unit at least one."""
    columns = {}
    for leaf in leaves:
        figures = [number_of(about["values"], draw) for _ in codes]
        if about["values"] == "identical_units":
            figures[1] = figures[0]
        holes = [draw.random() < about["gaps"] for _ in codes]
        if len({figure for figure, hole in zip(figures, holes, strict=True) if not hole}) < 2:
            holes, figures[0], figures[-1] = [False] * len(codes), figures[0], figures[0] + 1
        columns[leaf] = [None if hole else figure for figure, hole in zip(figures, holes, strict=True)]
    for row in range(len(codes)):
        if all(columns[leaf][row] is None for leaf in leaves):
            columns[leaves[0]][row] = 1.0
    return [["code", *leaves], *([code, *(columns[leaf][row] for leaf in leaves)] for row, code in enumerate(codes))]


def number_of(kind: str, draw: random.Random) -> float:
    """One figure."""
    return {"lognormal": lambda: round(draw.lognormvariate(2, 1.5), 3), "ties": lambda: float(draw.randint(1, 4)),
            "yes_no": lambda: float(draw.random() < 0.4)}.get(kind, lambda: round(draw.gauss(50, 12), 3))()


def judgements_of(about: dict, tree: list[list[object]], draw: random.Random) -> tuple[list, list]:
    """Consistent judgements of some nodes, each of its matrix complete, and the experts who gave them."""
    children: dict[str, list[str]] = {}
    for code, _, parent, *_ in tree[1:]:
        children.setdefault(str(parent) or "goal", []).append(str(code))
    rows: list[list[object]] = [["expert", "node", "row", "column", "value"]]
    experts: list[list[object]] = [["expert", "name_zh", "name_en", "weight"]]
    judged = [node for node, codes in children.items() if 1 < len(codes) <= 9]
    for at in range(1, about["judged"] + 1):
        experts.append([f"e{at}", f"专家{at}", f"Expert {at}", at])
        for node in judged[:1 + at]:
            weight = {code: draw.choice([1, 2, 4]) for code in children[node]}
            for first, code in enumerate(children[node]):
                for other in children[node][first + 1:]:
                    ratio = weight[code] / weight[other]
                    rows.append([f"e{at}", node, code, other, int(ratio) if ratio >= 1 else f"1/{int(1 / ratio)}"])
    return rows, experts


def write_study(folder: Path, seed: int, **fixed) -> Path:
    """The study of a seed as a folder of CSV tables."""
    folder.mkdir(parents=True)
    for name, rows in tables(seed, **fixed).items():
        if len(rows) > 1:
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
                csv.writer(target, lineterminator="\n").writerows(rows)
    return folder
