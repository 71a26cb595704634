"""A trace from raw records: what counts as running, ready, waiting; cuts and gaps."""

from __future__ import annotations

import pytest

from helpers.measure.heartbeat import lag
from helpers.measure.recorder import Board, Recorder
from helpers.measure.trace import (
    COMPUTING_IN_C,
    HELD,
    READY,
    RUNNING,
    UNSEEN,
    WAITING,
    Trace,
    build,
)
from helpers.workloads import marks
from helpers.workloads.marks import GAP_NS, NATIVE, PYTHON, WAIT, Stamps

MS = 1_000_000


def board_of(*lives):
    """A board on which task k lived from ``lives[k][0]`` to ``lives[k][1]``, in ms."""
    board = Board(len(lives))
    for task, (begin, end) in enumerate(lives):
        board.submitted[task], board.started[task] = 1, begin * MS
        board.ended[task], board.thread[task] = end * MS, 100 + task
    return board


def rows(trace, task=0):
    found = [(s, a // MS, b // MS) for t, s, a, b in trace.rows() if t == task]
    return sorted(found, key=lambda row: row[1])


def test_without_marks_nothing_is_claimed():
    trace = build(board_of((1, 9)), [[]], 0, 10 * MS)
    assert rows(trace) == [(UNSEEN, 1, 9)]


def test_a_wait_that_was_over_before_the_thread_ran_again():
    trace = build(board_of((0, 9)), [[(WAIT, 0, 6 * MS, 9 * MS)]], 0, 10 * MS)
    # started[0] == 0 means "not yet" on a board, so this task begins at 1 ms
    assert rows(build(board_of((1, 9)), [[(WAIT, MS, 6 * MS, 9 * MS)]], 0, 10 * MS)) == [
        (WAITING, 1, 6),
        (READY, 6, 9),
    ]
    assert rows(trace) == []


def test_between_slices_a_task_was_ready():
    own = [(PYTHON, [(2 * MS, 4 * MS), (7 * MS, 8 * MS)])]
    assert rows(build(board_of((1, 9)), [own], 0, 10 * MS)) == [
        (READY, 1, 2),
        (RUNNING, 2, 4),
        (READY, 4, 7),
        (RUNNING, 7, 8),
        (READY, 8, 9),
    ]


def test_c_code_is_told_apart():
    own = [(NATIVE, [(1 * MS, 5 * MS)])]
    assert rows(build(board_of((1, 5)), [own], 0, 5 * MS)) == [(COMPUTING_IN_C, 1, 5)]


def test_times_count_from_the_start_of_the_run():
    trace = build(board_of((11, 19)), [[]], 10 * MS, 10 * MS)
    assert (trace.started[0], trace.ended[0]) == (1 * MS, 9 * MS)
    assert trace.submitted[0] <= 0


def test_steps_of_a_coroutine():
    steps = [(0, -1, 1 * MS, 3 * MS), (0, 7 * MS, 8 * MS, 9 * MS), (0, -1, 9 * MS, 10 * MS)]
    trace = build(board_of((1, 10)), [[]], 0, 10 * MS, steps)
    lane = [row for row in rows(trace) if row[0] != HELD]
    assert lane == [
        (RUNNING, 1, 3),
        (WAITING, 3, 7),
        (READY, 7, 8),
        (RUNNING, 8, 9),
        (RUNNING, 9, 10),
    ]
    assert [row[1:] for row in rows(trace) if row[0] == HELD] == [(1, 3), (8, 9), (9, 10)]


def test_a_blocking_wait_inside_a_step_holds_the_loop():
    steps = [(0, -1, 1 * MS, 9 * MS)]
    trace = build(board_of((1, 9)), [[(WAIT, 2 * MS, 8 * MS, 8 * MS)]], 0, 9 * MS, steps)
    assert (HELD, 1, 9) in rows(trace)
    assert (WAITING, 2, 8) in rows(trace)


def test_workers_that_run_several_numbers():
    """Two asyncio tasks empty a queue of four numbers: each step belongs to its number."""
    import asyncio

    from helpers.measure.steps import by_number, watch_steps

    recorder = Recorder(4, detail=True)

    async def nap(number):
        rested = asyncio.Event()
        asyncio.get_running_loop().call_soon(rested.set)  # in the loop's next pass: no clock
        await rested.wait()

    one = recorder.coroutine(nap)

    async def main():
        numbers = iter(recorder.numbers)

        async def worker():
            for number in numbers:
                await one(number)

        await asyncio.gather(worker(), worker())

    with watch_steps() as seen:
        asyncio.run(main())
    board = recorder.board
    steps = by_number(seen.of_tasks(), board.started, board.ended)
    assert {number for number, *_ in steps} == {0, 1, 2, 3}
    trace = build(board, recorder.marks, min(board.started), max(board.ended), steps)
    assert trace.peak() == 2
    for number in range(4):
        states = {state for task, state, _, _ in trace.rows() if task == number}
        assert {RUNNING, WAITING, HELD} <= states


def test_waiting_for_the_semaphore_is_not_drawn():
    """The task's first step ended at the semaphore; its work began at 5 ms."""
    steps = [(0, -1, 1 * MS, 2 * MS), (0, 4 * MS, 4 * MS, 6 * MS)]
    trace = build(board_of((5, 6)), [[]], 0, 6 * MS, steps)
    assert min(a for _, a, _ in rows(trace)) == 5


def test_a_short_turn_inside_anothers_slice_cuts_it():
    short = GAP_NS // 2
    inner = (5 * MS, 5 * MS + short)
    own = [[(PYTHON, [(1 * MS, 9 * MS)])], [(PYTHON, [inner])]]
    board = board_of((1, 9), (1, 9))
    trace = build(board, own, 0, 9 * MS, one_gil=True)
    running = sorted((a, b, t) for t, s, a, b in trace.rows() if s == RUNNING)
    assert running == [(1 * MS, inner[0], 0), (*inner, 1), (inner[1], 9 * MS, 0)]
    untouched = build(board, own, 0, 9 * MS, one_gil=False)
    assert sum(s == RUNNING for _, s, _, _ in untouched.rows()) == 2


def test_a_long_overlap_is_not_hidden():
    """Without a GIL, or with a wrong record, the overlap must stay visible."""
    own = [[(PYTHON, [(1 * MS, 9 * MS)])], [(PYTHON, [(2 * MS, 8 * MS)])]]
    trace = build(board_of((1, 9), (1, 9)), own, 0, 9 * MS, one_gil=True)
    running = sorted((a, b) for _, s, a, b in trace.rows() if s == RUNNING)
    assert running == [(1 * MS, 9 * MS), (2 * MS, 8 * MS)]


def test_stamps_cut_at_gaps(monkeypatch):
    clock = iter([0, 40_000, 80_000, 80_000 + GAP_NS + 1, 80_000 + GAP_NS + 40_000])
    monkeypatch.setattr(marks, "now", lambda: next(clock))
    stamps = Stamps()
    for _ in range(4):
        stamps.stamp()
    seen = []
    marks.attach(seen)
    stamps.done(PYTHON)
    marks.attach(None)
    assert seen == [(PYTHON, [(0, 80_000), (80_000 + GAP_NS + 1, 80_000 + GAP_NS + 40_000)])]


def test_the_most_in_flight():
    trace = build(board_of((1, 5), (2, 6), (5, 9)), [[], [], []], 0, 9 * MS)
    assert trace.peak() == 2, "one that ends when another starts is not beside it"


def test_switches_and_totals():
    trace = Trace(2, 10)
    for task, begin in ((0, 0), (1, 2), (1, 4), (0, 6)):
        trace.add(task, RUNNING, begin, begin + 2)
    trace.add(0, RUNNING, 9, 9)  # empty: not kept
    assert trace.switches() == 2
    assert trace.totals()[RUNNING] == 8


def test_a_killed_task_is_drawn_to_the_end():
    board = board_of((1, 0))
    board.ended[0] = 0
    assert rows(build(board, [[]], 0, 10 * MS)) == [(UNSEEN, 1, 10)]


@pytest.mark.parametrize(
    ("beats", "end", "expected"),
    [
        ([0, 5, 10, 15], 16, (3, 0, 0)),
        ([0, 5, 30, 35], 36, (3, 0, 20)),  # one beat 20 ms late
        ([0], 100, (1, 95, 95)),  # blocked to the end
        ([], 10, None),
    ],
)
def test_lag(beats, end, expected):
    found = lag([b * MS for b in beats], end * MS)
    if expected is None:
        assert found is None
    else:
        assert (found.beats, found.median_ms, found.max_ms) == expected


def test_the_time_weighted_lag_does_not_hide_a_block():
    beats = [*range(0, 50, 5), 90, 95, 100]  # 40 ms late once, in 100 ms
    found = lag([b * MS for b in beats], 101 * MS)
    assert found.median_ms == 0
    assert found.weighted_ms == pytest.approx(40 * 40 / 2 / 100)


def test_a_row_moves_between_recorders():
    there, here = Recorder(2, detail=True), Recorder(2, detail=True)
    there.blocking(lambda number: number + 10)(1)
    here.keep(there.row(1))
    assert here.results == [None, 11]
    assert here.board.ended[1] >= here.board.started[1] > 0
