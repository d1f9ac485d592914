"""Which city a row of values is about: by code, by name, or by both, which must agree.

A name may come without 市, in English, or in full-width letters; that is understood and logged. A name that several
cities share is never guessed.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from workbench.own.findings import LONGEST_NAME, Cell, Findings, folded, is_blank, listed, tight, unaccented, written

TOTALS = {"合计", "总计", "全国", "全省", "平均", "平均值", "均值", "总和", "小计", "总数", "汇总", "中位数",
          "最大值", "最小值",
          "total", "totals", "sum", "average", "mean", "subtotal", "grandtotal", "nationwide", "china", "median",
          "maximum", "minimum", "max", "min", "全国平均", "全国合计", "全市", "城市平均"}
ALIKE, NEAR = 0.6, 0.8  # the least likeness of a suggestion: of Chinese names, of words and codes
MOST_NEAR = 500
MUNICIPALITIES = ("北京", "天津", "上海", "重庆")
SUFFIX = "市"
PROVINCE_SUFFIX = re.compile("(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)$")
OTHER_PROVINCES = ("台湾", "香港", "澳门")
WESTERN = re.compile(r"[A-Za-z .,'\-()/&]+")
CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
MOSTLY = 0.5  # share of units that are none of the roster's above which the table is another study's


class Roster:
    """The cities of a study, looked up by code and by name. `china` says that the roster is the repository's own."""

    def __init__(self, cities: pd.DataFrame, china: bool) -> None:
        self.names = cities["name"].to_dict()
        self.near: dict[str, str] = {}
        self.china = china
        self.codes = single(self.names)
        self.exact = lookup(cities["name"].items())
        self.plain = lookup((code, unaccented(tight(name)).removesuffix(SUFFIX)) for code, name in
                            cities["name"].items())
        self.provinces = province_names(cities) if china else set()
        self.short = lookup((code, tight(name).removesuffix(SUFFIX)) for code, name in cities["name"].items())
        self.english = lookup((code, english(name)) for code, name in cities["name_en"].items())

    def label(self, code: str) -> str:
        """A city as a message names it: 深圳市 (440300)."""
        return f"{self.names[code]} ({code})"

    def by_name(self, name: str) -> tuple[list[str], str]:
        """The codes that a name may stand for, and the rule by which it was understood: empty for the name as it is."""
        if name in self.exact:
            return self.exact[name], ""
        for table, key, rule in ((self.exact, folded(name), "city_width"),
                                 (self.short, tight(name).removesuffix(SUFFIX), "city_short_name"),
                                 (self.plain, unaccented(tight(name)).removesuffix(SUFFIX), "city_accents"),
                                 (self.english, english(name), "city_english_name")):
            if key and key in table:
                return table[key], rule
        return self.by_both_names(name)

    def by_both_names(self, name: str) -> tuple[list[str], str]:
        """The codes of a Chinese name with an English one beside it, where both are the same city's."""
        plain = unaccented(folded(name))
        if not (CHINESE.search(plain) and re.search("[A-Za-z]", plain)):
            return [], ""
        words = re.sub(r"[（(【\[].*?[)）】\]]|[A-Za-z].*[A-Za-z]", " ", plain)
        parts = words, " ".join(re.findall(r"[A-Za-z' \-]+", plain))
        chinese, western = tight(parts[0]), parts[1].strip()
        found = set(self.exact.get(chinese, ())) | set(self.short.get(chinese.removesuffix(SUFFIX), ()))
        both = sorted(found & set(self.english.get(english(western), ())))
        return (both, "city_both_names") if both else ([], "")

    def knows(self, content: object) -> bool:
        """Whether a cell names a city of the roster, by code or by name."""
        return not is_blank(content) and (self.code_in(content) is not None or bool(self.by_name(written(content))[0]))

    def province(self, name: str) -> str:
        """The short name of the province that a name is, empty for none; a city that is one itself is none."""
        short = PROVINCE_SUFFIX.sub("", tight(name))
        if short in self.provinces and not tight(name).endswith(SUFFIX):
            return short
        return ""

    def note_strangers(self, cells: list[Cell], place: Cell, findings: Findings) -> bool:
        """Note in one sentence that most units of a table are none of the roster's: provinces, or another study's."""
        texts = list(dict.fromkeys(written(cell.content) for cell in cells if not is_blank(cell.content)))
        strange = [text for text in texts if not self.knows(text) and tight(text) not in TOTALS]
        provinces = [text for text in texts if self.province(text)]
        if provinces and len(provinces) >= 3 and len(provinces) > MOSTLY * len(texts):
            findings.problem(place, "provinces",
                             f"{len(texts)} 个单位多为省级（{listed(provinces)}），而本研究按地级市与直辖市；研究"
                             f"各省请自带 "
                             "cities 与 framework 表：python -m analysis template --from 本文件",
                             f"most of the {len(texts)} units are provinces ({listed(provinces)}) and this study is of "
                             "prefecture-level cities; for provinces bring tables cities and framework: python -m "
                             "analysis template --from this file makes both")
            return True
        if len(strange) < 3 or len(strange) <= MOSTLY * len(texts) or any(self.nearest(text) for text in strange[:40]):
            return False
        whose_zh, whose_en = (("本研究的 297 个城市", "the 297 cities of this study") if self.china else
                              ("cities 表", "the table cities"))
        remedy_zh, remedy_en = ((
            "研究其他地方请自带 cities 与 framework 表：python -m analysis template --from 本文件",
            "for other places bring tables cities and framework: python -m analysis template --from this file makes "
            "both") if self.china else ("请核对两表的代码或名称", "check the codes or names of the two tables"))
        findings.problem(place, "unknown_units",
                         f"{len(texts)} 个单位中有 {len(strange)} 个不在{whose_zh}（{listed(strange)}）；{remedy_zh}",
                         f"of {len(texts)} units {len(strange)} are not in {whose_en} ({listed(strange)}); {remedy_en}")
        return True

    def nearest(self, name: str) -> str:
        """The code of the city whose name is most like a misspelt one; empty where none is alike."""
        if name not in self.near:  # of very many the first get a suggestion
            self.near[name] = self.most_like(name[:LONGEST_NAME]) if len(self.near) < MOST_NEAR else ""
        return self.near[name]

    def most_like(self, name: str) -> str:
        """The same, looked for."""
        wanted = tight(name).removesuffix(SUFFIX)
        if self.province(name):
            return ""
        if CHINESE.search(wanted):
            return self.most_like_chinese(wanted)
        known = {english(text): code for code, text in self.names.items()} | {
            word: codes[0] for word, codes in self.english.items()}
        close = difflib.get_close_matches(english(name), [word for word in known if word], n=1, cutoff=NEAR)
        return known[close[0]] if close else ""

    def most_like_chinese(self, wanted: str) -> str:
        """The city whose Chinese name is a slip of the pen away: two letters changed places,
        or one letter of several is
        another; of two letters the first must be the same, and no other city's."""
        by_code = {code: tight(name).removesuffix(SUFFIX) for code, name in self.names.items()}
        swapped = [code for code, known in by_code.items() if len(known) > 1 and sorted(known) == sorted(wanted)]
        if swapped:
            return swapped[0]
        if len(wanted) <= 2:
            first = [code for code, known in by_code.items() if known[:1] == wanted[:1] and len(known) <= 3]
            alike = [code for code in first if len(by_code[code]) == len(wanted) == 2]
            return alike[0] if len(first) == 1 and alike else ""
        best = max(((likeness(wanted, known), code) for code, known in by_code.items() if len(known) > 2),
                   key=lambda pair: pair[0], default=((0.0, False, 0.0), ""))
        return best[1] if best[0][0] >= ALIKE and best[0][2] >= ALIKE else ""

    def find(self, code: Cell, name: Cell, findings: Findings) -> str | None:
        """The city of a row with a code cell and a name cell, either of which may be blank; None with a problem."""
        if is_blank(code.content) and is_blank(name.content):
            findings.problem(code._replace(column=None), "no_city", "这一行没有城市代码或名称；请填写，或删去该行",
                             "the row has neither a code nor a name of a city; fill it in or remove the row")
            return None
        if not is_blank(name.content) and is_blank(code.content) and self.note_province(name, findings):
            return None
        for cell in (name, code):
            if tight(cell.content) in TOTALS and not self.code_in(cell.content) and not self.by_name(
                    written(cell.content))[0]:
                findings.problem(cell, "total_row", "合计、平均等行不是城市；请删去该行",
                                 "a row of totals or averages is no city; remove the row")
                return None
        if is_blank(code.content):
            if self.code_in(name.content) is not None and not self.by_name(written(name.content))[0]:
                return self.find_by_code(name, code, findings)  # a code in the column of names
            return self.find_by_name(name, findings)
        if is_blank(name.content) and self.code_in(code.content) is None and self.by_name(written(code.content))[0]:
            return self.find_by_name(code, findings)  # a name in the column of codes
        return self.find_by_code(code, name, findings)

    def code_in(self, content: object) -> str | None:
        """The code of the roster that a cell holds, or None."""
        text = folded(content).replace(" ", "").removeprefix("'")
        if text in self.names:
            return text
        for candidate in (text, re.sub(r"^([0-9]+)\.0+$", r"\1", text)):
            if candidate.casefold() in self.codes:
                return self.codes[candidate.casefold()]
        return None

    def note_province(self, cell: Cell, findings: Findings) -> bool:
        """Note a name that is a province's: 吉林 may be 吉林省 or 吉林市, and 河北 is no city."""
        short = self.province(written(cell.content))
        english_name = unaccented(tight(cell.content)) in ("jilin", "jilinprovince")
        if not short and not (english_name and "吉林" in self.provinces):
            return False
        short = short or "吉林"
        city = self.short.get(short, [])
        if city and self.names[city[0]][:-1] == short and short in MUNICIPALITIES:
            return False
        if city:
            own = self.label(city[0])
            findings.problem(cell, "province_or_city", f"可以是省 {short}，也可以是城市 {own}；若是城市请写全名或代码，"
                             "若是省请删去该行",
                             f"it may be the province {short} or the city {own}; write the city's full name or its "
                             "code, or remove the row of a province")
        else:
            findings.problem(cell, "province",
                             "是省级单位，本研究按地级市与直辖市；请删去该行，研究各省请自带 cities 表",
                             "a province, and this study is of prefecture-level cities; remove the row, or for "
                             "provinces bring a table cities of your own")
        return True

    def find_by_code(self, code: Cell, name: Cell, findings: Findings) -> str | None:
        """The city of a code, whose name must agree where there is one."""
        found = self.code_in(code.content)
        named = [] if is_blank(name.content) else self.by_name(written(name.content))[0]
        if found is None:
            findings.problem(code, "unknown_code", *self.unknown_code(folded(code.content), named))
            return None
        if not is_blank(name.content) and found not in named:
            findings.problem(name, "code_of_another_city", *self.disagree(found, written(name.content), named))
            return None
        if found != written(code.content):
            findings.understood(code, found, "city_code", "城市代码中的空格、全角字符、引号或小数点后的零不计",
                                "blanks, full-width digits, a quotation mark or a decimal .0 in a code do not count")
        if not is_blank(name.content):
            self.log_name(name, found, findings)
        return found

    def find_by_name(self, name: Cell, findings: Findings) -> str | None:
        """The city of a name that only one city has."""
        found, _ = self.by_name(written(name.content))
        if len(found) == 1:
            self.log_name(name, found[0], findings)
            return found[0]
        if found:
            candidates = ", ".join(self.label(code) for code in found)
            findings.problem(name, "ambiguous_city", f"有 {len(found)} 个城市叫这个名字：{candidates}；请填写代码",
                             f"{len(found)} cities have this name: {candidates}; give the code")
        else:
            findings.problem(name, "unknown_city", *self.unknown_name(written(name.content)))
        return None

    def log_name(self, name: Cell, code: str, findings: Findings) -> None:
        """Log a name that was understood otherwise than written."""
        rule = self.by_name(written(name.content))[1]
        if rule:
            findings.understood(name, self.names[code], rule, *NAME_RULES[rule])

    # --- what is wrong, and the likeliest remedy ----------------------------------------------------------------------
    def disagree(self, code: str, name: str, named: list[str]) -> tuple[str, str]:
        """A code and a name that belong to different cities."""
        own_zh = "；".join(f"{self.names[other]}的代码是 {other}" for other in named)
        own_en = " and ".join(f"the code of {self.names[other]} is {other}" for other in named)
        if not named:
            near = self.nearest(name)
            own_zh, own_en = (f"名称最接近 {self.label(near)}", f"the name is nearest to {self.label(near)}") if (
                near and near != code) else ("", "")
        return (f"{code} 的名称是 {self.names[code]}" + (f"；{own_zh}" if own_zh else "") + "；请更正名称或代码",
                f"the name of {code} is {self.names[code]}" + (f" and {own_en}" if own_en else "")
                + "; correct the name or the code")

    def unknown_code(self, code: str, named: list[str]) -> tuple[str, str]:
        """A code that is not in the roster."""
        if named:
            own = ", ".join(self.label(other) for other in named)
            return (f"名录中没有代码 {code}；该名称的城市是 {own}；请更正代码",
                    f"no city of the roster has the code {code}; the name belongs to {own}; correct the code")
        if self.china and re.fullmatch("[0-9]{6}", code):
            return self.other_level(code)
        near = difflib.get_close_matches(code, self.names, n=1, cutoff=NEAR)
        offer = self.label(near[0]) if near else ""
        return unknown("名录中没有这个代码", "no city of the roster has this code", offer, self.china)

    def other_level(self, code: str) -> tuple[str, str]:
        """A code of six digits that is none of the roster's: a province's, a county's, or another prefecture's."""
        above = code[:4] + "00"
        municipality = code[:2] + "0000"
        if code.endswith("0000"):
            return ("这是省级代码，本研究按地级市与直辖市；请删去该行，或自带 cities 表",
                    "this is the code of a province; the study is of prefecture-level cities; remove the row or bring "
                    "a table cities of your own")
        for city in (above, municipality):
            if city in self.names and not (city == above and code.endswith("00")):
                return (f"这是县级代码，属于 {self.label(city)}；请改用该市的数据，或自带 cities 表",
                        f"this is the code of a county or district of {self.label(city)}; give the city's figures or "
                        "bring a table cities of your own")
        if code.endswith("00") and 21 <= int(code[2:4]) <= 70:
            return unknown("地区、自治州、盟不在名录中",
                           "regions, leagues and autonomous prefectures are not in the roster", "", self.china)
        near = difflib.get_close_matches(code, self.names, n=1, cutoff=0.8)
        return unknown("名录中没有这个代码", "no city of the roster has this code", self.label(near[0]) if near else "",
                       self.china)

    def unknown_name(self, name: str) -> tuple[str, str]:
        """A name that is not in the roster."""
        near = self.nearest(name)
        return unknown("名录中没有这个城市", "no city of the roster has this name", self.label(near) if near else "",
                       self.china)


