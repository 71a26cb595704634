"""The simulated clock: durations are exact, blocking is seen, and nothing hangs."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import textwrap
import threading
import time

import cloudpickle
import pytest

from helpers.checks.finding import Wrong
from helpers.checks.simulated import Work, awaited, shortest
from helpers.checks.standing import ended_within, standing_in
from helpers.checks.virtual import Outcome, run_virtually, sleep_observed
from helpers.worker.travel import as_code
from tests.harness.labserver import REPO
from tests.labs.cell import cell

REAL_SLEEP = time.sleep


@pytest.fixture(autouse=True)
def nothing_left():
    """No test leaves a clock or a thread behind."""
    threads = set(threading.enumerate())
    yield
    assert time.sleep is REAL_SLEEP
    assert not standing_in
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)  # a closed loop's pool ends soon
        assert not thread.is_alive()


# --- durations -----------------------------------------------------------------------------


async def one_sleep():
    await asyncio.sleep(1.5)
    return asyncio.get_running_loop().time()


async def hundred_at_once():
    await asyncio.gather(*(asyncio.sleep(k / 100) for k in range(101)))


async def hundred_in_a_row():
    for _ in range(100):
        await asyncio.sleep(0.1)


async def timeout_in_time():
    async with asyncio.timeout(2):
        await asyncio.sleep(0.25)


async def timeout_too_late():
    try:
        async with asyncio.timeout(2):
            await asyncio.sleep(100)
    except TimeoutError:
        await asyncio.sleep(0.5)


async def waited_for():
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 3)
    except TimeoutError:
        return "late"


async def two_permits():
    permits = asyncio.Semaphore(2)

    async def one():
        async with permits:
            await asyncio.sleep(1)

    await asyncio.gather(*(one() for _ in range(7)))


async def through_a_queue():
    queue = asyncio.Queue(maxsize=1)

    async def take():
        while await queue.get():
            await asyncio.sleep(0.5)

    async with asyncio.TaskGroup() as group:
        group.create_task(take())
        for _ in range(6):
            await queue.put(1)
        await queue.put(0)


async def a_minute():
    for _ in range(60):
        await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("main", "seconds"),
    [(one_sleep, 1.5), (hundred_at_once, 1.0), (hundred_in_a_row, 10.0), (timeout_in_time, 0.25),
     (timeout_too_late, 2.5), (waited_for, 3.0), (two_permits, 4.0), (through_a_queue, 3.0),
     (a_minute, 60.0)],
)  # fmt: skip
def test_durations_are_exact(main, seconds):
    for _ in range(3):
        outcome = run_virtually(main)
        assert outcome.error is None
        assert (outcome.seconds, outcome.blocked, outcome.left) == (seconds, 0.0, [])


def test_what_the_coroutine_gives_and_raises_is_in_the_outcome():
    assert run_virtually(one_sleep).value == 1.5
    assert run_virtually(waited_for).value == "late"

    async def fails():
        await asyncio.sleep(1)
        raise KeyError("lost")

    outcome = run_virtually(fails)
    assert isinstance(outcome.error, KeyError)
    assert (outcome.seconds, outcome.value, outcome.deadlocked) == (1.0, None, False)


def test_waiting_costs_next_to_nothing():
    """CPU time, and far more of it than needed: a clock on the wall would be no test."""
    before = time.process_time()
    assert run_virtually(a_minute).seconds == 60
    assert time.process_time() - before < 5


def test_order_is_that_of_the_timers():
    async def main():
        order = []

        async def one(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*map(one, (3, 1, 2, 0.5)))
        return order

    assert run_virtually(main).value == [0.5, 1, 2, 3]


# --- polling -------------------------------------------------------------------------------


def test_who_polls_with_sleep_0_sees_time_pass_exactly():
    """On a real clock such a program ends; so it must here."""

    async def main():
        task = asyncio.create_task(asyncio.sleep(2.5))
        gone = asyncio.create_task(asyncio.sleep(1))
        await asyncio.sleep(0)
        gone.cancel()  # its timer stays in the heap: no moment to go to
        while not task.done():
            await asyncio.sleep(0)

    assert run_virtually(main).seconds == 2.5


def test_sleep_0_takes_no_time():
    async def main():
        other = asyncio.create_task(asyncio.sleep(5))
        for _ in range(50):
            await asyncio.sleep(0)
        other.cancel()

    assert run_virtually(main).seconds == 0


# --- blocking ------------------------------------------------------------------------------

BLOCKING = """
import asyncio
{before}

async def main():
    {inside}
    await asyncio.sleep(1)
    {call}
