"""Names, errors, output and files of others are text in every display, and nothing else.

Each display is made twice, with harmless words and with hostile ones in the same places. The
hostile page may have no tag and no attribute that the harmless one has not.
"""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from helpers import charts
from helpers.charts.downloads import Saved
from helpers.charts.fragments import _page
from helpers.charts.graded import ShownCheck, ShownHint, ShownSolution
from helpers.charts.noted import ShownRows, ShownSurprises, measured_table, said_table
from helpers.charts.pooled.shown import ShownPooled
from helpers.charts.progress import ShownProgress
from helpers.charts.replay.data import replay_data
from helpers.charts.report import part_of, report_html
from helpers.charts.results import ShownComparison, ShownTable
from helpers.checks import WRONG, Finding
from helpers.course.diary import Diary
from helpers.course.entry import Entry
from helpers.course.progress import progress_of
from helpers.course.runs import pool, read_run, write_run
from helpers.measure.recorder import Failure
from helpers.widgets.live import status_line
from helpers.widgets.runner import status_text
from tests.harness.sample_runs import comparison, turns, waits
from tests.unit.test_survey import MACHINE

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


class Seen(HTMLParser):
    """The tags, and the attributes by tag, that a fragment has."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = set(), set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        for name, value in attrs:
            if name in ("href", "src"):
                assert not (value or "").strip().lower().startswith("javascript:"), value

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text.append(data)


def a_comparison(text: str, failed: bool = False):
    """Every text of a comparison that a learner's code, or a file, can hold."""
    found = comparison(waits("threads"), turns("asyncio", tasks=3), waits(text or "own"))
    workload = replace(found.request.workload, name=text, title=text)
    found.request = replace(found.request, workload=workload, notes=(text,))
    found.machine = replace(found.machine, system=text, implementation=text)
    found.notes.append(text)
    found.left_out[text] = text
    for run in found.traced.values():
        run.printed = text
    if failed:
        run = found.traced["threads"]
        run.failed = 1
        run.failures = [Failure(task=0, type=text, message=text, traceback=text)]
    return ShownComparison.of(found)


def entries(text: str) -> list[Entry]:
    parts = {"title": text, "about": text, "sentence": text, "unit": text, "notebook": text}
    kinds = ("prediction", "comparison", "advice", "answer", "check", text)
    return [Entry.now(kind, **{**parts, **more})
            for kind in kinds
            for more in ({"said": 3.0, "measured": 9.0, "data": {text: 5.0}},
                         {"said": text, "measured": text, "right": False, "about": text + "2"})
            ]  # fmt: skip


def noted(text: str) -> list[Entry]:
    """As they come from a file: the notebook too is what somebody wrote there."""
    return [
        replace(one, notebook=text, when=f"2026-01-02T00:00:00Z{text}") for one in entries(text)
    ]


def a_loaded_run(text: str, folder):
    path = folder / "sent.run.json.gz"
    found = comparison(waits("threads"), waits("asyncio"))
    workload = replace(found.request.workload, name=text[:200], title=text[:200])
    found.request = replace(found.request, workload=workload, notes=(text,))
    write_run(found, path, replace=True)
    return path


DISPLAYS = {
    "a comparison": lambda t, f: a_comparison(t)._repr_html_(),
    "a failed comparison": lambda t, f: a_comparison(t, failed=True)._repr_html_(),
    "a loaded run": lambda t, f: ShownComparison.of(read_run(a_loaded_run(t, f)))._repr_html_(),
    "runs of a class": lambda t, f: ShownPooled.of(pool([a_loaded_run(t, f)]))._repr_html_(),
    "a table": lambda t, f: ShownTable(t, [t, t], [[t, t]])._repr_html_(),
    "the machine card": lambda t, f: charts.machine_html(
        replace(MACHINE, system=t, python=t, implementation=t, when=t)),
    "the six rows": lambda t, f: ShownRows({"Blocking": 20, t: t}, {"Blocking": t})._repr_html_(),
    "surprises": lambda t, f: ShownSurprises(noted(t))._repr_html_(),
    "tables of the diary": lambda t, f: _page(
        said_table(t, noted(t)), measured_table(t, noted(t))
    ),
    "progress": lambda t, f: ShownProgress(
        progress_of(noted(t)), t.encode(errors="replace"), t)._repr_html_(),
    "a check": lambda t, f: ShownCheck(t, Finding(WRONG, t, t, t), t, t)._repr_html_(),
    "a hint": lambda t, f: ShownHint(t, 1, 2, t, t)._repr_html_(),
    "a solution": lambda t, f: ShownSolution(t, t)._repr_html_(),
    "a panel's line": lambda t, f: status_text(t, True, t) + status_line(t, 0.5),
    "a report": lambda t, f: report_html(
        MACHINE, noted(t), [part_of(a_comparison(t))], {t: t}, t, t),
}  # fmt: skip


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_has_no_element_that_a_text_brought(display, tmp_path):
    make = DISPLAYS[display]
    harmless = Seen(make(HARMLESS, tmp_path))
    assert "bread" in "".join(harmless.text) or display in ("progress", "the six rows")
    for what, text in HOSTILE.items():
        html = make(text, tmp_path)
        seen = Seen(html)
        # what stands in one of two places, such as a note below a table, may stand in neither
        assert seen.tags - harmless.tags == set(), what
        assert seen.attributes - harmless.attributes == set(), what
        assert "could not be drawn" not in html, what
        assert "<img" not in html, what
        assert "<script" not in html, what
        assert not UNSEEN & set(html), what


def test_the_data_of_a_replay_are_data():
    """It travels as JSON to a script that sets text, and never HTML."""
    for what, text in HOSTILE.items():
        data = replay_data(a_comparison(text))
        told = json.loads(json.dumps(data[0] if isinstance(data, tuple) else data, default=str))
        assert told, what


def test_a_restored_file_with_markup_in_every_string_is_shown_as_text(tmp_path):
    """Through the diary itself: merged from a file, read again, drawn."""
    for what, text in HOSTILE.items():
        book = Diary(tmp_path / what)
        lines = [one.line() for one in entries(text)]
        found = book.merge(lines)
        assert found.new == len({*lines}), what
        assert found.damaged == 0
        html = said_table("Predictions", book.entries())
        assert Seen(html).tags == Seen(said_table("x", entries(HARMLESS))).tags, what


def test_a_file_name_is_text(tmp_path):
    for what, text in HOSTILE.items():
        name = text.replace("/", "_").replace("\0", "").encode(errors="replace").decode()
        path = tmp_path / f"{name[:60]}.run.json.gz"
        path.write_bytes(b"x")
        seen = Seen(Saved.at(path, text)._repr_html_())
        assert seen.tags <= {"style", "div", "p", "a"}, what
        assert {name for _, name in seen.attributes} <= {"class", "download", "href"}, what
