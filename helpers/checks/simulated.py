"""A learner's coroutine on the simulated clock: run, and judged by what any of them must keep."""

from __future__ import annotations

import asyncio
import heapq
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .finding import Wrong
from .standing import ended_within, failed
from .virtual import Outcome, run_virtually


def awaited(solution: Callable[..., Any], *args: Any, doing: str,
            work: Work | None = None) -> Outcome:  # fmt: skip
    """What became of ``await solution(*args)`` on a simulated clock.

    Raises Wrong if it does not end, waits for ever, holds the loop, is no coroutine
    function, or calls `work` with what is no item; what it raised otherwise is the
    outcome's `error`.
    """

    async def main() -> Any:
        made = solution(*args)
        if not inspect.isawaitable(made):
            raise Wrong(f"{doing} gave {shown(made)} when it was called: nothing to await.",
                        "The function begins with async def, and has no yield.")  # fmt: skip
        return await made

    outcome = ended_within(run_virtually, main, doing=doing)
    if isinstance(outcome.error, Wrong):
        raise outcome.error
    if work is not None and work.misuse is not None:
        raise work.misuse
    if outcome.blocked:
        raise Wrong(f"{doing} held the event loop for {outcome.blocked:g} s, in "
                    f"{'; '.join(outcome.blocked_at[:3])}.",
                    "time.sleep keeps the loop's only thread, whatever name it was imported by. "
                    "await asyncio.sleep lets the other tasks go on.")  # fmt: skip
    if outcome.deadlocked:
        where = "; ".join(outcome.standing[:3])
        raise Wrong(f"{doing} came to a deadlock: every task waits, and nothing can wake one"
                    f"{f'. One waits in {where}' if where else ''}.",
                    "Who is to end that wait: a permit that is given back, an item, a "
                    "sentinel?")  # fmt: skip
    return outcome


def demand_value(outcome: Outcome, doing: str, points_at: str = "") -> Any:
    """What the coroutine gave. Raises Wrong, with `points_at`, if it raised something instead."""
    if outcome.error is not None:
        wrong = failed(outcome.error, doing)
        wrong.points_at = points_at
        raise wrong from outcome.error
    return outcome.value


def demand_none_left(outcome: Outcome, doing: str) -> None:
    """Raise Wrong if tasks had not ended when the coroutine had."""
    if outcome.left:
        count, names = len(outcome.left), ", ".join(dict.fromkeys(outcome.left))
        tasks = "1 task was" if count == 1 else f"{count} tasks were"
        raise Wrong(f"When {doing} had come back, {tasks} still running: {names}.",
                    "create_task starts a task and comes back at once. Await every task that "
                    "you start, or let a TaskGroup do it; end what is not needed with "
                    "cancel().")  # fmt: skip


def shown(value: Any) -> str:
    """A value in few letters."""
    if inspect.iscoroutine(value):
        value.close()  # it is never awaited, and that has been said
        return "a coroutine"
    if isinstance(value, (list, tuple, set)) and any(map(inspect.isawaitable, value)):
        for one in value:
            if inspect.iscoroutine(one):
                one.close()
        return f"a {type(value).__name__} of tasks or coroutines"
    if isinstance(value, asyncio.Future):
        return "a task or future that was not awaited"
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def shortest(durations: Iterable[float], limit: int) -> float:
    """The seconds that `limit` at a time need who take the next one as soon as they are free."""
    free = [0.0] * limit
    for seconds in durations:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


@dataclass
class Work:
    """Something slow that a solution awaits, by item; each takes its seconds.

    `failing` gives the exceptions that are raised at the end, by item. Afterwards: `begun`
    and `ended` hold items in order, `begun_at` and `failed_at` simulated times, `cancelled`
    items with the seconds they had. `peak` is the largest number in progress at once, `misuse`
    what to say of a call with something else than an item.
    """

    seconds: dict[Any, float]
    failing: dict[Any, Exception] = field(default_factory=dict)
    begun: list[Any] = field(default_factory=list)
    begun_at: list[float] = field(default_factory=list)
    failed_at: list[float] = field(default_factory=list)
    ended: list[Any] = field(default_factory=list)
    cancelled: dict[Any, float] = field(default_factory=dict)
    name: str = "fetch"
    misuse: Wrong | None = None
    now: int = 0
    peak: int = 0

    @property
    def function(self) -> Callable[[Any], Any]:
        """The coroutine function that a solution gets; it gives a text."""

        async def function(item: Any) -> str:
            return await self._do(item)

        function.__name__ = function.__qualname__ = self.name
        return function

    async def _do(self, item: Any) -> str:
        if not isinstance(item, (str, int)) or item not in self.seconds:
            self.misuse = Wrong(f"{self.name} was called with {shown(item)}, which is none of "
                                f"the items.", "Look at what you pass to it: one item each "
                                "time, and no sentinel.")  # fmt: skip
            raise self.misuse
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.begun.append(item)
        self.begun_at.append(began)
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            await asyncio.sleep(self.seconds[item])
        except asyncio.CancelledError:
            self.cancelled[item] = loop.time() - began
            raise
        finally:
            self.now -= 1
        if item in self.failing:
            self.failed_at.append(loop.time())
            raise self.failing[item]
        self.ended.append(item)
        return f"page of {item}"

    def demand_each_once(self, doing: str, word: str) -> None:
        """Raise Wrong unless every item was begun once."""
        never = [item for item in self.seconds if item not in self.begun]
        if never:
            count, all_ = len(self.seconds) - len(never), len(self.seconds)
            raise Wrong(f"{doing} {word} {count} of {all_}; {_name(never[0])} was left out.",
                        "A coroutine runs only when it is awaited or made a task.")  # fmt: skip
        twice = [item for item in self.seconds if self.begun.count(item) > 1]
        if twice:
            raise Wrong(f"{doing} {word} {_name(twice[0])} {self.begun.count(twice[0])} times.",
                        "Once for each is enough.")  # fmt: skip


def _name(item: Any) -> str:
    return f"item {item}" if isinstance(item, int) else str(item)


def in_order(found: Any, expected: Sequence[Any], ended: Sequence[Any], doing: str) -> None:
    """Raise Wrong unless `found` is the list (or tuple) of what is expected."""
    if isinstance(found, (list, tuple)) and len(found) == len(expected) and all(
        a is b or (not isinstance(b, Exception) and a == b)
        for a, b in zip(found, expected, strict=True)
    ):  # fmt: skip
        return
    if found is None:
        raise Wrong(f"{doing} gave None.", "A function without return gives None.")
    told = shown(found)
    if isinstance(found, (list, tuple)) and list(found) == list(ended):
        raise Wrong(f"The results came in the order in which they ended: {told}",
                    "Keep the order of the URLs: gather does, as_completed does not.")  # fmt: skip
    if isinstance(found, dict):
        raise Wrong(f"{doing} gave a dict: {told}", "Give a list, in the order of the "
                    "URLs.")  # fmt: skip
    raise Wrong(f"{doing} gave {told} instead of {shown(list(expected))}",
                "The result of the first URL comes first, whoever ends first.")  # fmt: skip
