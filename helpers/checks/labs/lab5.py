"""Lab 5, combining async and threads: blocking calls off the loop, and the loop alive.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..beside import REQUEST, Beside
from ..finding import Wrong
from ..lab import Lab, Step
from ..simulated import shown
from ..stages import Stages, processes
from ..standing import failed

FEW, MANY = 4, 40
CALLED_FIRST = (
    "legacy(order) with brackets calls it, here and now; async def around it changes nothing. "
    "Hand the function and its argument over: asyncio.to_thread(legacy, order)."
)
BLOCKS = (
    "result(), join(), a pool's map and time.sleep() block the thread that calls them, and in a "
    "coroutine that is the thread of the loop. await waits too, but lets the loop go on."
)
BLOCKS_AT_THE_END = (
    "A pool's with block, and shutdown(), wait for all calls at their end, and block the thread "
    "meanwhile. shutdown(wait=False) comes back at once; calls that were submitted still run."
)
#: What is said of an error that names one of these.
LIES_BEHIND = (
    ("cannot be called from a running event loop", "A loop runs in this thread already, the one "
     "that calls your function. await takes the place of asyncio.run."),
    ("already running", "A loop runs in this thread already, the one that calls your function. "
     "await takes the place of run_until_complete."),
    ("can't be used in 'await'", "await takes a coroutine, a task or an asyncio future. A blocking "
     "function gives none of these, and submit() gives another kind of future."),
    ("not iterable", "Was something awaited in the loop? gather takes what has not been awaited."),
    ("asyncio.Future, a coroutine", "gather takes coroutines, tasks and asyncio futures. What was "
     "awaited already, and what submit() gives, is none of these."),
    ("Result is not set", "result() of an asyncio future does not wait. await does."),
    ("is already entered", "A context can be used by one call at a time: "
     "contextvars.copy_context() for each call."),
    ("pickle", "Only what can be imported goes to another process, by its name. legacy can't; it "
     "belongs in a thread. A context can't either."),
    ("no attribute 'port'", "compute takes what legacy gave for an order, not the order."),
    ("positional argument", "to_thread takes the function, then its arguments: legacy, order."),
    ("not callable", "Hand the function over, not its result: legacy, order instead of "
     "legacy(order)."),
)  # fmt: skip


def _explained(error: BaseException, doing: str) -> Wrong:
    """What a solution raised, with what usually lies behind it."""
    wrong, text = failed(error, doing), str(error)
    wrong.points_at = next((why for words, why in LIES_BEHIND if words in text), "")
    return wrong


def _run(calls: Beside, solution: Callable, *args: Any, doing: str, cancelled: bool = False) -> Any:
    """What the solution gives, when the loop ran and all calls were in progress at once.

    Raises Wrong for anything else, the likeliest cause first.
    """
    error, found = None, None
    try:
        found = calls.attend(solution, *args, doing=doing, cancelled=cancelled)
    except Exception as raised:
        error = raised
    if calls.misuse:
        raise calls.misuse
    if calls.here:
        raise Wrong("legacy ran in the thread of the event loop, which could do nothing else "
                    "meanwhile.", CALLED_FIRST)  # fmt: skip
    if calls.held is not None:
        raise _held(calls, doing, cancelled)
    if isinstance(error, Wrong):
        raise error
    if calls.strange:
        raise _explained(calls.strange[0], "A call in a thread") from calls.strange[0]
    if error is not None:
        order = next((k for k, one in calls.failing.items() if one is error), None)
        if order is None:
            raise _explained(error, doing) from error
        raise Wrong(f"legacy raised {type(error).__name__} for order {order}, and so did {doing}.",
                    "gather raises the first exception, unless it is called with "
                    "return_exceptions=True. Or catch it beside the await of that one "
                    "call.")  # fmt: skip
    if not cancelled:
        _came_back(calls, found, doing)
    _together(calls, doing)
    return found


def _held(calls: Beside, doing: str, cancelled: bool) -> Wrong:
    when = f"When {doing} had been cancelled" if cancelled else "While legacy waited"
    line = calls.held or ""
    where = f": its thread stood in {line.rstrip(':')}" if line else ""
    end = line.partition(": ")[2].startswith("with ") or "shutdown" in line
    return Wrong(f"{when if calls.calls else f'In {doing}'}, the event loop did not run for 3 s"
                 f"{where}.", BLOCKS_AT_THE_END if end else BLOCKS)  # fmt: skip


def _came_back(calls: Beside, found: Any, doing: str) -> None:
    """Raise Wrong if it came back before its calls had ended."""
    several = found if isinstance(found, (list, tuple)) else [found]
    if any(inspect.isawaitable(one) or hasattr(one, "add_done_callback") for one in several):
        raise Wrong(f"{doing} came back with {shown(found)}.",
                    "A call without await gives a coroutine or a future, not yet the result: "
                    "await it.")  # fmt: skip
    if calls.early:
        raise Wrong(f"{doing} came back while legacy was still in progress.",
                    "Whoever hands a call over also awaits it.")  # fmt: skip
    if not calls.calls:
        raise Wrong(f"{doing} came back, and legacy had not been called.",
                    "asyncio.to_thread only makes a coroutine. It runs when it is "
                    "awaited.")  # fmt: skip


def _together(calls: Beside, doing: str) -> None:
    count = len(calls.orders)
    if len(calls.calls) > len(set(calls.calls)):
        order = next(one for one in calls.calls if calls.calls.count(one) > 1)
        never = count - len(set(calls.calls))
        others = f", and never for {never} others" if never else ""
        raise Wrong(f"{doing} called legacy {calls.calls.count(order)} times for order "
                    f"{order}{others}.",
                    "A lambda, or a function made in a loop, looks the loop's variable up when "
                    "it runs, and then the loop is over. Pass the order as an "
                    "argument.")  # fmt: skip
    if calls.most < count:
        why = ("await in the loop waits for each call before the next one begins. Hand all of "
               "them over first, then await them together." if calls.most == 1 else
               "A pool has a size. What is handed over beyond it waits in a queue: "
               "max_workers=len(orders).")  # fmt: skip
        raise Wrong(f"At most {calls.most} of {count} calls were in progress at once.", why)


def _in_order(calls: Beside, found: Any, expected: list, doing: str) -> None:
    """Raise Wrong unless `found` is the list (or tuple) of what is expected."""
    if found is None:
        raise Wrong(f"{doing} gave None.", "A function without return gives None.")
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"{doing} gave {shown(found)}; it gives a list.")
    if [repr(one) for one in found] == [repr(one) for one in expected]:
        return
    if sorted(map(repr, found)) == sorted(map(repr, expected)):
        raise Wrong(f"The results came in the order in which the calls ended: {shown(found)}",
                    "gather keeps the order in which the calls were handed to it; as_completed "
                    "and append in a callback do not.")  # fmt: skip
    if len(found) != len(expected):
        raise Wrong(f"{doing} gave {len(found)} results for {len(expected)} orders.",
                    "One entry for each order, whether its call gave a result or "
                    "raised.")  # fmt: skip
    number = next(k for k, one in enumerate(found) if repr(one) != repr(expected[k]))
    raise Wrong(f"Entry {number} is {shown(found[number])}; for order {number} it is "
                f"{shown(expected[number])}.")  # fmt: skip


def _results(calls: Beside) -> list:
    return [calls.failing.get(order, f"loaf {order}") for order in calls.orders]


def _context(calls: Beside, later: str) -> str:
    if all(value == REQUEST for value in calls.seen.values()):
        return f"legacy saw the caller's context variable: {REQUEST}."
    return f"legacy did not see the caller's context variable. Here that is allowed; {later}."


def check_handle(handle: Callable) -> str:
    """Off the loop's thread, the loop alive meanwhile, the result back."""
    doing, calls = "handle", Beside(1)
    found = _run(calls, handle, calls.legacy, 0, doing=doing)
    if found != "loaf 0":
        raise Wrong(f"{doing} gave {shown(found)}; legacy gave 'loaf 0'.",
                    "return what the await gives.")  # fmt: skip
    return (
        "legacy ran in another thread than the event loop. While it waited, the loop answered. "
        + _context(calls, "step 3 asks for it")
    )


