"""How what a learner types runs: in a thread or a worker, with progress, ended by an interrupt."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..experiment import Experiment
from ..experiment.rounds import Rounds
from ..measure.fit import OneSentence, fit
from ..measure.shortage import shortage
from ..widgets.live import LiveStatus
from ..widgets.runner import said_of
from ..worker.errors import RunError
from ..worker.registry import shared_worker


class ExperimentFailed(OneSentence, RuntimeError):
    """The experiment gave no result; the message says why and what to do next.

    In a notebook it shows as that sentence, with the task's own traceback, if any, below.
    """

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = fit(details)

    def _render_traceback_(self) -> list[str]:
        return [line for line in (*super()._render_traceback_(), self.details) if line]


async def watched(work: Callable, make: Callable = Experiment) -> Any:
    """Run `work(experiment, tell)` in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        experiment = make(shared_worker(), on_progress=status.tell)
        return await in_thread(lambda: work(experiment, status.tell), experiment.stop)


async def repeated(work: Callable[[Rounds], Any], workers: Sequence | None = None) -> Any:
    """Run `work(rounds)` on `workers` in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        rounds = Rounds(workers or [shared_worker()], status.tell)
        return await in_thread(lambda: work(rounds), rounds.stop)


async def served(kind: Callable, work: Callable) -> Any:
    """Run `work(experiment)` with servers, in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        experiment = kind(status.tell)
        return await in_thread(lambda: work(experiment), experiment.stop)


async def in_thread(work: Callable[[], Any], stop: Callable[[], None], *,
                    plainly: bool = False) -> Any:  # fmt: skip
    """The result of the blocking `work`, run in a thread; `stop` ends it on interrupt.

    A RunError comes as ExperimentFailed, which a notebook shows as a sentence, and so does a
    limit of the machine (`measure.shortage`); `plainly`, each as it is.
    """
    answer: dict[str, Any] = {}

    def body() -> None:
        try:
            answer["value"] = work()
        except BaseException as error:
            answer["error"] = error

    thread = threading.Thread(target=body, name="experiment", daemon=True)
    try:
        thread.start()
    except RuntimeError as problem:
        raise ExperimentFailed(shortage(problem, starting=True) or str(problem)) from None
    try:
        # Not one long await: the kernel notices an interrupt only when its loop wakes.
        while thread.is_alive():
            await asyncio.sleep(0.02)
    except BaseException:
        stop()
        thread.join(5.0)
        raise
    error = answer.get("error")
    if isinstance(error, RunError) and not plainly:
        raise ExperimentFailed(said_of(error), error.details) from None
    if error is not None:
        if not plainly and (short := shortage(error)):
            raise ExperimentFailed(short) from error
        raise error
    return answer["value"]
