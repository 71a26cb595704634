"""Words that a display may show and must not obey, and what a page is made of."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import ipywidgets as w
from IPython.core.formatters import DisplayFormatter

from helpers.widgets.keys import within

HARMLESS = "bread 7"
#: Few, for each is drawn: markup of every kind, what marks formulas, what can't be seen.
HOSTILE = {
    "markup": "<img src=x onerror=alert(1)></script><script>alert(1)</script>--></style></svg>"
    "</title></pre></details></textarea><b>\"'><i onmouseover=alert(1) x=\"&lt;b&gt;&amp;'"
    "javascript:alert(1)\" href='javascript:alert(1)'",
    "formulas": "[x](javascript:alert(1)) `a` **b** $\\href{javascript:alert(1)}{x}$ $\\frac{",
    "unseen": "\x1b[31mred\x1b[0m\x1b]8;;http://x\x07 a\x00b\u202ec\u2066d\u2028e\ud800f",
}

#: What no display holds: a reader can't see it, and it may change what stands around it.
UNSEEN = {chr(n) for n in [*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x2028, 0x2029,
                           *range(0x202A, 0x202F), *range(0x2066, 0x206A),
                           *range(0xD800, 0xE000)]}  # fmt: skip
#: What a widget is made of: the course's own code.
_CODE = {"_esm", "_css"}


class Seen(HTMLParser):
    """The tags, how often each stands there, the attributes by tag, and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.count, self.attributes, self.text = Counter(), set(), []
        self.feed(html)
        self.close()

    @property
    def tags(self) -> set[str]:
        return set(self.count)

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        self.attributes |= {(tag, name) for name, _ in attrs}
        for name, value in attrs:
            if name in ("href", "src"):
                assert not (value or "").strip().lower().startswith("javascript:"), value

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text.append(data)


def sent(made: Any) -> tuple[str, str]:
    """The HTML of a display, and its other text, as they leave the kernel.

    `made` is HTML, a result that shows itself, an error, a widget, or what holds one.
    """
    if isinstance(made, str):
        return made, ""
    if isinstance(made, BaseException):
        return "", "\n".join([*made._render_traceback_(), str(made)])
    held = getattr(made, "box", None) or getattr(made, "widget", None)
    box = made if isinstance(made, w.Widget) else held
    if box is None:
        data, _ = DisplayFormatter().format(made)
        return data["text/html"], data["text/plain"]
    html, texts = [], []
    for widget in within([box]):
        state = {key: value for key, value in widget.get_state().items() if key not in _CODE}
        if isinstance(widget, w.HTML):
            html.append(state.pop("value"))
        elif isinstance(widget, w.Text):
            state.pop("value")  # what was typed there
        texts.append(json.dumps(state, ensure_ascii=False, default=lambda data: ""))
    return "".join(html), "\n".join([*map(_plain, texts), str(made) if made is box else ""])


def _plain(text: str) -> str:
    """Every string in JSON, one a line."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            look(list(value))
            look(list(value.values()))
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(json.loads(text))
    return "\n".join(found)
