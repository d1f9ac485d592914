"""A page of a run of own data as a reader meets it, in which nothing runs, loads or sends."""

from html.parser import HTMLParser
from urllib.parse import unquote

from workbench.steps import STEPS

MADE = tuple(step for step in STEPS if step != "09_agreement")
VOID = {"meta", "link", "img", "br", "hr", "input", "col", "wbr"}


class Page(HTMLParser):
    """A page's text and elements; whatever could run, load or send something is refused as it is met."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.text, self.cells, self.links, self.pictures, self.marked = [], "", [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "frame", "applet"), tag
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("srcdoc", "formaction", "srcset"), (tag, name, value)
            if name in ("href", "src", "action", "data"):
                address = unquote(value).strip().casefold()
                assert not address.startswith(("javascript:", "vbscript:", "//", "http")), value
                (self.links if tag == "a" else self.pictures).append(value)
        assert tag != "style" or dict(attributes) == {}
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if {"style", "pre"} & set(self.open):  # rules of the style sheet, code of the notebook
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data
        elif "math" in self.open:  # formulas are of the notebook's own; of a name they would hold more than a letter
            self.marked += [data] if len(data) > 1 else []
        elif {"strong", "em", "a", "code", "del", "sup", "sub", "b", "i"} & set(self.open):
            self.marked.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")
