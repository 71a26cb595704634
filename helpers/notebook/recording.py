"""A run recorded line by line, for a replay that shows where in its code each task stands."""

from __future__ import annotations

from typing import Any

from ..charts.replay.shown import ShownRecording
from ..experiment.lines import make_recording_request, run_recording
from .running import watched


async def record(what: Any, tasks: Any = 5, *, workers: Any = None, models: Any = None,
                 args: tuple = (), time_box: Any = 8.0) -> ShownRecording:  # fmt: skip
    """Run your functions once in each model, and note each line that a task comes to.

    ``replay(await record((blocking, async_)))`` plays it beside the code. `what`, `args`,
    `workers`, `models` and `time_box` (seconds) as for `compare`; a pair runs as "asyncio" and
    "threads", at most 60 tasks. Lines of the functions themselves are noted, not of what they
    call. This slows Python code down: the order counts, not the times. Raises BadRequest for what
    can't be followed, ExperimentFailed for what did not come to its end.
    """
    request = make_recording_request(
        what, tasks, workers=workers, models=models, args=args, time_box=time_box
    )
    return ShownRecording.of(
        await watched(lambda experiment, tell: run_recording(experiment, request))
    )