NAME_RULES = {
    "city_width": ("全角字符与多余空白不计", "full-width letters and surplus white space do not count"),
    "city_short_name": ("不带“市”、大小写或空格不同的名称按全名读",
                        "a name without 市, or with other case or blanks, is read as the full name"),
    "city_accents": ("名称中的重音符号不计", "accents in a name do not count"),
    "city_both_names": ("中英文并写的名称，两者一致，按全名读",
                        "a name in Chinese and English, which agree, is read as the full name"),
    "city_english_name": ("英文名按城市的全名读", "an English name is read as the city's full name"),
}


def unknown(zh: str, en: str, offer: str, china: bool) -> tuple[str, str]:
    """The sentence about a city that is not in the roster, with the nearest one."""
    near_zh, near_en = (f"；最接近的是 {offer}", f"; the nearest is {offer}") if offer else ("", "")
    if china:
        return (f"{zh}（297 个地级市与直辖市）{near_zh}；请更正，或删去该行；研究其他地方请自带 cities 表",
                f"{en} (297 prefecture-level cities and municipalities){near_en}; correct it or remove the row; for "
                "other places bring a table cities of your own")
    return (f"{zh}（cities 表）{near_zh}；请更正，或补入 cities 表",
            f"{en} (the table cities){near_en}; correct it or add the city to that table")


