"""A pool's stairs, and the notes of who was in progress when: measured, said and drawn."""

from __future__ import annotations

import asyncio
import pickle
import re
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.charts.executors.shown import ShownStairs
from helpers.experiment import BadRequest
from helpers.experiment.executors import Stairs, default_size, job_counts, run_stairs
from helpers.experiment.rounds import Rounds
from helpers.measure.spans import Spans
from helpers.notebook.executors import lanes
from helpers.worker.errors import RunError
from tests.harness.sample_runs import MACHINE


def met(job, count, size):
    """`job` once `size` threads are at it, or all of `count` jobs: no thread does two before.

    On a busy machine one could, before the pool's last thread has started.
    """
    meeting = threading.Barrier(min(size, count))

    def meets():
        meeting.wait(timeout=60)
        job()

    return meets


async def in_the_loops_pool(job, count):
    meets = met(job, count, default_size())
    await asyncio.gather(*(asyncio.to_thread(meets) for _ in range(count)))


def in_three_threads(job, count):
    meets = met(job, count, 3)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(meets) for _ in range(count)]:
            future.result()


def svg_of(html):
    """The picture in a fragment, parsed."""
    assert "could not be drawn" not in html
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.S)[0])


def stairs_of(pool, counts, ms=10):
    """Stairs as they would be on a machine that wastes no time."""
    walls = {n: [-(-n // pool) * ms / 1e3] * 2 for n in counts}
    return ShownStairs(MACHINE, ms, walls, {n: min(n, pool) for n in counts})


# --- the stairs -----------------------------------------------------------------------------


def test_the_size_of_the_pool_is_seen(worker):
    found = run_stairs(Rounds([worker]), in_three_threads, [1, 3, 6], ms=20, repeats=2)
    assert found.threads == {1: 1, 3: 3, 6: 3}
    assert (found.pool, found.limited) == (3, True)
    assert [len(walls) for walls in found.walls.values()] == [2, 2, 2]
    # a wait is at least as long as was asked for: six jobs need two rounds
    assert min(found.walls[6]) >= 0.04


def test_an_async_function_uses_the_loops_own_pool(worker):
    most = 2 * default_size()
    found = run_stairs(Rounds([worker]), in_the_loops_pool, [most], ms=1, repeats=1)
    assert (found.pool, found.limited) == (default_size(), True)


def test_jobs_that_were_not_done_are_told_on(worker):
    def forgets(job, count):
        job()

    async def raises(job, count):
        raise ValueError("no bread")

    with pytest.raises(BadRequest, match=r"how\(job, 2\) did 1 jobs"):
        run_stairs(Rounds([worker]), forgets, [2], ms=1, repeats=1)
    with pytest.raises(RunError, match="no bread"):
        run_stairs(Rounds([worker]), raises, [2], ms=1, repeats=1)


@pytest.mark.parametrize(
    ("how", "options", "words"),
    [
        ("all", {}, "write async def how"),
        (in_three_threads, {"jobs": 20}, r"write jobs=range\(1, 21\)"),
        (in_three_threads, {"jobs": "20"}, r"write jobs=range\(1, 21\)"),
        (in_three_threads, {"jobs": []}, "jobs is empty"),
        (in_three_threads, {"jobs": [0]}, "too small"),
        (in_three_threads, {"jobs": [10**9]}, "too large"),
        (in_three_threads, {"ms": 0}, "write ms=25"),
        (in_three_threads, {"ms": "5"}, "write ms=25"),
        (in_three_threads, {"ms": float("nan")}, "write ms=25"),
        (in_three_threads, {"repeats": 0}, "too small"),
    ],
)
def test_bad_input_gets_a_sentence(how, options, words):
    with pytest.raises(BadRequest, match=words):
        run_stairs(Rounds([None]), how, **options)


@pytest.mark.parametrize("size", [1, 5, 6, 12, 20, 32])
def test_both_sides_of_every_edge_are_run(size):
    counts = job_counts(size)
    assert {1, size, size + 1, 2 * size, 2 * size + 1, 3 * size, 3 * size + 1} <= set(counts)
    assert len(counts) <= 34
    assert job_counts(6) == list(range(1, 21))


def test_the_steps_in_words():
    found = stairs_of(3, range(1, 8))
    assert found.steps() == [[1, 2, 3], [4, 5, 6], [7]]
    assert found.summary() == [
        "3 threads, and no more, did the jobs.",
        "Time taken by 1 to 3 jobs: 10 ms; 4 to 6 jobs: 20 ms; 7 jobs: 30 ms.",
    ]
    assert [found.expected(n) for n in (3, 4)] == [0.01, 0.02]


def test_the_stairs_are_drawn():
    html = stairs_of(3, range(1, 8))._repr_html_()
    words = svg_of(html).get("aria-label")
    assert "3 jobs took 10.0 ms, 4 took 20.0 ms" in words
    assert html.count("<tr>") == 1 + 7
    assert "Medians of 2 runs." in html


@pytest.mark.parametrize(
    ("pool", "counts"), [(6, [1, 2]), (1, [1]), (1, [1, 2, 3]), (2, [100, 200])]
)
def test_odd_stairs_are_drawn_too(pool, counts):
    found = stairs_of(pool, counts)
    svg_of(found._repr_html_())
    assert found.limited == (pool < counts[-1])
    if not found.limited:
        assert "Ask for more jobs" in str(found)


# --- the notes ------------------------------------------------------------------------------


def test_every_way_to_end_is_noted():
    async def main():
        notes = Spans()
        try:
            with notes("raises"):
                raise ValueError
        except ValueError:
            pass
        with notes("finishes"):
            pass

        async def waits():
            with notes("waits"):
                await asyncio.Event().wait()

        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        before = notes.outcomes()["waits"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return before, notes

    before, notes = asyncio.run(main())
    assert before == "in progress"
    assert notes.outcomes() == {
        "raises": "ValueError", "finishes": "finished", "waits": "cancelled",
    }  # fmt: skip
    assert notes.lanes() == ["raises", "finishes", "waits"]
    assert pickle.loads(pickle.dumps(notes)).outcomes() == notes.outcomes()


def test_notes_come_from_any_thread():
    notes, barrier = Spans(), threading.Barrier(4)

    def work(number):
        with notes(f"thread {number}"):
            barrier.wait(10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(notes.spans) == 4
    assert max(span.begin for span in notes.spans) <= min(span.end for span in notes.spans)


def test_a_gap_counts_up_to_the_last_note():
    notes = Spans()
    notes.marks = [("beat", 0.1), ("beat", 0.2), ("other", 0.25), ("beat", 0.3)]
    assert notes.gap("beat") == pytest.approx(0.1)
    with notes("held"):
        pass
    notes.spans[0].end = 0.9
    assert notes.gap("beat") == pytest.approx(0.6)
    assert notes.end() == 0.9
    with pytest.raises(KeyError, match="nothing was marked"):
        notes.gap("silent")


def noted():
    """Notes of every kind: an end of each sort, one that goes on, moments."""
    notes = Spans()
    for number, outcome in enumerate(["finished", "cancelled", "ValueError", ""]):
        with notes(f"lane <{number}>"):
            pass
        span = notes.spans[-1]
        span.begin, span.outcome = number / 100, outcome
        span.end = None if outcome == "" else 0.2
    notes.marks = [("beat", k / 20) for k in range(5)]
    return notes


def test_lanes_are_drawn_and_said():
    shown = lanes({"one": noted(), "two": noted()})
    html = shown._repr_html_()
    svg = svg_of(html)
    assert svg.get("aria-label") == str(shown)
    assert str(shown).startswith(
        "one: lane <0> finished at 200 ms, lane <1> was cancelled at 200 ms, lane <2> ended with "
        "ValueError at 200 ms, lane <3> is still in progress and beat: longest gap 50 ms. two:"
    )
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("lane <3>") == texts.count("still in progress") == 2
    assert "<lane" not in html
    assert html.count("<td>5 marks, longest gap 50 ms</td>") == 2


@pytest.mark.parametrize("wrong", [{}, None, {"a": 3}, {"a": Spans()}, [Spans()]])
def test_what_holds_no_notes_gets_a_sentence(wrong):
    with pytest.raises(BadRequest):
        lanes(wrong)


def test_stairs_show_themselves_as_text_too():
    found = stairs_of(2, [1, 2, 3])
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"] == str(found)
    assert isinstance(found, Stairs)
