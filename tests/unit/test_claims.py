"""What the notebooks say, held by structure: overlap, order, identity, slices. No clocks.

Where a time appears it is a bound from below that physics gives (ten waits in a row can't
take less than ten waits), or a comparison of one run with itself.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import pairwise

import pytest

from helpers.measure.machine import gil_enabled, usable_cores
from helpers.measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, WAITING
from helpers.workloads import work

TASKS = 5
NS = 1_000_000


@pytest.fixture
def recorded(worker):
    """``recorded(workload, model)`` gives one recorded run of five tasks."""

    def run(workload, model, tasks=TASKS, cap=None):
        worker.load(workload)
        return worker.run(model, tasks, cap or tasks, detail=True)

    return run


def overlap_ns(intervals) -> int:
    """How long more than one of the ``(begin, end)`` intervals was open."""
    edges = sorted([(a, 1) for a, _ in intervals] + [(b, -1) for _, b in intervals])
    count, last, total = 0, 0, 0
    for at, step in edges:
        if count > 1:
            total += at - last
        count, last = count + step, at
    return total


def in_state(trace, *states):
    return [(a, b) for _, state, a, b in trace.rows() if state in states]


@pytest.mark.parametrize("model", ["asyncio", "threads", "asyncio+threads"])
def test_waits_overlap(recorded, model):
    run = recorded(work.sleep(60), model)
    assert run.trace.peak() == TASKS
    assert overlap_ns(in_state(run.trace, WAITING)) > 0


def test_one_after_another_never_overlaps(recorded):
    run = recorded(work.sleep(5), "sequential")
    assert run.trace.peak() == 1
    assert run.wall_s >= TASKS * 0.005
    assert list(run.trace.started) == sorted(run.trace.started)


@pytest.mark.parametrize("model", ["asyncio", "threads", "asyncio+threads", "sequential"])
def test_the_cap_holds(recorded, model):
    run = recorded(work.sleep(20), model, tasks=8, cap=3)
    assert run.trace.peak() == (1 if model == "sequential" else 3)


def test_asyncio_runs_everything_on_one_thread(recorded):
    run = recorded(work.sleep(5), "asyncio")
    assert run.usage.threads == 1
    assert set(run.trace.lanes) == {0}


def test_threads_run_on_threads_of_their_own(recorded):
    run = recorded(work.sleep(60), "threads")
    assert len(set(run.trace.lanes)) == TASKS
    assert run.usage.threads == TASKS + 1  # and the one that waits for them


@pytest.mark.skipif(not gil_enabled(), reason="without a GIL, Python code does run in parallel")
def test_threads_take_turns_at_python_code(recorded):
    run = recorded(work.compute(60), "threads")
    slices = in_state(run.trace, RUNNING)
    assert len(slices) > TASKS, "every thread must have been interrupted at least once"
    assert overlap_ns(slices) == 0
    assert run.trace.switches() >= TASKS


@pytest.mark.skipif(not gil_enabled(), reason="without a GIL nobody waits for it")
def test_a_thread_that_has_no_turn_is_ready_not_waiting(recorded):
    trace = recorded(work.compute(60), "threads").trace
    totals = trace.totals()
    assert totals[WAITING] == 0
    lives = sum(end - begin for begin, end in zip(trace.started, trace.ended, strict=True))
    assert totals[READY] + totals[RUNNING] == lives, "at every moment it runs or could"
    assert trace.peak() > 1
    assert totals[READY] > 0, "of threads at one GIL all but one have no turn"


def test_c_code_without_the_gil_overlaps(recorded, worker):
    """In one of a few runs: beside other programs two threads may never have two cores at once."""
    for _ in range(5):
        run = recorded(work.hashing(100), "threads", tasks=2)
        assert run.trace.peak() == 2
        if overlap_ns(in_state(run.trace, COMPUTING_IN_C)) > 0:
            return
    control = worker.call("helpers.measure.control:two_processes", 50, 3)["value"]
    if usable_cores() < 2 or control < 1.5:
        pytest.skip(f"no second core is free: two processes do {control:.1f} times as much")
    pytest.fail("two threads of C code without the GIL never ran at once")


def test_asyncio_computes_one_task_after_the_other(recorded):
    run = recorded(work.compute(10), "asyncio")
    assert run.trace.peak() == 1, "a coroutine that never awaits is not interrupted"
    assert overlap_ns(in_state(run.trace, RUNNING)) == 0


def test_a_blocking_call_holds_the_loop(recorded):
    run = recorded(work.blocking_sleep(20), "asyncio")
    assert run.trace.peak() == 1
    held = sum(b - a for a, b in in_state(run.trace, HELD))
    waited = sum(b - a for a, b in in_state(run.trace, WAITING))
    assert waited >= TASKS * 20 * NS
    assert held >= waited, "the task held the loop all the time that it waited"
    assert run.lag.max_ms >= 20


def test_awaiting_frees_the_loop(recorded):
    trace = recorded(work.sleep(40), "asyncio").trace
    held = sum(b - a for a, b in in_state(trace, HELD))
    assert held < sum(b - a for a, b in in_state(trace, WAITING)) / 10


def test_processes_are_processes(recorded):
    run = recorded(work.sleep(60), "processes", tasks=3)
    assert len(set(run.trace.lanes)) == 3
    assert run.trace.peak() == 3


@pytest.mark.parametrize(
    "make",
    [work.sleep, work.blocking_sleep, work.compute, work.hashing, work.compression],
    ids=lambda f: f.__name__,
)
def test_every_model_does_the_same_work(worker, make):
    worker.load(make(2))
    digests = {
        worker.run(model, 3, 3).digest
        for model in ("sequential", "asyncio", "threads", "asyncio+threads", "processes")
    }
    assert len(digests) == 1
    assert None not in digests


@pytest.mark.parametrize("model", ["sequential", "asyncio", "threads", "asyncio+threads"])
@pytest.mark.parametrize("make", [work.sleep, work.compute, work.hashing, work.mixed])
def test_intervals_of_a_task_never_overlap_and_lie_in_its_life(recorded, model, make):
    trace = recorded(make(8), model).trace
    for task in range(TASKS):
        rows = sorted((a, b) for t, state, a, b in trace.rows() if t == task and state != HELD)
        assert rows, f"task {task} was never seen"
        assert all(b1 <= a2 for (_, b1), (a2, _) in pairwise(rows))
        assert rows[0][0] >= trace.started[task]
        assert rows[-1][1] <= trace.ended[task] + NS
        covered = sum(b - a for a, b in rows)
        assert covered >= 0.9 * (trace.ended[task] - trace.started[task])


def test_stamps_are_in_order(recorded):
    for model in ("asyncio", "threads", "processes"):
        trace = recorded(work.sleep(5), model).trace
        for sub, start, end in zip(trace.submitted, trace.started, trace.ended, strict=True):
            assert 0 <= sub <= start < end <= trace.wall_ns


def test_the_step_recorder_puts_asyncio_back():
    from helpers.measure.steps import watch_steps

    run, loop_run = asyncio.events.Handle._run, asyncio.BaseEventLoop.run_forever

    async def main():
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)

    with watch_steps() as seen:
        asyncio.run(main())
    assert asyncio.events.Handle._run is run
    assert asyncio.BaseEventLoop.run_forever is loop_run
    assert "_run" not in vars(asyncio.events.TimerHandle)
    steps = list(seen.of_tasks())
    assert len([task for task, *_ in steps if task.get_coro().__name__ == "main"]) == 3


def test_the_switch_interval_is_left_alone(recorded):
    before = sys.getswitchinterval()
    recorded(work.compute(5), "threads")
    assert sys.getswitchinterval() == before
