"""The GIL X-ray, the convoy's partner, Amdahl's law, and the rounds that all of them use."""

from __future__ import annotations

import re
import socket
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from helpers.charts.gil.shown import ShownAmdahl, ShownTrips, ShownXRay
from helpers.experiment import rounds as rounds_module
from helpers.experiment.gil.amdahl import Amdahl, law, run_amdahl, thread_counts
from helpers.experiment.gil.xray import XRay, run_xray
from helpers.experiment.limits import limits
from helpers.experiment.request import BadRequest
from helpers.experiment.rounds import Rounds
from helpers.measure.gil import Spread, hand_offs, slices, together, turns
from helpers.measure.trace import READY, RUNNING, WAITING, Trace
from helpers.notebook.gil import round_trips
from helpers.services.partner import echo_partner
from helpers.services.service import ServiceError
from helpers.worker.errors import RunError, Stopped
from tests.harness.sample_runs import MACHINE, run

MS = 1_000_000


def traced(*rows):
    """A trace of (task, state, begin, end) in ms."""
    trace = Trace(2, 100 * MS)
    for task, state, begin, end in rows:
        trace.add(task, state, begin * MS, end * MS)
    return trace


def svg_of(html):
    """The picture in a fragment, parsed."""
    assert "could not be drawn" not in html
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.S)[0])


# --- what a trace tells --------------------------------------------------------------------


def test_a_slice_ends_in_a_hand_off_and_interruptions_do_not_count():
    trace = traced((0, RUNNING, 0, 3), (0, READY, 3, 4), (0, RUNNING, 4, 5), (1, RUNNING, 5, 15),
                   (0, WAITING, 5, 15), (0, RUNNING, 15, 16), (1, RUNNING, 16, 18))  # fmt: skip
    assert turns(trace) == [(0, 0, 5 * MS), (1, 5 * MS, 15 * MS), (0, 15 * MS, 16 * MS),
                            (1, 16 * MS, 18 * MS)]  # fmt: skip
    # the last turn of each task ended because its work did
    assert slices(trace) == [0.005, 0.010]
    assert hand_offs(trace) == 3
    assert together(trace) == 0


def test_without_a_gil_tasks_run_together():
    assert together(traced((0, RUNNING, 0, 10), (1, RUNNING, 5, 15))) == pytest.approx(5 / 15)
    assert together(traced()) == 0
    assert hand_offs(traced()) == 0


def test_a_spread_is_of_ranks():
    found = Spread.of([float(n) for n in range(101)])
    assert (found.low, found.middle, found.high, found.largest) == (10, 50, 90, 100)
    assert (found.count, found.total) == (101, 5050)
    with pytest.raises(ValueError, match="without a value"):
        Spread.of([])


# --- rounds --------------------------------------------------------------------------------


def test_rounds_interleave_and_keep_one_value_each(worker):
    order = []
    steps = {name: lambda name=name: order.append(name) or name for name in "abc"}
    with Rounds([worker]).held() as held:
        found = held.repeat(steps, 3)
    assert "".join(order) == "abccbaabc"
    assert found.values == {"a": ["a"] * 3, "b": ["b"] * 3, "c": ["c"] * 3}
    assert found.control is None


def test_a_round_beside_another_program_is_repeated(worker, monkeypatch):
    class Loads:
        # the second round is spoilt; it waits through one more loud window
        seen = iter([0.0, 0.9, 0.5, 0.1, 0.0, 0.0])

        def __init__(self, ours):
            pass

        def begin(self):
            pass

        def read(self):
            return next(self.seen)

    monkeypatch.setattr(rounds_module, "ForeignLoad", Loads)
    monkeypatch.setattr(rounds_module, "QUIET_WINDOW_S", 0)
    numbers = iter(range(10))
    with Rounds([worker]).held() as held:
        found = held.repeat({"n": lambda: next(numbers)}, 3)
    assert found.values == {"n": [0, 2, 3]}
    assert found.foreign == 0


