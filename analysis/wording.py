"""What a study calls the places it compares, and those within its cut: texts written for cities, said of others.

The study's own texts are written for cities. A study of other units names its unit in both languages
(`settings.Study`), and every text of the pages goes through `worded`, which puts that name where they say city; so it
does with the name of the list, where they say the first hundred. Names
that the study brought along, commands, file names, and what stands between back quotes or braces stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

KEPT = (r"`[^`\n]*`", r"\{[^{}\n]*\}", r"analysis cit(?:y|ies)\b", r"\bcity ?=", r"\bcit(?:y|ies)[/.]\w",
        "数字城市", "城市群", "城市数据中心")
WRITTEN = (r"座座|座城市|座|城市|(?<=[各每他一两逐])城(?!市)|(?<=[0-9]) ?城(?!市)|(?<=[本该])市(?!场)",
           r"\b(?:[Aa] )?[Cc]it(?:y|ies)\b")
WORD = re.compile("城|市|座|[Cc]it(?:y|ies)")
VOWELS = "aeiou"
CITY = ("城市", "city", "cities")


@dataclass(frozen=True)
class CutList:
    """What a study calls its first `top` in Chinese and English, such as 百强名单 and "the hundred"."""

    top: int
    zh: str
    en: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The name itself, which is kept, and how texts call the first `top`, with their number or its value's name."""
        kept = "|".join(map(re.escape, sorted({self.zh, self.en, capital(self.en)}, key=len, reverse=True)))
        number = rf"(?:{self.top}|\{{scores\.top\}}|\{{uncertainty_top\}})"
        return re.compile(rf"(?P<kept>{kept})|(?P<zh>前 ?{number}(?: ?名(?!次)| ?(?![ 位0-9.%])))"
                          rf"|(?P<en>\b(?:[Tt]he|[Oo]ur) (?:first|best) {number}(?![0-9.%]))")

    def __call__(self, text: str) -> str:
        """The text with the list called by its name."""
        return self.pattern.sub(self.replaced, text)

    def replaced(self, found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found[0]
        if found["zh"] is not None:
            return self.zh
        return capital(self.en) if found[0][0].isupper() else self.en


@dataclass(frozen=True)
class Wording:
    """The unit of a study in Chinese and in English (one and several), and the names that must stay as they are.

    >>> of = Wording("国家", "country", "countries", ("Mexico City",))
    >>> of("27 座城市中，Mexico City 和另外 3 座；各城、本市、每座城市")
    '27 个国家中，Mexico City 和另外 3 个；各国家、本国家、每个国家'
    >>> of("Cities that a city follows: `city`, Mexico City, python -m analysis city 01")
    'Countries that a country follows: `city`, Mexico City, python -m analysis city 01'
    >>> Wording("企业", "enterprise", "enterprises")("A city is followed")
    'An enterprise is followed'
    >>> of = Wording(*CITY, cut=CutList(20, "领先名单", "the leaders"))
    >>> of("前 20 名中 3 座城市；The first 20, and a city of the first 200; rank 20")
    '领先名单中 3 座城市；The leaders, and a city of the first 200; rank 20'
    """

    zh: str
    one: str
    many: str
    names: tuple[str, ...] = ()
    cut: CutList | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The names and phrases that are kept, the longest first, then the words that are replaced. The unit's own name
        is kept: what is said once may pass here again."""
        own = {*self.names, self.zh, *(form for noun in (self.one, self.many) for form in (noun, capital(noun)))}
        kept = [re.escape(name) for name in sorted(own, key=len, reverse=True) if WORD.search(name)]
        before = r"(?:\b[Aa]n? | )?"  # a match that begins there would reach into a name
        return re.compile("|".join([f"(?P<kept>{before}(?:{'|'.join([*kept, *KEPT])}))", *WRITTEN]))

    def __call__(self, text: str) -> str:
        """The text said of this study's units and of its list."""
        text = self.cut(text) if self.cut else text
        is_city = (self.zh, self.one) == CITY[:2]
        return self.pattern.sub(self.replaced, text) if not is_city and WORD.search(text) else text

    def replaced(self, found: re.Match[str]) -> str:
        """What stands for one word of a text."""
        if found["kept"] is not None:
            return found[0]
        word = found[0]
        if word.strip() == "城":
            return f" 个{self.zh}" if word != "城" or found.string[found.start() - 1].isdigit() else self.zh
        if word in ("座", "座座", "市", "城市", "座城市"):
            return {"座": "个", "座座": "个个", "座城市": f"个{self.zh}"}.get(word, self.zh)
        article, _, noun = word.rpartition(" ")
        unit = self.many if noun.lower() == "cities" else self.one
        if article:
            return f"{article}{'n' if unit[:1].lower() in VOWELS else ''} {unit}"
        return capital(unit) if noun[0] == "C" else unit


def capital(noun: str) -> str:
    """A noun with its first letter large."""
    return noun[:1].upper() + noun[1:]


_said: list[Wording | None] = [None]  # the wording in force, the last one


def worded(text: Any) -> Any:
    """A text, or each of several in a tuple, as the study in hand says it; unchanged in a study of cities."""
    wording = _said[-1]
    if wording is None or not isinstance(text, str | tuple):
        return text
    return wording(text) if isinstance(text, str) else tuple(map(worded, text))


class Words(dict[str, dict[str, str]]):
    """Fixed words of a page by language and key, said of the study in hand."""

    def __getitem__(self, lang: str) -> dict[str, str]:
        words = super().__getitem__(lang)
        return words if _said[-1] is None else {key: worded(text) for key, text in words.items()}


def use_wording(wording: Wording | None) -> None:
    """Say all further texts of this process with a wording; None for a study of cities."""
    _said[-1] = wording


@contextmanager
def said_with(wording: Wording | None) -> Iterator[None]:
    """Say the texts of a block with a wording."""
    _said.append(wording)
    try:
        yield
    finally:
        _said.pop()


def of_unit(zh: str, one: str, many: str, names: Iterable[str] = (), cut: CutList | None = None) -> Wording | None:
    """The wording of a unit by its names, and of a list with a name of its own; None for cities without such a list."""
    return None if (zh, one) == CITY[:2] and cut is None else Wording(zh, one, many, tuple(names), cut)
