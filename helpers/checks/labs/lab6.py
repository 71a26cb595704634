"""Lab 6, summary: a pipeline that waits, ends and fails well; and a rule for which model.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from ..feeding import Source
from ..finding import Wrong
from ..lab import Lab, Step
from ..recommending import check_recommend
from ..simulated import Work, awaited, demand_none_left, demand_value, shortest
from ..standing import failed
from ..virtual import Outcome

ONE_AT_A_TIME = (
    "Each worker is a task of its own, and takes an item as soon as it is free. Whoever awaits "
    "handle where the items are put works alone."
)
#: Thirty items whose times differ: in batches of three it would be 15 s.
SECONDS = dict(enumerate((1.5, 1.0, 0.5) * 10))


def _went_through(outcome: Outcome, source: Source, handle: Work, workers: int, maxsize: int,
                  doing: str) -> None:  # fmt: skip
    """Raise Wrong unless every item was handled once, by so many workers, behind a queue."""
    demand_value(outcome, doing)
    if outcome.left and len(handle.ended) < len(handle.seconds):
        demand_none_left(outcome, doing)
    handle.demand_each_once(doing, "handled")
    source.demand_backpressure(handle, maxsize, doing)
    if handle.peak > workers:
        raise Wrong(f"{handle.peak} items were handled at once; there are {workers} "
                    f"worker{'s' if workers > 1 else ''}.",
                    "A worker awaits handle(item) before it takes the next item. A task for "
                    "every item has no limit.")  # fmt: skip
    if handle.peak < workers:
        raise Wrong(f"At most {handle.peak} of {workers} workers were busy at once. It took "
                    f"{outcome.seconds:g} s.", ONE_AT_A_TIME)  # fmt: skip
    demand_none_left(outcome, doing)
    least = shortest((handle.seconds[item] for item in handle.begun), workers)
    if outcome.seconds != least:
        raise Wrong(f"It took {outcome.seconds:g} s; with {workers} workers that are busy all the "
                    f"time it is {least:g} s.",
                    "A worker that is free takes the next item. In batches, or with shares made "
                    "beforehand, the quick ones wait for the slow one.")  # fmt: skip
    source.demand_room(handle, maxsize, doing)


def check_hand_over(hand_over: Callable) -> str:
    """One consumer; the queue holds the producer back, and the sentinel ends the consumer."""
    handle, doing = Work(dict.fromkeys(range(8), 1.0), name="handle"), "hand_over"
    source = Source(list(handle.seconds))
    outcome = awaited(hand_over, source.plain(), handle.function, doing=doing, work=handle)
    _went_through(outcome, source, handle, 1, 2, doing)
    return (
        "All 8 items went through the queue, each handled once. It never held more than 2, and "
        "the consumer ended at the sentinel."
    )


def check_share_out(share_out: Callable) -> str:
    """Three workers, and all of them end."""
    seconds = dict(enumerate((1.5, 1.0, 0.5) * 4))
    handle, doing = Work(seconds, name="handle"), "share_out"
    source = Source(list(seconds))
    outcome = awaited(share_out, source.plain(), handle.function, 3, doing=doing, work=handle)
    _went_through(outcome, source, handle, 3, 2, doing)
    return (
        f"12 items, 3 workers, {outcome.seconds:g} s: each item was handled once, and each "
        f"worker got a sentinel of its own."
    )


# --- step 3 --------------------------------------------------------------------------------


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _failed_together(outcome: Outcome, error: Exception, at: float, handle: Work, doing: str,
                     who: str) -> None:  # fmt: skip
    """Raise Wrong unless `error` came out at the moment `at`, and nothing was left."""
    demand_none_left(outcome, doing)
    if outcome.error is None:
        raise Wrong(f"{who} raised {type(error).__name__}, and the pipeline came back as if "
                    f"nothing had happened, after {outcome.seconds:g} s.",
                    "An exception that is caught and forgotten, or kept in a task that nobody "
                    "asks, is lost. A TaskGroup raises it.")  # fmt: skip
    if error not in _leaves(outcome.error):
        raise failed(outcome.error, f"{who} raised {type(error).__name__}, but the "
                     f"pipeline") from outcome.error  # fmt: skip
    if outcome.seconds != at:
        raise Wrong(f"{who} raised {type(error).__name__} after {at:g} s, and the pipeline ended "
                    f"only after {outcome.seconds:g} s.",
                    "All end together: when one fails, the others are cancelled at once. A "
                    "TaskGroup does that.")  # fmt: skip


def check_pipeline(pipeline: Callable) -> str:
    """Every item once, a bounded queue, a clean end; and one failure ends all."""
    doing, handle = "pipeline", Work(SECONDS, name="handle")
    source = Source(list(SECONDS))
    outcome = awaited(pipeline, source.awaited(), handle.function, 3, 5, doing=doing, work=handle)
    _went_through(outcome, source, handle, 3, 5, doing)
    took = outcome.seconds

    burnt = ValueError("item 3 is burnt")
    handle = Work({**dict.fromkeys(range(12), 1.0), 3: 0.5}, {3: burnt}, name="handle")
    source, doing = Source(list(handle.seconds)), "pipeline, where handle fails,"
    outcome = awaited(pipeline, source.awaited(), handle.function, 2, 2, doing=doing, work=handle)
    if handle.peak != 2 or source.ahead(handle) > 3:
        raise Wrong(f"With workers=2 and maxsize=2, {handle.peak} items were handled at once, and "
                    f"the source was {source.ahead(handle)} ahead.",
                    "Use both arguments: they differ from call to call.")  # fmt: skip
    if not handle.failed_at:
        handle.demand_each_once(doing, "handled")
    at = handle.failed_at[0]
    _failed_together(outcome, burnt, at, handle, doing, "handle")

    closed = OSError("the source is closed")
    handle = Work(dict.fromkeys(range(12), 1.0), name="handle")
    source = Source(list(handle.seconds), every=0.25, fails_at=3, error=closed)
    doing = "pipeline, where the source fails,"
    outcome = awaited(pipeline, source.awaited(), handle.function, 3, 5, doing=doing, work=handle)
    _failed_together(outcome, closed, 1.0, handle, doing, "The source")
    return (
        f"30 items, 3 workers: each handled once, in {took:g} s, with the source never more than "
        f"5 items and one ahead. When handle or the source failed, all ended at that moment, "
        f"and the exception came out."
    )


LINES = {
    "A": "        for _ in range(workers):",
    "B": "            await queue.put(item)",
    "C": "    async def work():",
    "D": "async def share_out(items, handle, workers):",
    "E": "            group.create_task(work())",
    "F": "        await queue.put(None)",
    "G": "            await handle(item)",
    "H": "    queue = asyncio.Queue(maxsize=2)",
    "I": "        for item in items:",
    "J": "            await queue.put(None)",
    "K": "        while (item := await queue.get()) is not None:",
    "L": "        for _ in range(workers):",
    "M": "    async with asyncio.TaskGroup() as group:",
}

LAB = Lab(
    "lab-6-summary",
    "Summary: a pipeline",
    (
        Step(
            "A queue and a sentinel",
            check_hand_over,
            (
                "queue.put(...) gives a coroutine: what does it need, to run and to wait?",
                "The consumer ends when it gets None. Who puts it there, and when?",
                "The first blank is await queue.put(item), the second is await queue.put(None).",
            ),
            takes=("your function hand_over",),
        ),
        Step(
            "Several workers",
            check_share_out,
            (
                "Begin with def, the queue, and the function work. The TaskGroup comes after them.",
                "Inside the group: start the workers first. Who would take the items otherwise?",
                "One line is too many: a sentinel ends one worker. How many does it take for "
                "all of them?",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="share_out",
            names={"asyncio": asyncio},
        ),
        Step(
            "The whole pipeline",
            check_pipeline,
            (
                "Step 2 does most of it. What is different: async for, maxsize, and failures.",
                "Let one TaskGroup own all workers, and put the items inside its block. If one "
                "fails, the group cancels the others, and the put as well.",
                "One sentinel for each worker, after the last item. put may wait: that is the "
                "point of maxsize.",
            ),
            takes=("your function pipeline",),
        ),
        Step(
            "Which model?",
            check_recommend,
            (
                "Begin with what is true for one row only, as tasks == 1, and ask the larger "
                "questions after it.",
                "Does it mostly wait? Then: does its computing hold the loop, is there a library "
                "to await, are there thousands?",
                "Does it mostly compute? Then: is it too short, or too much to send? Only then "
                "comes the GIL. Run the check: it says which rows disagree, and why.",
            ),
            takes=("your function recommend",),
            optional=True,
        ),
    ),
)