def lookup(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Codes by name; a name may belong to several."""
    found: dict[str, list[str]] = {}
    for code, name in pairs:
        if name:
            found.setdefault(name, []).append(code)
    return found


def single(codes: Iterable[str]) -> dict[str, str]:
    """Codes by themselves whatever their case, as far as no two differ in case only."""
    folds = Counter(code.casefold() for code in codes)
    return {code.casefold(): code for code in codes if folds[code.casefold()] == 1}


def province_names(cities: pd.DataFrame) -> set[str]:
    """The short names of the provinces: 吉林, 内蒙古."""
    if "province" not in cities:
        return set()
    return {PROVINCE_SUFFIX.sub("", tight(name)) for name in cities["province"].unique()} | set(OTHER_PROVINCES)


def english(name: str) -> str:
    """An English name for comparison: letters only, without accents and the word city; empty where a name holds signs
    of another script, which would say something else.

    >>> english("Xi'an City"), english("xian"), english("广州Shenzhen")
    ('xian', 'xian', '')
    """
    letters = unaccented(folded(name)).casefold()
    if not letters.isascii():
        return ""
    letters = re.sub(r"[^a-z0-9 ]", "", letters)
    return re.sub(r" (city|shi)$", "", letters).replace(" ", "")


def likeness(word: str, known: str) -> tuple[float, bool, float]:
    """How alike two names are: the share of letters they have in common, then the same first letter, then their order.

    Chinese names have two or three letters, of which a misspelling leaves one: 杭洲 and 杭州 have half in common.
    """
    shared = sum((Counter(word) & Counter(known)).values())
    share = shared / max(len(word), len(known), 1)
    order = difflib.SequenceMatcher(None, word, known).ratio() if share >= ALIKE else 0.0
    return share, word[:1] == known[:1], order
