"""`advise`: which model for a function of the learner's, measured."""

from __future__ import annotations

from typing import Any

from ..advisor.advise import TIME_BOX_S, run_advise
from ..charts.advice.shown import ShownAdvice
from ..course.noting import note_advice
from .running import repeated


async def advise(function: Any, *, args: Any = (), time_box: Any = TIME_BOX_S) -> ShownAdvice:
    """Measure a function of yours, and say in which model to run many calls of it.

    `function` is blocking or ``async``, or a pair ``(blocking, async)`` of both forms; `args`
    are sample arguments for one call, such as your program gives it. It is called many times
    in processes of its own: it should do no harm that way. `time_box` is about how many
    seconds all may take; a call that takes a second needs more for a verdict.

    The answer has ``.model`` ("sequential", "asyncio", "threads", "processes" or "can't
    tell"), ``.gain``, ``.evidence``, ``.conditions`` and ``.code``. Raises BadRequest for what
    can't be called, ExperimentFailed for a function that fails.
    """
    advice = ShownAdvice.of(await repeated(lambda r: run_advise(r, function, args, time_box)))
    note_advice(advice.name, advice.headline())
    return advice