def check_handle_together(handle_together: Callable) -> str:
    """Four at once in the given pool, the loop alive, results in order."""
    doing, calls = "handle_together", Beside(FEW)
    pool = ThreadPoolExecutor(FEW)
    try:
        found = _run(calls, handle_together, calls.legacy, calls.orders, pool, doing=doing)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    _in_order(calls, found, _results(calls), doing)
    return (
        f"All {FEW} calls were in progress at once, and the loop answered. They ended backwards; "
        f"the results came in order. " + _context(calls, "step 3 asks for it")
    )


def check_handle_all(handle_all: Callable) -> str:
    """Forty at once, exceptions in place, the context along; cancelled, the loop goes on."""
    doing = "handle_all"
    failing = {7: ValueError("no order 7"), 23: KeyError("order 23")}
    calls = Beside(MANY, failing)
    found = _run(calls, handle_all, calls.legacy, calls.orders, doing=doing)
    _in_order(calls, found, _results(calls), doing)
    if lost := [order for order, value in calls.seen.items() if value != REQUEST]:
        raise Wrong(f"legacy found {calls.seen[lost[0]]!r} in the context variable, for "
                    f"{len(lost)} of {MANY} orders; the caller has {REQUEST!r}.",
                    "A thread of a pool has a context of its own. asyncio.to_thread copies the "
                    "caller's, run_in_executor and submit do not: hand them "
                    "contextvars.copy_context().run, legacy, order.")  # fmt: skip
    _closed(calls, f"When {doing} had come back")
    calls = Beside(MANY)
    _run(calls, handle_all, calls.legacy, calls.orders, doing=doing, cancelled=True)
    _closed(calls, f"When {doing} had been cancelled")
    return (
        f"All {MANY} calls were in progress at once, and the loop answered. 38 results and 2 "
        f"exceptions, each in its place; every call saw {REQUEST}. Cancelled with {MANY} calls in "
        f"progress, it let the loop go on."
    )


