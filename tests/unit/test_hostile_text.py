"""Names, errors, output and files of others are text in every display, and nothing else.

Each display is made twice, with harmless words and with hostile ones in the same places. The
hostile page may have no tag and no attribute that the harmless one has not. No display is
forgotten: every class of the package that shows something is looked for.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from textwrap import dedent

import pytest

import helpers
from helpers.charts.downloads import Saved
from helpers.charts.fragments import _page
from helpers.charts.graded import ShownCheck, ShownHint, ShownSolution
from helpers.charts.images import described
from helpers.charts.noted import ShownRows, ShownSurprises, measured_table, said_table
from helpers.charts.pooled.shown import ShownPooled
from helpers.charts.progress import ShownProgress, ShownRestored
from helpers.charts.replay.data import replay_data
from helpers.charts.report import ShownReport, part_of, report_html
from helpers.charts.results import ShownComparison, ShownTable
from helpers.charts.surveys.shown import ShownScore
from helpers.charts.winners.shown import ShownWinnersScore
from helpers.checks import WRONG, Finding
from helpers.course.diary import Diary
from helpers.course.entry import Entry
from helpers.course.outline import Item
from helpers.course.progress import Standing, progress_of
from helpers.course.runs import pool, read_run, write_run
from helpers.experiment import BadRequest
from helpers.experiment.comparison import DidNotRun
from helpers.notebook.running import ExperimentFailed
from helpers.services.service import ServiceError
from helpers.widgets.live import status_line
from helpers.widgets.runner import status_text
from tests.harness.hostile import HARMLESS, HOSTILE, UNSEEN, Seen, sent
from tests.harness.sample_results import RESULTS, a_comparison, a_machine, a_pillow_image
from tests.harness.sample_runs import comparison, waits
from tests.harness.sample_widgets import WIDGETS


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


def a_saved_file(text: str, folder) -> Saved:
    path = folder / "sent.bin"
    path.write_bytes(b"x")
    return Saved.at(path, text)


def an_overview(text: str) -> ShownProgress:
    """The course's own titles, and one that it does not have."""
    unknown = Standing(Item(text, text, 10), True, 1, 1, 0, 2, True)
    raw = text.encode(errors="replace")
    return ShownProgress([unknown, *progress_of(noted(text))], raw, text, text)


def a_report(text: str) -> str:
    parts = [part_of(a_comparison(text))]
    return report_html(a_machine(text), noted(text), parts, {text: text}, text, text)


def of_text(made: dict) -> dict:
    """What needs no folder, as what gets one."""
    return {name: lambda text, folder, make=make: make(text) for name, make in made.items()}


#: What makes each display, of a text and a folder: HTML, or what a cell ends with.
DISPLAYS = {
    **of_text(RESULTS),
    **of_text(WIDGETS),
    "a loaded run": lambda t, f: ShownComparison.of(read_run(a_loaded_run(t, f))),
    "runs of a class": lambda t, f: ShownPooled.of(pool([a_loaded_run(t, f)])),
    "a table": lambda t, f: ShownTable(t, [t, t], [[t, t]]),
    "a score of guesses": lambda t, f: ShownScore(1, 2, [(t, t, t, t)]),
    "a score of a map": lambda t, f: ShownWinnersScore(3, 1, 2, [(t, t, t, t)]),
    "the six rows": lambda t, f: ShownRows({"Blocking": 20, t: t}, {"Blocking": t}),
    "surprises": lambda t, f: ShownSurprises(noted(t)),
    "tables of the diary": lambda t, f: _page(
        said_table(t, noted(t)), measured_table(t, noted(t))
    ),
    "progress": lambda t, f: an_overview(t),
    "what was restored": lambda t, f: ShownRestored(t),
    "a check": lambda t, f: ShownCheck(t, Finding(WRONG, t, t, t), t, t),
    "a hint": lambda t, f: ShownHint(t, 1, 2, t, t),
    "a solution": lambda t, f: ShownSolution(t, t),
    "an image": lambda t, f: described(a_pillow_image(), t),
    "a saved file": a_saved_file,
    "a panel's line": lambda t, f: status_text(t, True, t) + status_line(t, 0.5),
    "a report": lambda t, f: a_report(t),
    "a report's link": lambda t, f: ShownReport(t, t.encode(errors="replace").decode()),
    "an experiment that failed": lambda t, f: ExperimentFailed(t, t),
    "a bad request": lambda t, f: BadRequest(t),
    "a model that did not run": lambda t, f: DidNotRun(t),
    "a service that ended": lambda t, f: ServiceError(t),
}  # fmt: skip

