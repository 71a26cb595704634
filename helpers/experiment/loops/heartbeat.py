"""The heartbeat of an event loop beside several ways to do a slow thing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import median
from typing import Any

from ...measure.heartbeat import TICK_S
from ...worker.ways import Heard
from ..limits import limits
from ..rounds import Rounds
from .ways import Ways, run_ways

REPEATS = 3
#: Seconds after which no round is repeated for other programs' sake.
BUDGET_S = 6.0


@dataclass
class Heartbeats(Ways):
    """Every beat of a ticking task beside each way, over several rounds."""

    def late_ms(self, label: str) -> float:
        """How late the latest beat came, in milliseconds: the median of the rounds."""
        return median(self.latest(label))

    def latest(self, label: str) -> list[float]:
        """How late the latest beat of each round came, in milliseconds."""
        return [run.beaten().max_ms for run in self._of(label)]

    def weighted_ms(self, label: str) -> float:
        """The lag at any moment of the way, in milliseconds: a mean over time."""
        return median(run.beaten().weighted_ms for run in self._of(label))

    def typical(self, label: str) -> Heard:
        """The round whose latest beat is in the middle of all rounds: the one to draw."""
        runs = sorted(self._of(label), key=lambda run: run.beaten().max_ms)
        return runs[(len(runs) - 1) // 2]

    def headline(self) -> str:
        """Who made the loop latest, and who hardly did."""
        if len(self.labels) < 2:
            return self.sentence(self.labels[0])
        worst, best = (pick(self.labels, key=self.late_ms) for pick in (max, min))
        return (f"The latest beat: {_ms(self.late_ms(worst))} late beside {worst}, "
                f"{_ms(self.late_ms(best))} late beside {best}.")  # fmt: skip

    def sentence(self, label: str) -> str:
        """One way's lag, with its spread."""
        late, rounds = self.latest(label), len(self.runs[label])
        spread = f", {_ms(min(late))} to {_ms(max(late))} in {rounds} rounds" if rounds > 1 else ""
        return f"{label}: late by {_ms(self.late_ms(label))} at most{spread}."

    def notes(self) -> list[str]:
        """What failed, and what limits the result."""
        found = self.failures()
        if self.machine.cores < 1.5:
            found.append("This machine has one usable core: whatever computes, in a thread or in "
                         "a process, takes it from the loop for a while.")  # fmt: skip
        return found + limits(2, None, self.foreign)

    def summary(self) -> list[str]:
        """The headline, a sentence a way, then what limits them."""
        several = len(self.labels) > 1
        found = [self.headline()] + [self.sentence(label) for label in self.labels if several]
        return found + self.notes()


def _ms(value: float) -> str:
    return f"{value:,.{0 if value >= 20 else 1}f} ms"


def run_heartbeat(rounds: Rounds, ways: Any, repeats: Any = REPEATS,
                  time_box: Any = 8.0) -> Heartbeats:  # fmt: skip
    """Run each way beside a task that ticks every 5 ms.

    `time_box` is in seconds, for one run of one way. Raises as `run_ways` does.
    """
    found = run_ways(rounds, ways, repeats, beating=True, budget_s=BUDGET_S, name="heartbeat,",
                     time_box=time_box)  # fmt: skip
    return Heartbeats(**{f.name: getattr(found, f.name) for f in fields(found)})


__all__ = ["TICK_S", "Heartbeats", "run_heartbeat"]
