"""Lab 4, when to use threads: Python code that computes needs processes.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from ..apart import Apart, workers_asked
from ..finding import Wrong
from ..lab import Lab, Step
from ..sent import Prices, Square, bake, bake_priced, keep
from ..simulated import shown
from ..standing import failed

ITEMS = 7
ALL_AT_ONCE = (
    "result() waits for the end of that one call. Submit all items first, then ask for the results."
)
MUST_TRAVEL = (
    "A function goes to another process by its name: the module and the name are pickled, and "
    "imported there. A lambda, a function inside a function or one of a notebook's cell has no "
    "such name. Submit the function that you were given, as it is."
)


def _explained(error: BaseException, doing: str) -> Wrong:
    """What a solution raised, with what usually lies behind it."""
    wrong, text = failed(error, doing), str(error)
    if isinstance(error, pickle.PicklingError) or "pickle" in text:
        wrong.points_at = MUST_TRAVEL
    elif type(error).__name__ == "BrokenProcessPool":
        wrong.points_at = (
            "A process of the pool ended at once. That happens when the initializer fails: "
            "initargs is a tuple of arguments, so one argument needs a comma: (shared,)."
        )
    elif isinstance(error, LookupError) and "keep(" in text:
        wrong.points_at = (
            "Each process has memory of its own. What is kept in one, another one does not "
            "have. ProcessPoolExecutor calls its initializer in every process that it starts."
        )
    return wrong


def _run(apart: Apart, solution: Callable, *args: Any, doing: str, **how: bool) -> Any:
    """What the solution gives. Raises Wrong for what it raises, and for calls in this process."""
    try:
        found = apart.attend(solution, *args, doing=doing, **how)
    except Wrong:
        raise
    except Exception as error:
        if not apart.here:
            raise _explained(error, doing) from error
        found = None
    if apart.here:
        raise Wrong(f"Item {apart.here[0]} was done in the process that called {doing} "
                    f"({os.getpid()}), not in one of a pool.",
                    "Threads are in their process, and share its GIL; and function(item) calls "
                    "the function right here. submit(function, item) to a pool of processes "
                    "hands both over.")  # fmt: skip
    return found


def _together(apart: Apart, workers: int, doing: str) -> None:
    if not apart.came:
        raise Wrong(f"{doing} did none of the items.", "Each item goes to the pool, by submit "
                    "or by map.")  # fmt: skip
    if apart.most > workers or len(apart.pids) > workers:
        raise Wrong(f"{max(apart.most, len(apart.pids))} processes worked; workers was {workers}.",
                    "max_workers=workers is the size of the pool; and one pool does for all "
                    "items.")  # fmt: skip
    if apart.most < workers:
        why = ("A pool without a size has as many processes as there are cores: "
               "max_workers=workers.") if apart.most > 1 else ALL_AT_ONCE  # fmt: skip
        raise Wrong(f"At most {apart.most} of {workers} workers had an item at once.", why)


def _clean(apart: Apart, doing: str) -> None:
    if apart.left or apart.unclosed:
        count = f"{apart.left} processes were" if apart.left != 1 else "a process was"
        raise Wrong(f"When {doing} had come back, {count} still there.",
                    "A pool's processes wait for more work until it is shut down. with does "
                    "that, and waits for their end.")  # fmt: skip


def _in_order(found: Any, expected: list, doing: str) -> None:
    """Raise Wrong unless `found` is the list (or tuple) of what is expected."""
    if found is None:
        raise Wrong(f"{doing} gave None.", "A function without return gives None.")
    told = shown(found)
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"{doing} gave {told}; it gives a list.", "list(...) makes one of it.")
    if list(found) == expected:
        return
    if any(hasattr(one, "result") for one in found):
        raise Wrong(f"{doing} gave futures.", "Ask each one for its result().")
    if sorted(map(repr, found)) == sorted(map(repr, expected)):
        raise Wrong(f"The results came in the order in which the calls ended: {told}",
                    "Keep the futures in the order of the items, and ask them for their results "
                    "in that order.")  # fmt: skip
    if len(found) != len(expected):
        raise Wrong(f"{doing} gave {len(found)} results for {len(expected)} items: {told}",
                    "One result for each item, all in one list.")  # fmt: skip
    number = next(k for k, one in enumerate(found) if one != expected[k])
    raise Wrong(f"Result {number} is {shown(found[number])}; item {number} gives "
                f"{shown(expected[number])}.")  # fmt: skip


def check_pmap(pmap: Callable) -> str:
    """All workers at work at once, in processes of their own, results in order."""
    doing, workers = "pmap", workers_asked()
    with Apart() as apart:
        found = _run(apart, pmap, bake, apart.orders(ITEMS), workers, doing=doing)
    _together(apart, workers, doing)
    _in_order(found, [f"loaf {number}" for number in range(ITEMS)], doing)
    _once(apart, doing)
    _clean(apart, doing)
    return (
        f"{ITEMS} items, {workers} workers: {workers} processes worked at once, none of them the "
        f"one that called {doing} ({os.getpid()}). The calls ended in another order; the results "
        f"came in the order of the items."
    )


def _once(apart: Apart, doing: str) -> None:
    numbers = [one["number"] for one in apart.came]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is not None:
        raise Wrong(f"{doing} did item {twice} {numbers.count(twice)} times.",
                    "Submit each item once.")  # fmt: skip


def check_pmap_kept(pmap_kept: Callable) -> str:
    """The large object goes to each process once, before its first item."""
    doing, workers, prices = "pmap_kept", workers_asked(), Prices(100)
    Prices.pickled = 0
    with Apart() as apart:
        found = _run(apart, pmap_kept, bake_priced, apart.orders(ITEMS), workers, keep, prices,
                     doing=doing)  # fmt: skip
    _kept(apart, doing)
    if Prices.pickled > workers:
        raise Wrong(f"shared was pickled {Prices.pickled} times, for {workers} workers and {ITEMS} "
                    f"items.", "It is to travel once to each process, not with each "
                    "item.")  # fmt: skip
    _together(apart, workers, doing)
    _in_order(found, [(f"loaf {number}", 100 + number) for number in range(ITEMS)], doing)
    _once(apart, doing)
    _clean(apart, doing)
    return (
        f"{workers} processes, and each called keep for itself, before its first item. shared "
        f"travelled at most once to each, and with none of the {ITEMS} items."
    )


def _kept(apart: Apart, doing: str) -> None:
    elsewhere = [one for one in apart.came if one["kept_in"] != one["pid"]]
    if elsewhere:
        raise Wrong(f"keep was called in the process that called {doing}, not in the workers.",
                    "The workers found it only because they were forked, as copies of that "
                    "process. Where processes are started anew, as by default since Python 3.14, "
                    "it is not there: initializer=keep.")  # fmt: skip
    if any(one["as_task"] for one in apart.came):
        raise Wrong("keep was a task like the others.",
                    "Which process takes a task, nobody says: one may take two, another none. An "
                    "initializer is called in each.")  # fmt: skip


def check_pmap_chunks(pmap_chunks: Callable) -> str:
    """As many round trips as chunks, in two processes, and every result in its place."""
    doing, count, size, workers = "pmap_chunks", 205, 20, 2
    Square.sent = 0
    with Apart() as apart:
        found = _run(apart, pmap_chunks, apart.square(), list(range(count)), workers, size,
                     doing=doing, backwards=False)  # fmt: skip
    least = -(-count // size)
    if Square.sent > least:
        raise Wrong(f"{Square.sent} round trips for {count} items, each with its own copy of the "
                    f"function; with {size} items in each it is {least}.",
                    "map(..., chunksize=size) sends so many items in one message.")  # fmt: skip
    _together(apart, workers, doing)
    if Square.sent < least:
        raise Wrong(f"{Square.sent} round trips for {count} items; with {size} items in each it is "
                    f"{least}.",
                    "Chunks that are too large leave workers without work at the end: size items "
                    "in each.")  # fmt: skip
    _in_order(found, [number * number for number in range(count)], doing)
    _clean(apart, doing)
    return f"{count} items in {least} round trips, in {workers} processes, all in order."


LINES = {
    "A": "            futures.append(pool.submit(function, item))",
    "B": "        results = []",
    "C": "        for future in futures:",
    "D": "def pmap(function, items, workers):",
    "E": "            results.append(pool.submit(function, item).result())",
    "F": "    with ProcessPoolExecutor(max_workers=workers) as pool:",
    "G": "        futures = []",
    "H": "        for item in items:",
    "I": "            results.append(future.result())",
    "J": "    return results",
    "K": "        for future in as_completed(futures):",
}

LAB = Lab(
    "lab-4-when-to-use-threads",
    "When to use threads",
    (
        Step(
            "A pool of processes",
            check_pmap,
            (
                "ThreadPoolExecutor has a twin with the same methods, whose workers are processes.",
                "The first blank is ProcessPoolExecutor(max_workers=workers). map of a pool "
                "takes the function and the items, and gives the results in order.",
                "The second blank is list(pool.map(function, items)).",
            ),
            takes=("your function pmap",),
        ),
        Step(
            "Submit, then collect",
            check_pmap,
            (
                "Begin with def and the pool. Two loops follow: one submits, one collects.",
                "Two lines are too many. With one of them each item waits for the one before; "
                "with the other the results come in the order of ending.",
                "Make both lists inside with; submit all items; then ask each future in turn.",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="pmap",
            names={"ProcessPoolExecutor": ProcessPoolExecutor, "as_completed": as_completed},
        ),
        Step(
            "Once for each worker",
            check_pmap_kept,
            (
                "Calling keep(shared) here keeps it here. Who can call it in each worker?",
                "ProcessPoolExecutor takes an initializer: a function that every process of the "
                "pool calls before its first item.",
                "ProcessPoolExecutor(max_workers=workers, initializer=keep, initargs=(shared,)): "
                "mind the comma. The rest is as in step 1.",
            ),
            takes=("your function pmap_kept",),
        ),
        Step(
            "Fewer round trips",
            check_pmap_chunks,
            (
                "How many items does one message carry? map has a parameter for that.",
                "pool.map(function, items, chunksize=size).",
            ),
            takes=("your function pmap_chunks",),
            optional=True,
        ),
    ),
)
