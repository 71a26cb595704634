"""What a learner types in a cell: each waits without blocking the kernel, and shows itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .charts.results import ShownComparison, ShownMachine, ShownSweep, ShownTable
from .experiment import Experiment, make_request
from .experiment.compare import read_machine_card
from .experiment.sweep import DEFAULT_COUNTS, run_sweep
from .widgets.live import LiveStatus
from .worker.errors import RunError
from .worker.registry import shared_worker


class ExperimentFailed(RuntimeError):
    """The experiment gave no result; the message says why and what to do next.

    In a notebook it shows as that sentence, with the task's own traceback, if any, below.
    """

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details

    def _render_traceback_(self) -> list[str]:
        return [line for line in (str(self), self.details) if line]


async def compare(what: Any, tasks: Any = 20, *, workers: Any = None, models: Any = None,
                  args: tuple = (), said: dict[str, float] | None = None,
                  time_box: Any = 8.0) -> ShownComparison:  # fmt: skip
    """Run the same tasks in several models, interleaved, and show what each one did.

    `what` is a workload (``work.sleep(ms=100)``), a function of yours, or a pair
    ``(blocking, async)``. `workers` is how many tasks may be in flight at once (all, if
    not given). `models` are names ("sequential", "asyncio", "threads",
    "asyncio+threads", "processes") or functions ``how(one, numbers)`` of yours. `said`
    is your prediction, in seconds by model. A run that takes more than `time_box` seconds
    is ended. Raises BadRequest for what can't be run, ExperimentFailed for what did not
    come to its end.
    """
    request = make_request(
        what, tasks, workers=workers, models=models, args=args, time_box=time_box
    )
    result = await _watched(lambda experiment, tell: experiment.run(request, said))
    return ShownComparison.of(result)


async def sweep(what: Any, counts: Any = DEFAULT_COUNTS, **options: Any) -> ShownSweep:
    """Compare over several task counts; `options` as for `compare` (not `said`)."""
    return ShownSweep.of(
        await _watched(
            lambda experiment, tell: run_sweep(experiment, what, counts, tell=tell, **options)
        )
    )


async def in_worker(function: Callable, *args: Any, time_box: float = 30.0) -> Any:
    """Call `function(*args)` in a fresh process and give back its result.

    For experiments that must not touch the kernel: patches, limits, races. What it prints
    is shown. Raises ExperimentFailed if it raised, died, or took over `time_box` seconds.
    """
    worker = shared_worker()
    answer = await _in_thread(
        lambda: worker.call(function, *args, time_box=time_box), worker.stop
    )
    if answer["printed"]:
        print(answer["printed"], end="")
    return answer["value"]


async def machine() -> ShownMachine:
    """The machine card: what this machine and this Python can show."""
    worker = shared_worker()
    card = await _in_thread(lambda: read_machine_card(worker), worker.stop)
    return ShownMachine.of(card)


def table(heads: Sequence[str], rows: Iterable[Sequence], caption: str) -> ShownTable:
    """A table for a notebook: the first cell of each row is its heading."""
    return ShownTable(caption, heads, list(rows))


async def _watched(work: Callable) -> Any:
    """Run `work(experiment, tell)` in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        experiment = Experiment(shared_worker(), on_progress=status.tell)
        return await _in_thread(lambda: work(experiment, status.tell), experiment.stop)


async def _in_thread(work: Callable[[], Any], stop: Callable[[], None]) -> Any:
    """The result of the blocking `work`, run in a thread; `stop` ends it on interrupt."""
    answer: dict[str, Any] = {}

    def body() -> None:
        try:
            answer["value"] = work()
        except BaseException as error:
            answer["error"] = error

    thread = threading.Thread(target=body, name="experiment", daemon=True)
    thread.start()
    try:
        # Not one long await: the kernel notices an interrupt only when its loop wakes.
        while thread.is_alive():
            await asyncio.sleep(0.02)
    except BaseException:
        stop()
        thread.join(5.0)
        raise
    error = answer.get("error")
    if isinstance(error, RunError):
        raise ExperimentFailed(str(error), error.details) from None
    if error is not None:
        raise error
    return answer["value"]
