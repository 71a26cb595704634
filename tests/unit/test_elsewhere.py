"""Finding a free-threaded Python, the columns of two interpreters, the recorded run."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from copy import deepcopy
from dataclasses import replace

import pytest

from helpers.charts.gil.shown import ShownSideBySide
from helpers.experiment.gil import elsewhere
from helpers.experiment.gil.elsewhere import (
    VARIABLE,
    Found,
    ask,
    find_free_threaded,
    reason_against,
)
from helpers.experiment.gil.side_by_side import (
    LABELS,
    RECORDED,
    WITH_GIL,
    WITHOUT,
    Side,
    SideBySide,
    compare_interpreters,
    complaints,
    recorded_run,
    run_side_by_side,
)
from helpers.experiment.request import BadRequest
from helpers.experiment.rounds import Rounds
from helpers.measure.machine import gil_enabled
from helpers.worker.client import Worker
from helpers.worker.errors import RunError
from helpers.workloads import work
from tests.harness.sample_runs import MACHINE
from tests.unit.test_worker import other_python
from tools import record_free_threaded

FREE = {"version": "3.14.9", "build": True, "gil": False}
needs_the_gil = pytest.mark.skipif(not gil_enabled(), reason="this kernel is free-threaded")


@pytest.fixture
def fake(tmp_path):
    """``fake("python3.14t", answer)``: a command of that name that prints `answer`."""

    def make(name, answer):
        path = tmp_path / name
        text = answer if isinstance(answer, str) else json.dumps(answer)
        path.write_text(f"#!/bin/sh\necho '{text}'\n")
        path.chmod(0o755)
        return str(path)

    return make


def find(tmp_path, kernels=(), **environ):
    """The search on a PATH that holds nothing but the fakes and the shell's commands."""
    return find_free_threaded({"PATH": f"{tmp_path}", **environ}, dict(kernels))


# --- asking ----------------------------------------------------------------------------------


def test_a_real_interpreter_answers():
    said = ask(sys.executable)
    assert said["gil"] is gil_enabled()
    assert said["version"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]


@needs_the_gil
def test_this_python_is_refused_for_its_gil():
    assert "with the GIL, not a free-threaded build" in reason_against("p", ask(sys.executable))


def test_what_is_no_interpreter_is_told(fake, tmp_path, monkeypatch):
    assert "can't be started: No such file" in ask(str(tmp_path / "none"))
    assert "can't be started: Permission denied" in ask(str(tmp_path))
    assert "did not answer as one" in ask(fake("talks", "good morning"))
    assert "did not answer as one" in ask(fake("list", "[1, 2]"))
    assert "did not answer as one" in ask(fake("less", {"version": "3.14.0"}))
    assert "did not answer as one" in ask("/bin/true")
    monkeypatch.setattr(elsewhere, "ANSWER_S", 0.2)
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    assert "did not answer within" in ask(str(slow))


def test_a_gil_that_is_switched_on_is_a_reason_against():
    assert reason_against("p", FREE) is None
    assert "PYTHON_GIL" in reason_against("p", FREE | {"gil": True})
    assert "with the GIL" in reason_against("p", FREE | {"build": False, "gil": True})
    assert reason_against("p", "no answer") == "no answer"


# --- finding ---------------------------------------------------------------------------------


@needs_the_gil
def test_the_variable_comes_first_then_kernels_then_the_path(fake, tmp_path):
    named, kernel = fake("named", FREE), fake("kernel", FREE)
    command = fake("python3.13t", FREE | {"version": "3.13.9"})
    kernels = {"r": {"argv": ["none"], "language": "R"}, "ft": {"argv": [kernel, "-m", "k"]}}
    found = find(tmp_path, kernels, **{VARIABLE: named})
    assert (found.python, found.notes) == (named, ())
    assert VARIABLE in found.sentence()
    found = find(tmp_path, kernels)
    assert found.python == kernel
    assert "kernel 'ft'" in found.where
    found = find(tmp_path)
    assert found.python == command
    assert found.sentence() == ("Free-threaded Python 3.13.9 was found: python3.13t is on the "
                                "PATH.")  # fmt: skip


@needs_the_gil
def test_a_wrong_variable_is_told_and_the_search_goes_on(fake, tmp_path):
    found = find(tmp_path, **{VARIABLE: sys.executable})
    assert found.python is None
    assert found.sentence().startswith(f"{VARIABLE} names nothing that will do: ")
    assert "with the GIL" in found.sentence()
    command = fake("python3.14t", FREE)
    found = find(tmp_path, **{VARIABLE: str(tmp_path / "gone")})
    assert found.python == command
    assert "can't be started" in found.sentence()


@needs_the_gil
def test_with_none_it_says_how_to_get_one(fake, tmp_path):
    fake("python3.14t", FREE | {"gil": True})
    sentence = find(tmp_path).sentence()
    for part in ("No free-threaded Python", "python-freethreading", "uv python install 3.14t",
                 "needs the internet", VARIABLE):  # fmt: skip
        assert part in sentence


def test_a_free_threaded_kernel_finds_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(elsewhere, "ask", lambda python: FREE)
    found = find(tmp_path)
    assert found.python == sys.executable
    assert "this kernel" in found.sentence()


def test_the_kernels_of_this_machine_are_asked_without_harm():
    assert isinstance(find_free_threaded(), Found)


# --- two columns -----------------------------------------------------------------------------


