"""Several ways to do the same thing, timed in turn, so that all meet the same machine."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import psutil

from ...measure.load import LIMIT, ForeignLoad
from ...measure.machine import Machine
from ...measure.statistics import FEWEST_PAIRS, Verdict, compare_times
from ...services.cluster.local import cluster_processes
from ...worker.client import Worker
from ..compare import CONTROL_MS, read_machine_card
from ..limits import limits
from ..pace import paced
from ..request import BadRequest, whole
from ..rounds import Key, Rounds, Value

ROUNDS, BUDGET_S = 6, 3.0
#: Rounds that may be repeated because of other programs: these rounds are long.
RETRIES = 1
#: How many times its budget a measurement may take to have enough rounds for a verdict.
PATIENCE = 3
#: How often a waiting thread looks whether it has been stopped, in seconds.
LOOK_S = 0.05


def own_processes(more: Iterable[int] = ()) -> list[int]:
    """This process and all that it started, and `more`: what they use is no foreign load."""
    me = psutil.Process()
    return [me.pid, *(child.pid for child in me.children(recursive=True)), *more]


def take_turns(steps: Mapping[Key, Callable[[], Value]], rounds: int, *, budget_s: float,
               own: Callable[[], Iterable[int]] = own_processes,
               before: Callable[[int, int], None] = lambda number, rounds: None,
               ) -> tuple[dict[Key, list[Value]], float | None]:  # fmt: skip
    """Call every step once a round, every second round in turned order.

    There are as many of the `rounds` as fit into `budget_s` seconds, but no fewer than a
    verdict needs. A round in which processes other than `own` took more than `LIMIT` cores
    is repeated, a few times in all. `before(number, rounds)` may raise to end it. Gives
    ``({key: [value a round]}, cores that others used or None)``.
    """
    values: dict[Key, list[Value]] = {key: [] for key in steps}
    late, seen, retries, number = time.monotonic() + 1.5 * budget_s, [], RETRIES, 0
    load = ForeignLoad(own)
    while number < rounds:
        before(number, rounds)
        began, keys = time.monotonic(), list(steps)
        batch = {key: steps[key]() for key in (keys if number % 2 == 0 else keys[::-1])}
        foreign = load.read()
        if foreign is not None:
            load.begin()
            if foreign > LIMIT and retries and rounds > 1 and time.monotonic() < late:
                retries -= 1  # another program came between: this round does not count
                continue
            seen.append(foreign)
        for key, value in batch.items():
            values[key].append(value)
        number += 1
        if number == 1:
            one = max(1e-3, time.monotonic() - began)
            # What a verdict needs, but not at any price: then it says that it saw too little.
            needed = min(FEWEST_PAIRS, int(PATIENCE * budget_s / one))
            rounds = min(rounds, max(1, needed, int(budget_s / one)))
    return values, median(seen) if seen else None


@dataclass
class Turns:
    """Ways to do the same thing: `walls` are their wall times in seconds, one a round.

    `results` holds what each way gave back, `same` whether all gave back the same.
    `control` is how much more two processes computed than one meanwhile (None: not asked for),
    `foreign` the cores that other programs used (None: the system does not tell).
    """

    machine: Machine
    walls: dict[str, list[float]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    same: bool = True
    control: float | None = None
    foreign: float | None = None

    def wall(self, way: str) -> float:
        """The median wall time, in seconds."""
        return median(self.walls[way])

    def fastest(self) -> str:
        """The way with the smallest median."""
        return min(self.walls, key=self.wall)

    def verdict(self, first: str, second: str) -> Verdict:
        """`first` against `second`, over all rounds."""
        pairs = list(zip(self.walls[first], self.walls[second], strict=True))
        return compare_times(first, second, pairs)

    def summary(self) -> list[str]:
        """The verdict on each way against the first, and what limits the measurement."""
        first, *others = self.walls
        found = []
        for other in others:
            text = str(self.verdict(other, first))
            found.append(f"{text[0].upper()}{text[1:]}.")
        if not self.same:
            found.append("They did not give back the same result: look at .results.")
        return [*found, *limits(self.machine.cores, self.control, self.foreign)]


def run_in_turn(rounds: Rounds, ways: Mapping[str, Callable[[], Any]],
                loop: asyncio.AbstractEventLoop, repeats: Any = ROUNDS,
                budget_s: float = BUDGET_S) -> Turns:  # fmt: skip
    """Run each of `ways`, async or plain functions without parameters, on `loop`, in turn.

    Blocks its thread, which is not the loop's. Each way runs once before, uncounted. Raises
    BadRequest for what can't be run, Stopped, and what a way raises.
    """
    ways, repeats = _checked(ways), paced(whole(repeats, "rounds", 1, 50))
    worker, controls = rounds.workers[0], []
    with rounds.held():
        result = Turns(read_machine_card(worker))

        def one(name: str) -> float:
            wall, value = _on_loop(loop, ways[name], rounds.check)
            result.same &= _equal(result.results.setdefault(name, value), value)
            return wall

        def before(number: int, of: int) -> None:
            rounds.tell(number / of, f"round {number + 1} of {of}")
            if number % 3 == 0 and result.machine.cores >= 1.5:
                controls.append(_control(worker))

        for name in ways:
            rounds.tell(0.0, f"first, uncounted: {name}")
            one(name)
        first, *others = result.results.values()
        result.same &= all(_equal(first, other) for other in others)
        steps = {name: partial(one, name) for name in ways}
        own = lambda: own_processes(cluster_processes())  # noqa: E731
        result.walls, result.foreign = take_turns(steps, repeats, budget_s=budget_s, own=own,
                                                  before=before)  # fmt: skip
    result.control = median(controls) if controls else None
    return result


def _checked(ways: Any) -> dict[str, Callable]:
    if not isinstance(ways, Mapping) or not ways:
        raise BadRequest('in_turn runs functions by name: write in_turn({"a name": function}).')
    for name, way in ways.items():
        try:
            inspect.signature(way).bind()
        except TypeError:
            raise BadRequest(f"{name!r} is not a function without parameters: write "
                             f"async def way(): ...") from None  # fmt: skip
    return {str(name): way for name, way in ways.items()}


def _on_loop(loop: asyncio.AbstractEventLoop, way: Callable, check: Callable) -> tuple[float, Any]:
    """Wall seconds and the result of ``way()``, awaited on the loop of another thread."""

    async def timed() -> tuple[float, Any]:
        began = time.perf_counter()
        value = way()
        if inspect.isawaitable(value):
            value = await value
        return time.perf_counter() - began, value

    running = asyncio.run_coroutine_threadsafe(timed(), loop)
    while True:
        try:
            return running.result(LOOK_S)
        except FutureTimeout:
            if running.done():  # the way's own
                raise
            try:
                check()
            except BaseException:
                running.cancel()
                raise


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # such as arrays, whose comparison is an array
        return repr(one) == repr(other)


def _control(worker: Worker) -> float:
    return worker.call("helpers.measure.control:two_processes", CONTROL_MS)["value"]
