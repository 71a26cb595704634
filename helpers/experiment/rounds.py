"""Any set of measurements, repeated in turn: gated on foreign load, beside a control."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, TypeVar

from ..measure.load import LIMIT, ForeignLoad
from ..measure.statistics import FEWEST_PAIRS
from ..worker.client import Worker
from .compare import CONTROL_MS, RETRIES, ROUNDS
from .pace import paced, patient
from .stoppable import Stoppable

#: How long to wait for other programs to end, where there is no hurry: so many windows.
QUIET_TRIES, QUIET_WINDOW_S = 60, 0.5


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass
class Repeated(Generic[Key, Value]):
    """What was measured: for each key one value a round, all lists equally long.

    `control` is how much more two processes computed than one meanwhile (None: not asked
    for), `foreign` the cores that other programs used (None: the system does not tell).
    """

    values: dict[Key, list[Value]] = field(default_factory=dict)
    control: float | None = None
    foreign: float | None = None


class Rounds(Stoppable):
    """Measurements on one or several workers, held for as long as `held()` lasts.

    The same care as `Experiment` takes of a comparison, for what is not one. `tell` gets a
    `Progress`. `stop()` may be called from any thread; `repeat` then raises Stopped.
    """

    def repeat(self, steps: Mapping[Key, Callable[[], Value]], rounds: int = ROUNDS, *,
               budget_s: float | None = None, retries: int = RETRIES,
               controlled: bool = False, name: str = "",
               span: tuple[float, float] = (0.0, 1.0)) -> Repeated[Key, Value]:  # fmt: skip
        """Call every step once a round, in turned order every second round.

        With `budget_s` there are as many of the `rounds` as fit, but no fewer than a
        verdict needs. A round in which another program took more than `LIMIT` cores is
        repeated, `retries` times at most in all. Without a budget there is no hurry: then
        the next one waits for a quiet moment. `span` is the part of the whole progress that
        this is, from one share to another.
        """
        found: Repeated[Key, Value] = Repeated({key: [] for key in steps})
        load = ForeignLoad(lambda: [os.getpid(), *_processes(self.workers)])
        controls, seen, number = [], [], 0
        late = time.monotonic() + (float("inf") if budget_s is None else 1.5 * budget_s)
        rounds, retries = paced(rounds), patient(retries)
        while number < rounds:
            began = time.monotonic()
            batch: dict[Key, Value] = {}
            control = [self._control()] if controlled and number % 3 == 0 else []
            keys = list(steps)
            for key in keys if number % 2 == 0 else keys[::-1]:
                share = span[0] + (span[1] - span[0]) * number / rounds
                self.tell(share, f"{name} round {number + 1} of {rounds}".strip())
                batch[key] = steps[key]()
            foreign = load.read()
            if foreign is not None:
                load.begin()
                if foreign > LIMIT and retries and time.monotonic() < late:
                    retries -= 1  # another program came between: this round does not count
                    if budget_s is None:
                        self._wait_for_quiet(load)
                    continue
                seen.append(foreign)
            controls += control
            for key, value in batch.items():
                found.values[key].append(value)
            number += 1
            if budget_s is not None and number == 1:
                fit = int(budget_s / max(1e-3, time.monotonic() - began))
                rounds = min(rounds, max(FEWEST_PAIRS, fit))
        found.control = median(controls) if controls else None
        found.foreign = median(seen) if seen else None
        return found

    def _wait_for_quiet(self, load: ForeignLoad) -> None:
        for _ in range(QUIET_TRIES):
            load.begin()
            time.sleep(QUIET_WINDOW_S)
            self.check()
            if (load.read() or 0.0) <= LIMIT:
                break
        load.begin()

    def _control(self) -> float:
        answer = self.workers[0].call("helpers.measure.control:two_processes", CONTROL_MS)
        return answer["value"]


def _processes(workers: Sequence[Worker]) -> list[int]:
    return [pid for worker in workers for pid in worker.processes()]
