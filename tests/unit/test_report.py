"""The report: one file that needs nothing, tells nothing private, and escapes all names."""

from __future__ import annotations

import base64
import getpass
import re
import socket
import types
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers import charts
from helpers.charts.noted import ShownRows
from helpers.charts.report import LARGEST, Part, ShownReport, fit_for_report, part_of, report_html
from helpers.charts.results import ShownComparison, ShownTable
from helpers.course import Entry, place
from helpers.experiment import BadRequest
from helpers.notebook import course
from helpers.workloads import work

from .test_survey import MACHINE, row, six

HOSTILE = '<script>alert("1")</script><img src="https://example.org/x.png">'
VOID = {"meta", "br", "img", "link", "hr", "input"}


class Page(HTMLParser):
    """What tests ask of a page: its tags, attributes, text, and whether the tags match."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open, self.ids = [], [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"
        assert len(self.ids) == len(set(self.ids)), "an id twice"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def noted():
    said = {"said": 300.0, "measured": 54.0, "unit": "ms", "about": "threads"}
    return [
        Entry.now("prediction", title=f"20 × {HOSTILE}", **said),
        Entry.now("prediction", title="10 × wait", said=50, measured=51, unit="ms"),
        Entry.now("comparison", title="20 × wait", sentence=f"threads are 3× as {HOSTILE}"),
        Entry.now("advice", title="f()", sentence="Use threads."),
    ]


def shown(function=None):
    workload = function or work.sleep(ms=50)
    found = row({"sequential": six(0.2), "threads": six(0.1)}, workload=workload).comparison
    return ShownComparison.of(found)


def made(parts=(), entries=None, notebook=""):
    entries = noted() if entries is None else entries
    return report_html(MACHINE, entries, parts, {"CPython": "3.12.1"}, "2026-02-03", notebook)


@pytest.fixture(scope="module")
def full():
    """A report with a real figure, hostile names and a table."""
    function = types.FunctionType((lambda: 1).__code__, {}, HOSTILE)
    failing = shown()
    run = failing.traced["threads"]
    run.failed, run.failures = 1, [{"task": 0, "type": "OSError", "message": HOSTILE,
                                    "traceback": 'File "/home/ada/secret.py", line 1'}]  # fmt: skip
    results = [shown(), shown(function), failing, ShownTable(HOSTILE, ["a", HOSTILE], [["x", 1]]),
               ShownRows({"Blocking": 20}, {"Blocking": 200.0})]  # fmt: skip
    return made([part_of(one) for one in results], notebook="06-summary.ipynb")


def test_it_has_all_its_parts(full):
    text = Page(full).text
    for part in ("This machine", "What surprised me most", "Predictions and measurements",
                 "Advice", "Results shown in this notebook", "All comparisons so far",
                 "Versions"):  # fmt: skip
        assert part in text
    assert "You said 300 ms for threads, it took 54 ms: 5.6× faster than you thought." in text
    assert "Made on 2026-02-03 in notebook 06-summary: 2 predictions, 5 results." in text
    assert "1 of 2 predictions was wrong" in text
    assert "2.0× as fast as sequential" in text
    assert Page(full).tags.count("svg") >= 2
    assert "CPython 3.12.1" in text


def test_it_needs_nothing_from_anywhere_and_no_script(full):
    page = Page(full)
    assert not {"script", "link", "iframe", "object", "embed", "img", "base"} & set(page.tags)
    outside = [a for a in page.attributes if a[1] in ("src", "href", "action", "data", "srcset")
               and not (a[2] or "").startswith(("#", "data:"))]  # fmt: skip
    assert outside == []
    assert not [a for a in page.attributes if a[1].startswith("on")]
    styles = [text for text in page.texts if "{" in text]
    assert not any("url(" in s or "@import" in s for s in styles)
    assert "default-src 'none'" in full
    assert not re.search(r"""=["'](https?:)?//""", full)


def test_names_and_errors_are_text_and_nothing_else(full):
    assert "<script" not in full
    assert "<img" not in full
    assert Page(full).text.count('<script>alert("1")</script>') >= 5


def test_it_is_one_well_formed_page(full):
    page = Page(full)
    assert full.startswith("<!DOCTYPE html>")
    assert [page.tags.count(tag) for tag in ("html", "head", "body", "title", "h1", "main")] == (
        [1] * 6
    )
    assert ("html", "lang", "en") in page.attributes
    assert page.tags.count("style") == 2  # not one for each fragment


