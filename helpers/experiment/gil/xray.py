"""The GIL X-ray: how long threads keep the GIL, by the switch interval they asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...measure.gil import SHORTEST_S, Spread, hand_offs, slices, together
from ...measure.machine import Machine
from ...measure.run import Run
from ...worker.errors import RunError
from ...workloads import work
from ..compare import read_machine_card
from ..limits import limits
from ..request import BadRequest, own_name, whole
from ..rounds import Rounds

ROUNDS = 2
#: Seconds after which no round is repeated for other programs' sake.
BUDGET_S = 4.0
#: Enough for some slices of 50 ms in each run.
DEFAULT_MS = 200


@dataclass
class XRay:
    """Recorded runs of `tasks` pure Python computations, several for each setting.

    `runs` maps the switch interval asked for, in ms, to its recorded runs. `foreign` is how
    many cores other programs used meanwhile (None: the system does not tell).
    """

    machine: Machine
    tasks: int
    runs: dict[float, list[Run]] = field(default_factory=dict)
    foreign: float | None = None

    def slices(self, asked_ms: float) -> list[float]:
        """Seconds of every slice that ended in a hand-off, of all runs of one setting."""
        return [s for run in self.runs[asked_ms] for s in slices(run.detailed())]

    def spread(self, asked_ms: float) -> Spread | None:
        """How the slices of one setting are spread; None where there was none."""
        values = self.slices(asked_ms)
        return Spread.of(values) if values else None

    def hand_offs(self, asked_ms: float) -> float:
        """How many hand-offs a run has, the mean of the runs."""
        runs = self.runs[asked_ms]
        return sum(hand_offs(run.detailed()) for run in runs) / len(runs)

    def together(self) -> float:
        """The largest share of the time in which two or more tasks ran Python at once."""
        return max(together(run.detailed()) for runs in self.runs.values() for run in runs)

    def summary(self) -> list[str]:
        """One sentence a setting, then what limits the result."""
        threads = f"{self.tasks} threads"
        if self.machine.gil is False:
            found = [f"This Python has no GIL, so there are no turns and no slices: for "
                     f"{self.together():.0%} of the time two or more of the {threads} ran "
                     f"Python code at once.".replace("%", " %")]  # fmt: skip
            return found + limits(self.machine.cores, None, self.foreign)
        found = []
        for asked in self.runs:
            spread = self.spread(asked)
            if spread is None:
                found.append(f"Asked for {asked:g} ms: no slice ended in a hand-off.")
                continue
            found.append(f"Asked for {asked:g} ms: slices of {spread.middle * 1e3:.3g} ms "
                         f"(median of {spread.count:,}; 8 of 10 between {spread.low * 1e3:.3g} and "
                         f"{spread.high * 1e3:.3g} ms).")  # fmt: skip
        return found + limits(2, None, self.foreign)


def run_xray(rounds: Rounds, models: Any, tasks: Any = 2, ms: Any = DEFAULT_MS,
             repeats: Any = ROUNDS) -> XRay:  # fmt: skip
    """Record `repeats` runs of each of `models`, interleaved, and keep every slice.

    `models` maps a switch interval in ms to a function ``how(one, numbers)`` that sets it
    and starts a thread for each number. A run is a process of its own: the setting dies
    with it. Raises BadRequest, and RunError as `Worker.run` does.
    """
    own = _checked(models)
    tasks = whole(tasks, "tasks", 2, 5)
    ms = whole(ms, "ms", 10, 2000)
    repeats = whole(repeats, "repeats", 1, 50)
    worker = rounds.workers[0]
    with rounds.held():
        result = XRay(read_machine_card(worker), tasks)
        worker.load(work.compute(ms=ms), {f"{asked:g} ms": how for asked, how in own.items()})

        def recorded(asked: float) -> Run:
            run = worker.run(f"{asked:g} ms", tasks, tasks, detail=True)
            if run.failures:
                raise RunError(f"A task failed: {run.failures[0]['message']}.",
                               run.failures[0]["traceback"])  # fmt: skip
            if run.never_ran:
                raise BadRequest("The model must call one(number) for every number.")
            return run

        steps = {asked: partial(recorded, asked) for asked in own}
        found = rounds.repeat(steps, repeats, budget_s=BUDGET_S, name="X-ray,")
        result.runs, result.foreign = found.values, found.foreign
        return result


def _checked(models: Any) -> dict[float, Callable]:
    if not isinstance(models, Mapping) or not models:
        raise BadRequest("models maps milliseconds to functions: write {5: how, 20: how_20}.")
    shortest = SHORTEST_S * 1e3
    for asked, how in models.items():
        if (
            isinstance(asked, bool)
            or not isinstance(asked, (int, float))
            or (not shortest <= asked <= 1000)
        ):
            raise BadRequest(
                f"A switch interval is {shortest:g} to 1000 ms here, and {asked!r} is not: a "
                f"slice of less than {shortest:g} ms can't be told from a gap between two stamps."
            )
        if not callable(how):
            raise BadRequest(f"For {asked:g} ms there is no function: write {{{asked:g}: how}}.")
        own_name(how, ())
    return {float(asked): how for asked, how in models.items()}