"""


@pytest.mark.parametrize(
    ("before", "inside", "call"),
    [
        ("import time", "", "time.sleep(0.25)"),
        ("import time as t", "", "t.sleep(0.25)"),
        ("from time import sleep", "", "sleep(0.25)"),
        ("from time import sleep as nap", "", "nap(0.25)"),
        ("", "import time", "time.sleep(0.25)"),
        ("", "from time import sleep as nap", "nap(0.25)"),
        ("import time; naps = [time.sleep]", "", "naps[0](0.25)"),
    ],
)
def test_a_blocking_sleep_is_found_however_it_was_imported(before, inside, call):
    """As grade does it: packed as code in the kernel, unpacked where the sleep is observed."""
    code = as_code(cell(BLOCKING.format(before=before, inside=inside, call=call), "main"))
    with sleep_observed():
        outcome = run_virtually(cloudpickle.loads(code))
    assert outcome.error is None
    assert (outcome.seconds, outcome.blocked) == (1.25, 0.25)
    assert len(outcome.blocked_at) == 1
    assert call in outcome.blocked_at[0]


def test_a_blocking_sleep_holds_the_others_up():
    async def main():
        async def other():
            await asyncio.sleep(0.5)
            return asyncio.get_running_loop().time()

        task = asyncio.create_task(other())
        await asyncio.sleep(0.25)
        time.sleep(2)  # noqa: ASYNC251 - it is to be found
        return await task

    outcome = run_virtually(main)
    assert (outcome.value, outcome.blocked) == (2.25, 2.0)


def test_other_threads_sleep_as_ever():
    async def main():
        began = time.monotonic()
        await asyncio.to_thread(time.sleep, 0.05)
        return time.monotonic() - began

    outcome = run_virtually(main)
    assert outcome.value >= 0.05
    assert outcome.blocked == 0


def test_a_sleep_that_polls_for_ever_is_ended():
    async def main():
        while True:
            time.sleep(0.1)  # noqa: ASYNC251 - it is to be found

    outcome = run_virtually(main)
    assert outcome.deadlocked
    assert 600 <= outcome.blocked < 601
    assert len(outcome.blocked_at) == 1


def test_a_negative_sleep_raises_as_ever():
    async def main():
        time.sleep(-1)  # noqa: ASYNC251 - it is to be refused

    assert isinstance(run_virtually(main).error, ValueError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_comes_through_and_leaves_nothing_patched(error):
    async def main():
        raise error

    with pytest.raises(error):
        run_virtually(main)
    assert time.sleep is REAL_SLEEP


def test_what_is_no_coroutine_leaves_nothing_patched():
    with pytest.raises(TypeError):
        run_virtually(lambda: 3)
    assert time.sleep is REAL_SLEEP


# --- deadlocks, and what is left -----------------------------------------------------------


async def nobody_sets_it():
    await asyncio.sleep(1)
    await asyncio.Event().wait()


async def nobody_puts():
    await asyncio.Queue().get()


async def permit_lost():
    permits = asyncio.Semaphore(1)
    await permits.acquire()
    await permits.acquire()


async def for_each_other():
    async def wait_for(name):
        await tasks[name]

    tasks = {"a": asyncio.create_task(wait_for("b")), "b": asyncio.create_task(wait_for("a"))}
    await asyncio.sleep(0)
    await asyncio.wait(tasks.values())


async def years():
    while True:
        await asyncio.sleep(10_000)


@pytest.mark.parametrize(
    ("main", "line"),
    [(nobody_sets_it, "await asyncio.Event().wait()"), (nobody_puts, "await asyncio.Queue().get()"),
     (permit_lost, "await permits.acquire()"), (for_each_other, "await tasks[name]"),
     (years, "await asyncio.sleep(10_000)")],
)  # fmt: skip
def test_a_deadlock_is_reported_at_once_with_its_line(main, line, monkeypatch):
    monkeypatch.setattr("helpers.checks.virtual.PATIENCE_S", 60)  # not waited for: no thread runs
    outcome = run_virtually(main)
    assert outcome.deadlocked
    assert any(line in one for one in outcome.standing)


def test_a_thread_that_still_works_is_no_deadlock():
    for _ in range(3):  # the pool of the loop before may be ending
        outcome = run_virtually(lambda: asyncio.to_thread(lambda: time.sleep(0.1) or "done"))
        assert outcome.error is None
        assert outcome.value == "done"


def test_threads_of_before_do_not_hide_a_new_one():
    """One that ends meanwhile must not make up for one that has begun."""
    gate = threading.Event()
    before = threading.Thread(target=gate.wait)
    before.start()

    async def main():
        gate.set()
        before.join()
        return await asyncio.to_thread(lambda: REAL_SLEEP(0.1) or "done")

    assert run_virtually(main).value == "done"


def test_tasks_that_are_left_are_named_and_cancelled():
    ended = []

    async def main():
        async def forgotten():
            try:
                await asyncio.sleep(100)
            finally:
                ended.append("forgotten")

        tasks = [asyncio.create_task(forgotten()) for _ in range(2)]
        await asyncio.sleep(1)
        return len(tasks)

    outcome = run_virtually(main)
    assert outcome.left == ["forgotten", "forgotten"]
    assert ended == ["forgotten", "forgotten"]
    assert outcome.seconds == 1.0


def test_a_task_that_was_cancelled_but_not_awaited_is_not_left():
    """It ends at the same moment, some turns of the loop later: one for each task inside."""

    async def nested(depth):
        await (asyncio.create_task(nested(depth - 1)) if depth else asyncio.sleep(100))

    async def main():
        task = asyncio.create_task(nested(3))
        await asyncio.sleep(1)
        task.cancel()

    assert run_virtually(main).left == []


@pytest.mark.parametrize("wait", [0, 1, 1_000])
def test_a_task_that_swallows_cancellation_does_not_hang(wait):
    async def main():
        async def stubborn():
            while True:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(wait)

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(1)
        return task.get_name()

    outcome = ended_within(run_virtually, main)
    assert outcome.left == ["stubborn"]


def test_what_never_ends_is_ended_from_outside_with_its_line():
    """In a process of its own, for the threads go on."""
    code = """
        import asyncio, os, sys
        from helpers.checks.finding import Wrong
        from helpers.checks.standing import ended_within
        from helpers.checks.virtual import run_virtually
        from tests.labs.cell import cell

        for text in ("await asyncio.sleep(0)", "pass"):
            main = cell(f"import asyncio\\nasync def main():\\n    while True:\\n        {text}",
                        "main")
            try:
                ended_within(run_virtually, main, seconds=1, doing="It")
            except Wrong as wrong:
                print(wrong.observed)
        sys.stdout.flush()
        os._exit(0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=REPO, timeout=60,
                          capture_output=True, text=True, check=True)  # fmt: skip
    polling, computing = done.stdout.splitlines()
    # between two tasks or in the midst of one: that is the moment's choice
    assert re.search(r"(a task|solution) stands in line 4: await asyncio\.sleep\(0\)", polling)
    assert "solution stands in line " in computing
    assert "while True:" in computing or "pass" in computing


