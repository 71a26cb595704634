"""Experiments about the event loop: its heartbeat, what ways take, and to be it oneself."""

from __future__ import annotations

from typing import Any

from ..charts.loops.shown import ShownHeartbeats, ShownTimings
from ..experiment.loops.heartbeat import run_heartbeat
from ..experiment.loops.timings import run_timings
from ..experiment.loops.turns import checked, run_turns
from ..widgets.loop import LoopGame
from .running import repeated, watched


async def heartbeat(ways: Any, *, repeats: Any = 3, time_box: Any = 8.0) -> ShownHeartbeats:
    """Run each way beside a task that ticks every 5 ms, and show how late each tick comes.

    `ways` maps names to functions of yours: each an ``async def`` without parameters. One with a
    ``yield`` is measured from there on, up to a second ``yield`` if there is one: what stands
    before and after it, such as the start of a pool, does not count. Every run is a process of
    its own; the ways take turns, so many `repeats` each. A way that fails, or takes more than
    `time_box` seconds, costs its own lane only. Raises BadRequest for what can't be run,
    ExperimentFailed where every way failed.
    """
    return ShownHeartbeats.of(
        await repeated(lambda rounds: run_heartbeat(rounds, ways, repeats, time_box))
    )


async def timings(ways: Any, *, per: Any = 1, control: bool = False, repeats: Any = 9,
                  time_box: Any = 8.0) -> ShownTimings:  # fmt: skip
    """Run each way and show how long it takes, the first one being what others are held against.

    `ways` as for `heartbeat`, but without a ticking task. `per` is how many things a way
    does, to be told the time of one. With ``control=True`` a control shows meanwhile whether
    a second core was free. `repeats` and `time_box`, in seconds, as for `heartbeat`. Raises as
    that does.
    """
    options = {"per": per, "control": control, "repeats": repeats, "time_box": time_box}
    return ShownTimings.of(await repeated(lambda rounds: run_timings(rounds, ways, **options)))


async def be_the_loop(tasks: Any = None) -> LoopGame:
    """Pick which ready task runs next, then race your schedule against the real loop.

    `tasks` maps names to steps in milliseconds, compute and wait in turn, as in
    ``{"bread": [40], "pie": [10, 80, 10]}``; without it there are four. They run once in
    asyncio, in a process of their own, to have something to race against. Raises BadRequest
    for tasks that can't be.
    """
    wanted = checked(tasks)
    return LoopGame(await watched(lambda experiment, tell: run_turns(experiment, wanted)))
