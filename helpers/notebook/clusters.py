"""Experiments about executors beyond this process: what the way costs, and what it gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..charts.shipping.shown import ShownBreakEven, ShownLoss, ShownShipping, ShownTurns
from ..experiment import BadRequest
from ..experiment.shipping.shipping import SIZES, TASK_MS, run_break_even, run_shipping
from ..experiment.shipping.turns import ROUNDS, run_in_turn
from ..services.cluster.midrun import Loss
from .running import repeated


async def shipping(cluster: Any = None, sizes: Any = SIZES) -> ShownShipping:
    """Send payloads of `sizes` bytes to each kind of executor, and show what the way costs.

    `cluster` is what `cluster()` gave; without one there are only this machine's pools. One
    job at a time, interleaved, in a process of its own. Raises BadRequest for what can't be
    run.
    """
    return ShownShipping.of(await repeated(lambda r: run_shipping(r, cluster, sizes)))


async def break_even(cluster: Any = None, ms: Any = TASK_MS,
                     said: Any = None) -> ShownBreakEven:  # fmt: skip
    """Run batches of tasks of `ms` milliseconds of Python code in each kind of executor.

    Shows from which size of task on each is faster than a plain loop. `said` is where you
    expect that, in ms by executor. `cluster` and errors as for `shipping`.
    """
    return ShownBreakEven.of(await repeated(lambda r: run_break_even(r, cluster, ms, said)))


async def in_turn(ways: Mapping[str, Callable], rounds: Any = ROUNDS) -> ShownTurns:
    """Time functions without parameters, async or not, in turn on this kernel's loop.

    `ways` are ``{"a name": function}``, each called in up to `rounds` rounds. All should give
    back the same, and `.same` says whether they did. `.results` holds what each gave back,
    `.walls` the seconds. Each runs once before, uncounted. Raises BadRequest for what can't be
    run, and what a function raises.
    """
    loop = asyncio.get_running_loop()
    return ShownTurns.of(await repeated(lambda r: run_in_turn(r, ways, loop, rounds)))


def worker_lanes(panels: Mapping[str, Loss]) -> ShownLoss:
    """Show batches in which a worker was killed: ``worker_lanes({"a title": run})``.

    `panels` maps a title to what `mid_run` gave; one alone will do. Raises BadRequest for what is
    none, or has no report.
    """
    if isinstance(panels, Loss):
        panels = {"": panels}
    if (
        not isinstance(panels, Mapping)
        or not panels
        or not all(isinstance(one, Loss) and one.reports for one in panels.values())
    ):
        raise BadRequest('worker_lanes shows runs by title: write worker_lanes({"pool": run}), '
                         "where run is what mid_run() gave, with reports.")  # fmt: skip
    return ShownLoss({str(title): one for title, one in panels.items()})