def test_a_busy_machine_gives_more_time_to_what_computes_and_none_to_what_waits():
    """Here all that computes is starved, since nothing is CPU time enough."""
    code = """
        import os, sys, threading, time
        from helpers.checks import standing
        from helpers.checks.finding import Wrong

        standing.FAIR = standing.MOST = 1_000_000

        def computes(cpu_s):
            end = time.thread_time() + cpu_s
            while time.thread_time() < end:
                pass
            return "done"

        def said(function, *args):
            try:
                print(standing.ended_within(function, *args, seconds=0.05))
            except Wrong as wrong:
                print(wrong.observed)

        said(computes, 0.4)
        said(threading.Event().wait)
        standing.MOST = 1
        said(computes, 1_000)
        sys.stdout.flush()
        os._exit(0)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=REPO, timeout=60,
                          capture_output=True, text=True, check=True)  # fmt: skip
    first, *others = done.stdout.splitlines()
    assert first == "done"
    assert [text.split(":")[0] for text in others] == ["Deadlock or endless loop"] * 2


# --- a learner's coroutine -----------------------------------------------------------------


def work_of(*seconds: float) -> Work:
    return Work(dict(enumerate(seconds)), name="handle")


def test_work_counts_who_is_in_progress():
    work = work_of(1, 2, 3)

    async def main(handle):
        await asyncio.gather(handle(0), handle(1))
        return await handle(2)

    outcome = awaited(main, work.function, doing="main", work=work)
    assert isinstance(outcome, Outcome)
    assert (outcome.value, outcome.seconds, work.peak) == ("page of 2", 5.0, 2)
    assert (work.begun, work.begun_at, work.ended) == ([0, 1, 2], [0, 0, 2], [0, 1, 2])


def test_an_item_that_is_none_is_said_even_if_nobody_asks_the_task():
    work = work_of(1)

    async def main(handle):
        await asyncio.gather(handle(0), handle(None), return_exceptions=True)

    with pytest.raises(Wrong, match="handle was called with None"):
        awaited(main, work.function, doing="main", work=work)


@pytest.mark.parametrize("made", [3, None, [1]])
def test_what_can_not_be_awaited_is_said(made):
    with pytest.raises(Wrong, match="nothing to await"):
        awaited(lambda: made, doing="it")


@pytest.mark.parametrize(
    ("durations", "limit", "seconds"),
    [((1, 1, 1), 1, 3), ((1, 1, 1), 5, 1), ((3, 1, 1, 1), 2, 3), ((), 2, 0)],
)
def test_the_shortest_time_is_that_of_a_list_schedule(durations, limit, seconds):
    assert shortest(durations, limit) == seconds
