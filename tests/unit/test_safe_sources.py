"""Two promises that the sources keep: no file is run that is only read, and no clock steps back."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.charts.noted import latest
from helpers.course import entry as entries
from helpers.course.diary import Diary
from helpers.course.entry import Entry
from tests.harness.labserver import REPO

SOURCES = [p for room in ("helpers", "labconfig", "tools", "benchmarks")
           for p in sorted((REPO / room).rglob("*.py"))]  # fmt: skip

#: What makes code of data. Names that are called, or functions of these modules.
RUNS = {"eval", "exec", "compile", "__import__"}
LOADERS = {
    "pickle": {"load", "loads", "Unpickler"},
    "cloudpickle": {"load", "loads"},
    "marshal": {"load", "loads"},
    "shelve": {"open"},
    "yaml": {"load", "unsafe_load", "full_load"},
    "joblib": {"load"},
    "torch": {"load"},
    "runpy": {"run_path", "run_module"},
    "importlib": {"import_module"},
    "pd": {"read_pickle"},
}

#: Where data becomes code, and why that is no file of somebody else.
ALLOWED = {
    ("helpers/__init__.py", "importlib.import_module"): "names of the course's own modules",
    ("helpers/checks/attempt.py", "exec"): "the learner's own cell, in a process of its own",
    ("helpers/checks/attempt.py", "compile"): "the same",
    ("helpers/checks/grade.py", "cloudpickle.loads"): "from the learner's kernel, over a pipe",
    ("helpers/worker/job.py", "cloudpickle.loads"): "from the learner's kernel, over a pipe",
    ("helpers/worker/job.py", "__import__"): "a name that the course's own code sends",
    ("helpers/worker/client.py", "pickle.loads"): "from the kernel's own worker",
    ("helpers/measure/run.py", "pickle.loads"): "from the kernel's own worker",
    ("helpers/services/connections/sockets.py", "cloudpickle.loads"): "the learner's handler",
    ("helpers/experiment/pipelines/record.py", "cloudpickle.loads"): "the learner's function",
    ("helpers/advisor/task.py", "cloudpickle.loads"): "the learner's function",
    ("helpers/workloads/catalog.py", "importlib.import_module"): "whether a library is there",
    ("helpers/checks/labs/__init__.py", "importlib.import_module"): "the six labs, by number",
    ("benchmarks/advice.py", "exec"): "its own text",
    ("benchmarks/advice.py", "compile"): "the same",
    ("helpers/advisor/look.py", "pickle.loads"): "what was pickled in the line before",
}


def dangerous(path: Path) -> set[tuple[str, str]]:
    """The calls in a file that make code of data, as (file, call)."""
    found, name = set(), path.relative_to(REPO).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in LOADERS:
            found |= {(name, f"{node.module}.{one.name}") for one in node.names
                      if one.name in LOADERS[node.module]}  # fmt: skip
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in RUNS:
            found.add((name, called.id))
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            module = called.value.id
            if called.attr in LOADERS.get(module, ()):
                found.add((name, f"{module}.{called.attr}"))
        if any(one.arg == "allow_pickle" for one in node.keywords):
            found.add((name, "allow_pickle"))
    return found


def test_data_becomes_code_only_where_it_is_the_learners_own():
    found = set().union(*map(dangerous, SOURCES))
    assert found - ALLOWED.keys() == set()


def test_the_list_holds_nothing_that_is_gone():
    found = set().union(*map(dangerous, SOURCES))
    assert ALLOWED.keys() - found == set()


@pytest.mark.parametrize("room", ["helpers/course", "helpers/charts", "helpers/widgets"])
def test_what_reads_files_and_shows_them_makes_no_code_of_them(room):
    assert [d for p in (REPO / room).rglob("*.py") for d in dangerous(p)] == []


# --- clocks ------------------------------------------------------------------------------

#: What may step back, and so may say when something was, but never how long it took.
WALL = {("time", "time"), ("time", "time_ns"), ("time", "ctime"), ("time", "localtime"),
        ("time", "gmtime"), ("time", "strftime"), ("datetime", "now"), ("datetime", "today"),
        ("datetime", "utcnow"), ("date", "today")}  # fmt: skip
DATES = {
    "helpers/course/entry.py": "when an entry was made; a step back is held up",
    "helpers/course/runs/packed.py": "the day on which a run was saved",
    "helpers/charts/progress.py": "the day in a file's name",
    "helpers/notebook/course.py": "the day in a report and its name",
    "helpers/measure/machine.py": "the day on the machine card",
    "helpers/services/cluster/jobs.py": "part of a name that must be new",
    "benchmarks/record.py": "when the figures were measured",
}


def test_the_wall_clock_measures_nothing():
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and (
                (getattr(node.value, "id", ""), node.attr) in WALL
            ):
                found.add(path.relative_to(REPO).as_posix())
    assert found == DATES.keys()


class Clock(datetime):
    """A clock that was set back by an hour after its first look."""

    looks = 0

    @classmethod
    def now(cls, tz=None):
        cls.looks += 1
        back = timedelta(hours=1) if cls.looks > 1 else timedelta()
        return datetime(2026, 3, 4, 12, 0, tzinfo=UTC) + timedelta(seconds=cls.looks) - back


def test_a_clock_that_steps_back_changes_no_order(monkeypatch, tmp_path):
    monkeypatch.setattr(entries, "datetime", Clock)
    monkeypatch.setattr(entries, "_latest", "")
    book = Diary(tmp_path)
    for title in ("first", "second", "third"):
        book.add(Entry.now("prediction", title=title, said=1, measured=2))
    assert [one.title for one in book.entries()] == ["first", "second", "third"]
    assert [one.title for one in Diary(tmp_path).entries()] == ["first", "second", "third"]


@pytest.mark.parametrize(("days", "last"), [(0, "after"), (2, "before")])
def test_a_clock_that_is_set_back_between_sessions(days, last, monkeypatch, tmp_path):
    """What was measured last stays the latest; dates that are far off are not carried on."""
    noon = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    for title, when in (("before", noon), ("after", noon - timedelta(days=days, hours=1))):
        monkeypatch.setattr(entries, "_latest", "")  # a process of its own
        monkeypatch.setattr(Fixed, "at", when)
        monkeypatch.setattr(entries, "datetime", Fixed)
        Diary(tmp_path).add(Entry.now("comparison", title="20 waits", sentence=title))
    found = Diary(tmp_path).entries()
    assert {one.sentence for one in found} == {"before", "after"}
    assert [one.sentence for one in latest(found)] == [last]
    assert (found[0].when == found[1].when) is (days == 0)


class Fixed(datetime):
    """A clock that stands."""

    at = datetime(2026, 3, 4, tzinfo=UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.at


def test_no_script_makes_elements_of_text():
    """What the course's scripts put in a page is text: `textContent` and made elements."""
    scripts = [p for room in ("helpers", "labconfig", "docs", "tools")
               for p in (REPO / room).rglob("*.js")]  # fmt: skip
    assert len(scripts) >= 3
    makes = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
             "new Function", "srcdoc", "createContextualFragment", "DOMParser")  # fmt: skip
    found = {(p.name, word) for p in scripts for word in makes if word in p.read_text("utf-8")}
    assert found == set()