def test_a_budget_leaves_enough_rounds_for_a_verdict(worker):
    with Rounds([worker]).held() as held:
        found = held.repeat({"n": lambda: 1}, 9, budget_s=0)
    assert len(found.values["n"]) == 6


def test_a_stop_ends_the_rounds(worker):
    rounds = Rounds([worker])
    with pytest.raises(Stopped), rounds.held() as held:
        held.repeat({"n": rounds.stop}, 2)
    with pytest.raises(Stopped), rounds.held():
        raise AssertionError("a stopped experiment began")


def test_what_limits_a_result_is_said():
    assert limits(2, 1.9, 0.1) == []
    assert "one usable core" in limits(1, None, None)[0]
    assert "second core was not free" in limits(2, 1.1, None)[0]
    assert "Other programs" in limits(2, None, 0.5)[0]


# --- the X-ray -----------------------------------------------------------------------------


def at_once(one, numbers):
    with ThreadPoolExecutor() as pool:
        for number in numbers:
            pool.submit(one, number)


def short_turns(one, numbers):
    sys.setswitchinterval(0.001)
    at_once(one, numbers)


def one_turn_each(one, numbers):
    sys.setswitchinterval(100)  # longer than any run: a task keeps its turn to its end
    at_once(one, numbers)


def nobody(one, numbers):
    pass


def test_the_xray_sees_turns_and_its_setting_dies_with_the_run(worker):
    # a fresh process of the same worker still has what it had before
    before = worker.call("sys:getswitchinterval")["value"]
    found = run_xray(Rounds([worker]), {1: short_turns, 5: at_once, 1000: one_turn_each},
                     tasks=2, ms=60, repeats=2)  # fmt: skip
    assert list(found.runs) == [1, 5, 1000]
    assert [len(runs) for runs in found.runs.values()] == [2, 2, 2]
    assert worker.call("sys:getswitchinterval")["value"] == before
    if found.machine.gil:
        # 1 ms beside 5 ms is a matter of clocks: on a busy machine a thread asks late for its turn
        assert min(found.hand_offs(1), found.hand_offs(5)) > found.hand_offs(1000) == 1
        assert found.together() < 0.05
        assert len(found.summary()) >= 2
    svg_of(ShownXRay.of(found)._repr_html_())


def test_without_a_gil_there_are_no_slices():
    rows = [(0, RUNNING, 0, 20), (1, RUNNING, 0, 20)]
    found = XRay(replace(MACHINE, gil=False), 2, {5: [run("5 ms", 2, 20.0, rows)]})
    assert "no slices: for 100 %" in found.summary()[0]
    html = ShownXRay.of(found)._repr_html_()
    assert "No GIL, no slices" in "".join(svg_of(html).itertext())


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ({}, {}, "models maps"),
        ([at_once], {}, "models maps"),
        ({0.1: at_once}, {}, "0.5 to 1000 ms"),
        ({"5": at_once}, {}, "0.5 to 1000 ms"),
        ({5: 5}, {}, "no function"),
        ({5: lambda: None}, {}, "takes"),
        ({5: at_once}, {"tasks": 1}, "tasks is a whole number"),
        ({5: at_once}, {"tasks": 6}, "tasks is a whole number"),
    ],
)
def test_what_cannot_be_xrayed_is_said(worker, models, options, message):
    with pytest.raises(BadRequest, match=message):
        run_xray(Rounds([worker]), models, **options)


def test_a_model_that_runs_nothing_is_told(worker):
    with pytest.raises(BadRequest, match="for every number"):
        run_xray(Rounds([worker]), {5: nobody}, ms=10)


# --- the convoy's partner --------------------------------------------------------------------


