"""The map of winners, and the decision guide."""

from __future__ import annotations

from typing import Any

from ..charts.guide import Guide
from ..charts.winners.shown import ShownWinners
from ..experiment.winners.search import BUDGET_S, COUNTS, Asked, WinnersExperiment
from .running import watched


async def who_wins(work_types: Any = None, counts: Any = COUNTS, *, models: Any = None,
                   workers: Any = None, budget_s: Any = BUDGET_S) -> ShownWinners:  # fmt: skip
    """Measure who is fastest for each kind of work and each task count, and draw the map.

    `work_types` maps a label to what `compare` takes (a workload, a function, a pair), or is a
    list of those; six kinds without it. `counts` are the task counts, `models` as for `compare`.
    Where tasks compute, processes run too, and as many tasks at once as there are usable cores (2
    to 4); else all at once, unless `workers` says. The map takes `budget_s` seconds, spent where
    models are close; a cell for which there was no time says so. Raises BadRequest for what can't
    be run.
    """
    asked = Asked(work_types, counts, models=models, workers=workers, budget_s=budget_s)
    return ShownWinners.of(
        await watched(lambda experiment, tell: experiment.search(asked), WinnersExperiment)
    )


def decision_guide() -> Guide:
    """Which model for which work, as a tree; each branch links to its experiment."""
    return Guide()
