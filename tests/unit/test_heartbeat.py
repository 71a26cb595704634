"""The heartbeat beside ways to do a slow thing, their times, and the chapter's program."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cloudpickle
import pytest

from helpers.charts.loops.shown import ShownHeartbeats, ShownTimings
from helpers.experiment.loops.heartbeat import Heartbeats, run_heartbeat
from helpers.experiment.loops.timings import Timings, run_timings
from helpers.experiment.loops.ways import Ways, checked
from helpers.experiment.pace import VARIABLE
from helpers.experiment.request import BadRequest
from helpers.experiment.rounds import Rounds
from helpers.worker.errors import RunError, Stopped
from helpers.worker.ways import Heard, run_way
from helpers.workloads.builtin import count_steps
from tests.harness.sample_runs import MACHINE

# The functions below travel as code, as a notebook's do: no run imports this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

MS = 1_000_000
SCRIPT = Path(__file__).parents[2] / "notebooks" / "combining_script.py"


def heard(*beats, begin=0, end=100, stop=130):
    """A run of a way, all times in ms."""
    return Heard([t * MS for t in beats], begin * MS, end * MS, stop * MS)


def text_of(html):
    """All words of the picture in a fragment, and its description."""
    assert "could not be drawn" not in html
    svg = ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.S)[0])
    return "|".join(svg.itertext()), svg.get("aria-label")


async def quick():
    await asyncio.sleep(0)


async def blocking():
    time.sleep(0.06)  # noqa: ASYNC251 - that it blocks is the point


async def raising():
    raise KeyError("no such thing")


async def in_a_pool():
    with ProcessPoolExecutor(1) as pool:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(pool, count_steps, 1)
        yield
        print("in the pool")
        await loop.run_in_executor(pool, count_steps, 100)
        yield


# --- one run ---------------------------------------------------------------------------------


def test_a_blocked_loop_does_not_beat():
    run = run_way(blocking, True)
    assert run.beats[0] < run.begin < run.end < run.beats[-1] < run.stop
    assert not [t for t in run.beats if run.begin < t < run.end]
    assert run.took_s >= 0.06
    assert run.lag().max_ms >= 55, "at most one tick before the way begins it beat last"


def test_a_waiting_thread_leaves_the_loop_free():
    async def way():
        rung = threading.Event()
        asyncio.get_running_loop().call_later(0.03, rung.set)  # only a free loop gets there
        assert await asyncio.to_thread(rung.wait, 10)

    run = run_way(way, True)
    assert [t for t in run.beats if run.begin < t < run.end]


def test_only_what_stands_between_the_yields_is_measured():
    moments = {}

    async def way():
        try:
            moments["before"] = time.perf_counter_ns()
            yield
            await asyncio.sleep(0.01)
            moments["inside"] = time.perf_counter_ns()
            yield
        finally:
            moments["after"] = time.perf_counter_ns()

    run = run_way(way, True)
    assert moments["before"] < run.beats[0] < run.begin
    assert run.begin < moments["inside"] < run.end <= run.stop < moments["after"]


def test_with_one_yield_the_rest_is_measured():
    async def way():
        yield
        await asyncio.sleep(0)

    run = run_way(way, False)
    assert run.beats == []
    assert run.lag() is None
    assert run.took_s > 0


def test_a_way_must_come_to_its_yield():
    async def way():
        if len(sys.argv) < 0:
            yield

    with pytest.raises(ValueError, match="before it came to its yield"):
        run_way(way, True)


def test_the_lag_is_that_of_the_ways_own_time():
    # late by 20 long before the way, by 55 beside it, and after it once more
    run = heard(-60, -35, -5, 55, 103, 160, begin=0, end=100, stop=165)
    lag = run.lag()
    assert (lag.beats, lag.max_ms) == (2, 55)
    assert heard(-2, stop=130).lag().max_ms == 127, "never another beat: late to the end"


# --- several, repeated -------------------------------------------------------------------------


@pytest.fixture
def beats():
    """Three rounds of one way, one of another, and one that failed."""
    late = [heard(-1, 4 + n, 60, 99, 104, end=100) for n in (40, 10, 20)]
    steady = [heard(*range(-30, 130, 5))]
    return Heartbeats(MACHINE, {"frozen": late, "steady": steady, "bad": []},
                      {"bad": ("KeyError: 'x'", "Traceback of x")})  # fmt: skip


def test_the_round_in_the_middle_is_drawn(beats):
    assert beats.labels == ["frozen", "steady"]
    assert beats.latest("frozen") == [40, 41, 34]
    assert beats.late_ms("frozen") == 40
    assert beats.typical("frozen") is beats.runs["frozen"][0]
    assert beats.late_ms("steady") == 0
    assert "40 ms late beside frozen, 0.0 ms late beside steady" in beats.headline()
    assert "34 ms to 41 ms in 3 rounds" in str(ShownHeartbeats.of(beats))
    with pytest.raises(LookupError, match="KeyError"):
        beats.late_ms("bad")
    with pytest.raises(LookupError, match="choose among frozen, steady"):
        beats.late_ms("none")


def test_the_picture_has_a_lane_a_way_and_says_what_failed(beats):
    html = ShownHeartbeats.of(beats)._repr_html_()
    words, alt = text_of(html)
    assert [w for w in words.split("|") if w in ("frozen", "steady", "bad")] == [
        "frozen", "steady", "bad"]  # fmt: skip
    assert "failed: the reason stands below" in words
    assert "40 ms" in words
    assert "40 ms late beside frozen" in alt
    assert "bad failed. KeyError: &#x27;x&#x27;" in html
    assert "Traceback of x" in html


def test_a_loop_that_stood_still_is_named():
    found = Heartbeats(MACHINE, {"a <b>": [heard(-1, 101)], "free": [heard(*range(-5, 130, 5))]})
    html = ShownHeartbeats.of(found)._repr_html_()
    assert "Beside a &lt;b&gt; the loop stood still" in html
    assert "<b>" not in html


def test_a_failed_way_costs_its_own_lane_only(worker):
    ways = {"pool": in_a_pool, "raises": raising, "blocks": blocking}
    found = run_heartbeat(Rounds([worker]), ways, repeats=2)
    assert found.labels == ["pool", "blocks"]
    assert {label: len(runs) for label, runs in found.runs.items()} == {
        "pool": 2, "raises": 0, "blocks": 2}  # fmt: skip
    assert "no such thing" in found.failures()[0]
    assert "raise KeyError" in found.failed["raises"][1]
    assert found.printed["pool"] == "in the pool\n"
    assert found.late_ms("blocks") >= 55
    text_of(ShownHeartbeats.of(found)._repr_html_())


def test_a_way_that_hangs_is_ended(worker):
    async def hangs():
        await asyncio.Event().wait()

    found = run_heartbeat(Rounds([worker]), {"hangs": hangs, "quick": quick}, 1, time_box=2)
    assert found.labels == ["quick"]
    assert "Ended after 2 s, the time box" in found.failures()[0]


def test_where_every_way_fails_there_is_no_result(worker):
    with pytest.raises(RunError, match="no such thing") as raised:
        run_heartbeat(Rounds([worker]), {"a": raising, "b": raising}, 1)
    assert "raise KeyError" in raised.value.details


def test_what_cannot_be_sent_is_that_ways_failure(worker):
    thread = threading.Thread()

    async def joined():
        thread.join()

    found = run_heartbeat(Rounds([worker]), {"joined": joined, "quick": quick}, 1)
    assert "can't be sent" in found.failures()[0]


def test_a_stop_ends_it(worker, monkeypatch):
    monkeypatch.setenv(VARIABLE, "few")  # no further round could notice it
    rounds = Rounds([worker])

    async def long():
        await asyncio.sleep(30)

    timer = threading.Timer(0.5, rounds.stop)
    timer.start()
    with pytest.raises(Stopped):
        run_heartbeat(rounds, {"long": long}, 1, time_box=60)
    timer.join()


def test_a_rehearsal_has_one_round(worker, monkeypatch):
    monkeypatch.setenv(VARIABLE, "few")
    found = run_heartbeat(Rounds([worker]), {"quick": quick}, 5)
    assert len(found.runs["quick"]) == 1
    assert "late by" in found.summary()[0]


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({}, "Ways have names"),
        ([quick], "Ways have names"),
        ({1: quick}, "is a text"),
        ({"": quick}, "is a text"),
        ({"plain": time.sleep}, "async def without parameters"),
        ({"lambda": lambda: None}, "async def without parameters"),
        ({"one": asyncio.sleep}, "has parameters"),
        ({str(n): quick for n in range(21)}, "at most 20"),
    ],
)
def test_what_is_no_way_is_said(ways, message):
    with pytest.raises(BadRequest, match=message):
        checked(ways)


def test_a_way_that_was_called_already_is_told():
    called, generator = quick(), in_a_pool()
    for way in (called, generator):
        with pytest.raises(BadRequest, match=f"pass the function itself, {way.__name__}"):
            checked({"way": way})
    assert inspect.getcoroutinestate(called) == inspect.CORO_CLOSED


@pytest.mark.parametrize("options", [{"repeats": 0}, {"repeats": "many"}, {"time_box": -1}])
def test_bad_numbers_are_told(worker, options):
    with pytest.raises(BadRequest, match=next(iter(options))):
        run_heartbeat(Rounds([worker]), {"quick": quick}, **options)


# --- times -----------------------------------------------------------------------------------


def timed(**took_ms):
    runs = {label: [heard(begin=0, end=t) for t in times] for label, times in took_ms.items()}
    return Timings(MACHINE, runs, per=1000, control=1.0, controlled=True)


def test_times_stand_beside_the_first_way():
    found = timed(first=[100] * 6, second=[50] * 6)
    assert found.median("first") == pytest.approx(1e-4)
    assert found.verdict("second").ratio == pytest.approx(2)
    lines = found.summary()
    assert lines[0].startswith("Second is 2.0× as fast as first")
    assert "second core was not free" in lines[1]
    html = ShownTimings.of(found)._repr_html_()
    words, alt = text_of(html)
    assert "100 µs, median of 6" in words
    assert "time of one of 1,000" in words
    assert "Second is 2.0×" in alt
    assert "median, µs" in html


def test_times_are_measured_without_a_heartbeat(worker):
    ways = {"pool": in_a_pool, "raises": raising, "blocks": blocking}
    found = run_timings(Rounds([worker]), ways, repeats=2)
    assert found.labels == ["pool", "blocks"]
    assert all(run.beats == [] for label in found.labels for run in found.runs[label])
    assert min(found.took("blocks")) >= 0.06
    assert found.control is None
    text_of(ShownTimings.of(found)._repr_html_())
    with pytest.raises(BadRequest, match="per is a whole number"):
        run_timings(Rounds([worker]), ways, per=0)


def test_one_way_alone_has_a_time_and_no_verdict():
    assert timed(only=[50] * 3).summary()[0] == "only: 0.1 ms (median)."
    assert Ways(MACHINE).labels == []


# --- the chapter's program ---------------------------------------------------------------------


def test_the_program_runs_as_a_script_and_can_be_imported():
    n = 10**6
    expected = f"{(n - 1) * n * (2 * n - 1) // 6:,}"
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True,
                          timeout=60, check=True)  # fmt: skip
    assert expected in done.stdout
    code = "import combining_script as c; print(c.sum_of_squares(4))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=60, check=True, cwd=SCRIPT.parent,
                          env={"PYTHONDONTWRITEBYTECODE": "1"})  # fmt: skip
    assert done.stdout == "14\n", "importing it runs nothing"