def test_it_says_nothing_about_who_made_it(full):
    text = Page(full).text
    assert "secret.py" not in text  # no tracebacks
    assert str(Path.home()) + "/" not in full
    assert socket.gethostname() not in text
    assert str(place.PROJECT) not in full
    assert f"/{getpass.getuser()}/" not in full


def test_text_loses_its_folders_and_pictures_stay_as_they_are():
    picture = '<image href="data:image/png;base64,iVBO+/ab/cd/ef=="></image>'
    html = f'<p>in /home/ada/x.py</p><svg xmlns="http://x" aria-label="at /home/ada/y.py">{picture}'
    assert fit_for_report(html) == f'<p>in x.py</p><svg aria-label="at y.py">{picture}'
    link = '<a href="04-threads.ipynb">04</a><a\nhref="https://x">b</a><use href="#a"></use>'
    assert fit_for_report(link) == '<a>04</a><a>b</a><use href="#a"></use>'
    printed = "<details><summary>Printed by the tasks</summary><pre>me</pre></details>"
    assert fit_for_report(f"{charts.STYLE}{printed}<p>a</p>") == "<p>a</p>"


def test_without_anything_it_says_so():
    text = Page(made(entries=[])).text
    assert "No result was shown in this notebook before the report was made." in text
    assert "No prediction has been noted so far." in text
    assert "Nothing is noted yet" in text
    assert "Advice" not in text


def test_a_large_one_leaves_out_the_tables_behind_the_figures():
    data = f"<details><summary>Data</summary>{'x' * LARGEST}</details>"
    html = made([Part("big", f"<p>kept</p>{data}"), Part("small", "<p>too</p>")])
    assert len(html) < 100_000
    assert "left out here" in html
    assert "<p>kept</p>" in html


def test_a_result_that_can_not_be_drawn_costs_only_its_part():
    class Broken:
        def _repr_html_(self):
            raise ValueError("<b>")

    part = part_of(Broken())
    assert part.title == "Broken"
    assert "could not be drawn: ValueError" in part.html


def test_the_link_holds_the_whole_file(full):
    report = ShownReport("a <b>.html", full, kept=True)
    found = re.search(r'download="a &lt;b&gt;.html" href="data:text/html;base64,([^"]+)"',
                      report._repr_html_())  # fmt: skip
    assert base64.b64decode(found[1]).decode() == full
    assert "1 KB" in str(ShownReport("x.html", "a"))
    assert "download it" in str(ShownReport("x.html", "a", kept=False))


# --- what a cell makes ---------------------------------------------------------------------


class Shell:
    """What IPython keeps of a notebook's cells."""

    def __init__(self, *cells):
        self.user_ns = {"_ih": ["", *(source for source, _ in cells)],
                        "_oh": {k + 1: value for k, (_, value) in enumerate(cells)}}  # fmt: skip


@pytest.fixture
def cells(monkeypatch):
    """``cells((source, value), ...)``: the cells that this notebook has run."""
    return lambda *ran: monkeypatch.setattr("IPython.get_ipython", lambda: Shell(*ran))


def test_what_cells_have_shown_is_found_in_order_and_once(cells):
    first, second, again = shown(), ShownTable("t", ["a"], []), shown()
    panel = types.SimpleNamespace()
    report = ShownReport("x.html", "")
    cells(("a", first), ("b", second), ("c", 5), ("d", report), ("a", again), ("e", again),
          ("f", panel), ("g", shown))  # fmt: skip
    assert course._shown_here() == [second, again]


def test_a_panel_shows_its_last_picture(cells):
    from helpers.widgets.runner import Runner

    panel = Runner.__new__(Runner)
    panel.figure, panel.result = types.SimpleNamespace(value="<p>drawn</p>"), None
    cells(("a", panel))
    assert course._shown_here() == []
    panel.result = shown()
    assert course._shown_here() == [panel]
    assert course._panel_part(panel) == Part(
        "From a panel. Comparison: 4 × wait 50 ms, 2 at once", "<p>drawn</p>"
    )


def test_the_file_is_named_by_its_date_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "new"))
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/06-summary.ipynb")
    report = course._made(MACHINE, [shown()])
    assert re.fullmatch(r"async-or-threads-06-summary-\d{4}-\d\d-\d\d\.html", report.name)
    assert (tmp_path / "new" / report.name).read_text(encoding="utf-8") == report.html
    assert report.kept
    assert "Comparison: 4 × wait 50 ms" in report.html
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "file" / "x"))
    assert not course._made(MACHINE, []).kept


def test_bad_input_gets_a_sentence():
    with pytest.raises(BadRequest, match="takes results of the course; int is none"):
        course.report(5).send(None)
    with pytest.raises(BadRequest, match="most is a whole number"):
        course.surprises(0)