#: Displays that hold the words in an attribute only.
ELSEWHERE = ("an image",)

BASE = "others are made of it, and are displays here"
#: Classes that are no displays of DISPLAYS, each with the reason.
EXCUSED = {
    "helpers.charts.graded._Shown": BASE,
    "helpers.charts.results._Shown": BASE,
    "helpers.charts.serving.shown._ShownService": BASE,
    "helpers.measure.fit.OneSentence": BASE,
    "helpers.charts.shipping.shown._ShownMeasured": BASE,
    "helpers.widgets.as_text.AsText": BASE,
    "helpers.widgets.runner.Runner": BASE,
    "helpers.charts.guide.Guide": "takes nothing: its words stand in its own module",
    "helpers.widgets.keys.Keys": "has no words: nothing of it is to be seen",
    "helpers.widgets.room.ResetKey": "has no words: nothing of it is to be seen",
    "helpers.widgets.present.Presenter": "`_known` takes no size but those of its own module",
    "helpers.widgets.live.LiveStatus": "shows what `status_line` makes: a panel's line, here",
    "helpers.widgets.quiz.QuizWidget": "`find` gives the course's own questions only, and "
    "`_answered_right` takes nothing from a diary but their ids",
}

_SHOWS = re.compile(r"_repr_\w+_|_ipython_display_|_render_traceback_")
_CALLS = {"HTML", "display", "update_display"}


def classes() -> Iterator[type]:
    """Every class that the package defines; what starts a process of its own is left out."""
    for found in pkgutil.walk_packages(helpers.__path__, "helpers."):
        if not found.name.endswith(".__main__"):
            module = importlib.import_module(found.name)
            yield from (one for one in vars(module).values()
                        if inspect.isclass(one) and one.__module__ == found.name)  # fmt: skip


def shows_something(one: type) -> bool:
    """Whether a cell shows it: by its name, by a method that Jupyter asks for, or by a call."""
    if one.__name__.startswith("Shown") or any(_SHOWS.fullmatch(name) for name in dir(one)):
        return True
    try:
        tree = ast.parse(dedent(inspect.getsource(one)))
    except (OSError, TypeError, SyntaxError):
        return False  # made by a call, such as a named tuple's: it has no code
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(f, "id", getattr(f, "attr", "")) in _CALLS for f in called)


@pytest.fixture(scope="module")
def shown() -> dict[str, type]:
    """The classes that show something, by their whole name."""
    return {f"{one.__module__}.{one.__qualname__}": one
            for one in classes() if shows_something(one)}  # fmt: skip


def test_every_class_that_shows_something_is_a_display_here(shown, tmp_path):
    known, tested = set(shown.values()), set()
    for make in DISPLAYS.values():
        own = type(make(HARMLESS, tmp_path)).__mro__
        # some widgets have a class of their own, made of the one in the package
        tested.add(next((one for one in own if one in known), None))
    missing = [name for name, one in shown.items() if one not in tested and name not in EXCUSED]
    assert not missing, "give it a line in DISPLAYS, or in EXCUSED with the reason"
    assert len(shown) > 50


def test_who_is_excused_is_there_and_shows_something(shown):
    assert not EXCUSED.keys() - shown.keys()
    for name, reason in EXCUSED.items():
        made_of_it = [one for one in shown.values() if shown[name] in one.__mro__[1:]]
        assert bool(made_of_it) is (reason is BASE), name


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_has_no_element_that_a_text_brought(display, tmp_path):
    make = DISPLAYS[display]
    html, texts = sent(make(HARMLESS, tmp_path))
    harmless = Seen(html)
    assert "could not be drawn" not in html
    assert "bread" in "".join([*harmless.text, texts]) or display in ELSEWHERE
    for what, text in HOSTILE.items():
        html, texts = sent(make(text, tmp_path))
        seen = Seen(html)
        # what stands in one of two places, such as a note below a table, may stand in neither
        assert seen.tags - harmless.tags == set(), what
        assert seen.attributes - harmless.attributes == set(), what
        assert "could not be drawn" not in html, what
        for tag in ("img", "script", "style"):
            assert seen.count[tag] == harmless.count[tag], (what, tag)
        assert not UNSEEN & set(html), what
        assert not UNSEEN & set(texts), what


def test_the_data_of_a_replay_are_data():
    """It travels as JSON to a script that sets text, and never HTML."""
    for what, text in HOSTILE.items():
        data = replay_data(a_comparison(text))
        told = json.loads(json.dumps(data[0] if isinstance(data, tuple) else data, default=str))
        assert told, what
        assert not UNSEEN & set(json.dumps(told, ensure_ascii=False)), what


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
