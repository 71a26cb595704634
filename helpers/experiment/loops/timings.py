"""How long several ways take, repeated in turn, each beside the first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import median
from typing import Any

from ...measure.statistics import Verdict, compare_times
from ..limits import limits
from ..request import whole
from ..rounds import Rounds
from .ways import Ways, run_ways

ROUNDS, BUDGET_S = 9, 3.0


@dataclass
class Timings(Ways):
    """Wall times of several ways, one a round; `per` is how many things each of them does."""

    per: int = 1
    controlled: bool = False

    def each(self, label: str) -> list[float]:
        """Seconds for one of the `per` things, in each round."""
        return [seconds / self.per for seconds in self.took(label)]

    def median(self, label: str) -> float:
        """The median of `each`, in seconds."""
        return median(self.each(label))

    def verdict(self, label: str) -> Verdict:
        """This way against the first one."""
        first = self.labels[0]
        pairs = list(zip(self.took(label), self.took(first), strict=True))
        return compare_times(label, first, pairs)

    def notes(self) -> list[str]:
        """What failed, and what limits the result."""
        cores = self.machine.cores if self.controlled else 2
        return self.failures() + limits(cores, self.control, self.foreign)

    def summary(self) -> list[str]:
        """A verdict on every way but the first, then what limits them."""
        found = [_sentence(str(self.verdict(label))) for label in self.labels[1:]]
        if not found:
            found = [f"{self.labels[0]}: {self.median(self.labels[0]) * 1e3:,.1f} ms (median)."]
        return found + self.notes()


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def run_timings(rounds: Rounds, ways: Any, *, per: Any = 1, control: bool = False,
                repeats: Any = ROUNDS, time_box: Any = 8.0) -> Timings:  # fmt: skip
    """Time each way; `control` tells whether a second core is free.

    `time_box` is in seconds, for one run of one way. Raises as `run_ways` does.
    """
    per = whole(per, "per", 1, 10_000_000)
    found = run_ways(rounds, ways, repeats, beating=False, budget_s=BUDGET_S, name="times,",
                     control=control, time_box=time_box)  # fmt: skip
    values = {f.name: getattr(found, f.name) for f in fields(found)}
    return Timings(**values, per=per, controlled=control)