def test_each_interpreter_runs_everything(worker):
    other = Worker()
    try:
        found = run_side_by_side(Rounds([worker, other]), [work.compute(ms=3), work.sleep(ms=1)],
                                 (1, 2), repeats=2)  # fmt: skip
    finally:
        other.close()
    assert found.titles() == [LABELS["compute"], work.sleep(ms=1).title]
    for side in found.sides:
        assert all({n: len(runs) for n, runs in by.items()} == {0: 2, 1: 2, 2: 2}
                   for by in side.runs.values())  # fmt: skip
        assert not side.recorded
    # measured in turn, so their sequential runs may be compared; equal results, so no note
    assert found.slower(LABELS["compute"]).pairs == 2
    assert found.notes == []


def test_another_version_is_a_column_too(worker):
    python = other_python()
    if python is None:
        pytest.skip("no other Python from 3.11 on is installed here")
    other = Worker(python)
    try:
        found = compare_interpreters(Rounds([worker, other]), work.compute(ms=3), (2,),
                                     Found(python, "x", "a stand-in"))  # fmt: skip
    finally:
        other.close()
    assert len({side.machine.python for side in found.sides}) == 2
    assert found.notes == ["Free-threaded Python x was found: a stand-in."]


@needs_the_gil
def test_without_one_the_column_is_recorded_and_says_so(worker):
    found = compare_interpreters(Rounds([worker]), [work.compute(ms=3)], (2,), Found(None))
    live, recorded = found.sides
    assert (live.recorded, recorded.recorded) == (False, True)
    assert recorded.name == WITHOUT
    assert list(recorded.runs) == list(live.runs)
    assert found.slower(LABELS["compute"]) is None
    text = "\n".join(found.summary())
    for part in ("Recorded, not measured here", recorded.machine.when, recorded.machine.python,
                 recorded.cpu, "2 cores", "No free-threaded"):  # fmt: skip
        assert part in text
    assert "recorded: Python" in shown(found)


def test_an_interpreter_that_fails_is_replaced_by_the_recorded_one(worker, tmp_path):
    broken = Worker(str(tmp_path / "gone"))
    found = compare_interpreters(Rounds([worker, broken]), [work.compute(ms=3)], (2,),
                                 Found("x", "3.14.9", "a fake"))  # fmt: skip
    assert [side.recorded for side in found.sides] == [False, True]
    assert "failed:" in found.notes[0]
    with pytest.raises(RunError):
        compare_interpreters(Rounds([broken]), [work.compute(ms=3)], (2,), Found(None))


def shown(result):
    """All words of the figure of a result; the fragment holds its table as well."""
    html = ShownSideBySide.of(result)._repr_html_()
    assert "could not be drawn" not in html
    return "".join(ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.S)[0]).itertext())


@pytest.mark.parametrize(
    ("workloads", "threads", "message"),
    [
        ([], (1,), "workloads is a list"),
        ([len], (1,), "workloads is a list"),
        ([work.compute(ms=1), work.compute(ms=2)], (1,), "stands in the list twice"),
        ([work.compute(ms=1)], (), "threads is empty"),
        ([work.compute(ms=1)], (0,), "whole number from 1"),
        ([work.compute(ms=1)], None, "threads is a list"),
        ([replace(work.compute(ms=1), spec=None)], (1,), "can't travel"),
    ],
)
def test_what_cannot_be_compared_is_said(worker, workloads, threads, message):
    with pytest.raises(BadRequest, match=message):
        run_side_by_side(Rounds([worker, worker]), workloads, threads)


# --- the recorded run ------------------------------------------------------------------------


def test_the_recorded_run_is_one_that_the_tool_would_write():
    found = recorded_run()
    assert complaints(found) == []
    assert found.notes == []
    assert [side.name for side in found.sides] == [WITH_GIL, WITHOUT]
    assert found.titles() == list(LABELS.values())
    assert found.threads == record_free_threaded.THREADS
    assert found.as_dict() == json.loads(RECORDED.read_text())
    for side in found.sides:
        assert side.cpu
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", side.machine.when)
        assert side.machine.free_threaded_build is (side.name == WITHOUT)
        for by in side.runs.values():
            assert all(wall > 0 and 0 <= cores <= side.machine.cores + 0.2
                       for runs in by.values() for wall, cores in runs)  # fmt: skip
    # what no noise can produce: Python threads on more than one core, only without the GIL
    python = LABELS["compute"]
    assert found.sides[0].cores(python, 2) <= 1.1
    assert found.sides[1].cores(python, 2) > 1.3
    assert "one thread" in "".join(found.summary())
    assert "1 thread" in shown(found)


def side(name, gil, rounds=9):
    runs = {n: [(0.1 / (n or 1), 1.0)] * rounds for n in (0, 1, 2)}
    machine = replace(MACHINE, gil=gil)
    return Side(name, machine, "a CPU", {"pure Python": runs})


def test_a_bad_recording_is_refused():
    good = SideBySide((1, 2), [side(WITH_GIL, True), side(WITHOUT, False)], 1.9, 0.05)
    assert complaints(good) == []
    for change, word in [
        ({"foreign": 0.3}, "quiet"), ({"foreign": None}, "quiet"), ({"control": 1.2}, "core"),
        ({"control": None}, "core"), ({"threads": (1, 2, 4)}, "numbers of threads"),
        ({"sides": good.sides[::-1]}, "must have a GIL"),
        ({"sides": [side(WITH_GIL, True, 8), side(WITHOUT, False)]}, "9 rounds"),
    ]:  # fmt: skip
        assert word in " ".join(complaints(replace(good, **change))), change
    uneven = deepcopy(good)
    uneven.sides[1].runs["pure Python"][2].pop()
    assert "rounds of everything" in complaints(uneven)[0]


@needs_the_gil
def test_the_tool_refuses_what_has_a_gil(capsys):
    assert record_free_threaded.main([sys.executable, sys.executable]) == 1
    assert "with the GIL" in capsys.readouterr().err
    assert record_free_threaded.main([]) == 2