def test_the_partner_sends_back_what_it_gets():
    with echo_partner() as partner:
        lines = [socket.create_connection(("127.0.0.1", partner.port)) for _ in range(2)]
        for number, line in enumerate(lines):
            line.sendall(b"%d" % number)
        assert [line.recv(10) for line in lines] == [b"0", b"1"]
        for line in lines:
            line.close()
        assert partner.alive()
    assert not partner.alive()
    with pytest.raises(ServiceError, match="a delay from 0 to 1000"):
        echo_partner(ms=-1)


def test_round_trips_are_shown_beside_the_first():
    shown = round_trips({"alone": [1e-4] * 9, "beside": [5e-3] * 2000})
    assert "200 a second, 50× slower" in str(shown) == repr(shown)
    words = "".join(svg_of(shown._repr_html_()).itertext())
    assert "10,000 a second" in words
    assert "200 a second" in words
    assert isinstance(shown, ShownTrips)
    with pytest.raises(BadRequest, match="one time or more"):
        round_trips({"alone": []})


# --- Amdahl ----------------------------------------------------------------------------------


def lawful(share, threads):
    """A job that obeys the law exactly, without doing anything."""
    return share, share + (1 - share) / threads


def test_the_law():
    assert law(0, 4) == 4
    assert law(1, 4) == 1
    assert law(0.5, 2) == pytest.approx(4 / 3)


@pytest.mark.parametrize(("cores", "counts"), [(0.5, (1, 2)), (1, (1, 2)), (2, (1, 2)),
                                               (3, (1, 2, 3)), (64, (1, 2, 4, 8))])  # fmt: skip
def test_the_threads_go_up_to_the_cores(cores, counts):
    assert thread_counts(cores) == counts


def test_a_lawful_job_lies_on_the_law(worker):
    found = run_amdahl(Rounds([worker]), lawful, (0, 0.25), (2, 4), repeats=2)
    assert found.threads == (1, 2, 4)
    assert found.serial(0.25) == pytest.approx(0.25)
    for share in (0, 0.25):
        for threads in (2, 4):
            assert found.gain(share, threads).ratio == pytest.approx(law(share, threads))
    assert "never passes 4.0×" in " ".join(found.summary())
    words = "".join(svg_of(ShownAmdahl.of(found)._repr_html_()).itertext())
    assert "25 % serial" in words


def test_processes_are_called_processes(worker):
    found = run_amdahl(Rounds([worker]), lawful, (0.25,), (2,), repeats=1, kind="processes")
    shown = ShownAmdahl.of(found)._repr_html_()
    assert "2 processes gained" in shown
    assert "25 % asked, 1 process<" in shown
    assert "thread" not in "".join(svg_of(shown).itertext())
    with pytest.raises(BadRequest, match='kind="processes"'):
        run_amdahl(Rounds([worker]), lawful, kind="tasks")


def test_on_one_core_it_says_so():
    runs = {(0, 1): [(0.0, 1.0)] * 6, (0, 2): [(0.0, 1.0)] * 6}
    found = Amdahl(replace(MACHINE, cores=1), (0,), (1, 2), runs)
    assert "one usable core" in found.summary()[-1]


@pytest.mark.parametrize(
    ("job", "shares", "threads", "message"),
    [
        (None, (0,), None, "job is a function"),
        (lawful, (1,), None, "shares are parts"),
        (lawful, 5, None, "shares are parts"),
        (lawful, (0,), 2, "threads is a list"),
        (lambda share, threads: 1.0, (0,), (1,), "two times in seconds"),
        (lambda share, threads: (2, 1), (0,), (1,), "two times in seconds"),
    ],
)
def test_what_cannot_be_measured_is_said(worker, job, shares, threads, message):
    with pytest.raises(BadRequest, match=message):
        run_amdahl(Rounds([worker]), job, shares, threads, repeats=1)


def test_a_job_that_raises_is_told(worker):
    with pytest.raises(RunError, match="ZeroDivisionError"):
        run_amdahl(Rounds([worker]), lambda share, threads: 1 / 0, repeats=1)
