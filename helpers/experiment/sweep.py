"""A sweep: the same comparison over several task counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .compare import Experiment
from .comparison import Comparison
from .request import BadRequest, make_request
from .stoppable import Progress

DEFAULT_COUNTS = (1, 5, 20, 100)
BUDGET_S = 8.0


@dataclass
class Sweep:
    """Comparisons of one workload, by task count, smallest first."""

    points: dict[int, Comparison] = field(default_factory=dict)

    @property
    def models(self) -> list[str]:
        """The models that ran at least once, in the order they were asked for."""
        first = next(iter(self.points.values()))
        return [m for m in first.request.models if any(m in c.traced for c in self.points.values())]

    def walls(self, model: str) -> dict[int, float]:
        """Median wall time in seconds by task count, where `model` ran."""
        return {n: c.wall(model) for n, c in self.points.items() if model in c.traced}

    def summary(self) -> list[str]:
        """One sentence a task count, then what limits the result."""
        lines = [
            f"{n:,} {'task' if n == 1 else 'tasks'}: {c.summary()[0]}"
            for n, c in self.points.items()
        ]
        notes = dict.fromkeys(note for c in self.points.values() for note in c.limits())
        return lines + list(notes)


def run_sweep(experiment: Experiment, what: Any, counts: Any = DEFAULT_COUNTS, *,
              tell: Callable[[Progress], None] | None = None, budget_s: float = BUDGET_S,
              **request: Any) -> Sweep:  # fmt: skip
    """Run a comparison for each of `counts`, sharing `budget_s` seconds among them.

    Raises BadRequest for counts that aren't task counts, else as `Experiment.run` does.
    """
    try:
        counts = sorted(set(counts))
    except TypeError:
        raise BadRequest("counts is a list of task counts: write counts=[1, 10, 100].") from None
    if not counts:
        raise BadRequest("counts is empty: write counts=[1, 10, 100].")
    requests = [make_request(what, count, **request) for count in counts]
    sweep = Sweep()
    for number, one in enumerate(requests):
        if tell:
            tell(Progress(number / len(requests), f"{one.tasks:,} tasks"))
        sweep.points[one.tasks] = experiment.run(one, budget_s=budget_s / len(requests))
    return sweep