def _closed(calls: Beside, when: str) -> None:
    if calls.unclosed:
        raise Wrong(f"{when}, its pool had not been shut down.",
                    "The threads of a pool wait for more work until it is shut down: "
                    "pool.shutdown(wait=False), right after all calls were handed over, or in "
                    "finally.")  # fmt: skip


def check_bake_all(bake_all: Callable) -> str:
    """The blocking part in threads, what computes in processes; each order by itself."""
    doing, count = "bake_all", 3
    with processes(2) as pool:
        stages = Stages(count)
        try:
            found = _run(stages, bake_all, stages.legacy, stages.compute, stages.orders, pool,
                         doing=doing)  # fmt: skip
        except Wrong:
            if not stages.here:
                _elsewhere(stages, doing)
            raise
    _elsewhere(stages, doing)
    if stages.waited:
        raise Wrong("Order 0 was not computed before legacy had ended for the other orders too.",
                    "Two gathers make two stages, and each order waits for the slowest. A "
                    "coroutine for one order, with both awaits in it, goes on by "
                    "itself.")  # fmt: skip
    _in_order(stages, found, [f"loaf {order}" for order in stages.orders], doing)
    others = sorted({pid for _, pid in stages.computed})
    return (
        f"{count} orders: legacy ran in threads, compute in other processes "
        f"({', '.join(map(str, others))}), and the loop answered all the while. Order 0 was "
        f"computed while legacy still waited for the others."
    )


def _elsewhere(stages: Stages, doing: str) -> None:
    if stages.baked_here:
        raise Wrong(f"compute ran in the process that called {doing}, for order "
                    f"{stages.baked_here[0]}.",
                    "Python code that computes shares the GIL with the loop, in a thread too. "
                    "run_in_executor(pool, compute, found) hands it to a process.")  # fmt: skip


LINES = {
    "A": "        calls.append(loop.run_in_executor(pool, legacy, order))",
    "B": "    return await asyncio.gather(*calls)",
    "C": "        calls.append(pool.submit(legacy, order).result())",
    "D": "    calls = []",
    "E": "        await calls[-1]",
    "F": "async def handle_together(legacy, orders, pool):",
    "G": "    return [call.result() for call in calls]",
    "H": "    for order in orders:",
    "I": "    loop = asyncio.get_running_loop()",
}

LAB = Lab(
    "lab-5-combining",
    "Combining async and threads",
    (
        Step(
            "One call, off the loop",
            check_handle,
            (
                "Look at the second way in the example: what stands between the brackets of "
                "to_thread?",
                "The first blank is a call of asyncio.to_thread. It takes the function, then its "
                "argument. It does not run anything yet.",
                "The first blank is asyncio.to_thread(legacy, order), the second await call.",
            ),
            takes=("your function handle",),
        ),
        Step(
            "Several calls at once",
            check_handle_together,
            (
                "Begin with the line that has def. Then come the loop, and the empty list.",
                "Three lines are too many. One waits for each call before the next, one blocks "
                "the loop, one asks for results that are not there yet.",
                "The for loop has one line in it, the one with run_in_executor. The last line "
                "awaits all calls.",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="handle_together",
            names={"asyncio": asyncio, "ThreadPoolExecutor": ThreadPoolExecutor},
        ),
        Step(
            "A pool of your own",
            check_handle_all,
            (
                "Step 2 is most of it. Make the pool inside the function, with "
                "max_workers=len(orders).",
                "For each order: loop.run_in_executor(pool, contextvars.copy_context().run, "
                "legacy, order). Each call needs a copy of its own.",
                "When all calls are handed over, pool.shutdown(wait=False) comes back at once, "
                "and the calls still run.",
                "gather(*calls, return_exceptions=True) gives exceptions in their places.",
            ),
            takes=("your function handle_all",),
        ),
        Step(
            "Two stages",
            check_bake_all,
            (
                "Write a coroutine function for one order first, inside bake_all: it has two "
                "awaits.",
                "The first await is that of step 1. The second one is "
                "loop.run_in_executor(pool, compute, found). gather runs one for each order.",
            ),
            takes=("your function bake_all",),
            optional=True,
        ),
    ),
)
