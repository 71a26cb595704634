"""Comparisons, sweeps and surveys; the machine card; a call in a worker; a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..charts.results import ShownComparison, ShownMachine, ShownSweep, ShownTable
from ..charts.surveys.shown import ShownSurvey
from ..course.noting import note_comparison
from ..experiment import make_request
from ..experiment.compare import read_machine_card
from ..experiment.surveys.survey import TASKS, RowExperiment, run_survey
from ..experiment.sweep import DEFAULT_COUNTS, run_sweep
from ..worker.registry import shared_worker
from .running import in_thread, watched


async def compare(what: Any, tasks: Any = 20, *, workers: Any = None, models: Any = None,
                  args: tuple = (), said: dict[str, float] | None = None,
                  time_box: Any = 8.0) -> ShownComparison:  # fmt: skip
    """Run the same tasks in several models, interleaved, and show what each one did.

    `what` is a workload (``work.sleep(ms=100)``), a function of yours, or a pair ``(blocking,
    async)``; each function of yours is called with `args`. `tasks` is how many of them there are,
    `workers` how many may be in flight at once (all, if not given). `models` are names
    ("sequential", "asyncio", "threads", "asyncio+threads", "processes") or functions ``how(one,
    numbers)`` of yours. `said` is your prediction, in seconds by model. A run that takes more
    than `time_box` seconds is ended. Raises BadRequest for what can't be run, ExperimentFailed
    for what did not come to its end.
    """
    request = make_request(
        what, tasks, workers=workers, models=models, args=args, time_box=time_box
    )
    result = await watched(lambda experiment, tell: experiment.run(request, said))
    note_comparison(result)
    return ShownComparison.of(result)


async def sweep(what: Any, counts: Any = DEFAULT_COUNTS, **options: Any) -> ShownSweep:
    """Compare over several task counts: `what` and `options` as for `compare` (not `said`).

    `counts` are the task counts, each a comparison of its own. Raises as `compare` does.
    """
    return ShownSweep.of(
        await watched(
            lambda experiment, tell: run_sweep(experiment, what, counts, tell=tell, **options)
        )
    )


async def survey(workloads: Any, *, tasks: Any = TASKS, workers: Any = None, models: Any = None,
                 time_box: Any = 8.0) -> ShownSurvey:  # fmt: skip
    """Run each of many workloads sequentially and in every model, and show which ones gain.

    `workloads` is a list of what `compare` takes; about 4 s each. `tasks` tasks a run, at most
    `workers` at once (by default the usable cores, 2 to 4). `models` are names or functions of
    yours; by default threads, asyncio, processes and, from Python 3.14 on, interpreters. A run
    that takes more than `time_box` seconds is ended. Raises BadRequest for what can't be run; a
    workload that fails, or whose library is not installed, costs only its own row.
    """
    options = {"tasks": tasks, "workers": workers, "models": models, "time_box": time_box}
    return ShownSurvey.of(
        await watched(
            lambda experiment, tell: run_survey(experiment, workloads, tell=tell, **options),
            RowExperiment,
        )
    )


async def in_worker(function: Callable, *args: Any, time_box: float = 30.0) -> Any:
    """Call `function(*args)` in a fresh process and give back its result.

    For experiments that must not touch the kernel: patches, limits, races. What it prints
    is shown. Raises ExperimentFailed if it raised, died, or took over `time_box` seconds.
    """
    worker = shared_worker()
    answer = await in_thread(lambda: worker.call(function, *args, time_box=time_box), worker.stop)
    if answer["printed"]:
        print(answer["printed"], end="")
    return answer["value"]


async def machine() -> ShownMachine:
    """The machine card: what this machine and this Python can show.

    Raises ExperimentFailed where no process that measures can be started.
    """
    worker = shared_worker()
    card = await in_thread(lambda: read_machine_card(worker), worker.stop)
    return ShownMachine.of(card)


def table(heads: Sequence[str], rows: Iterable[Sequence], caption: str) -> ShownTable:
    """A table for a notebook: `heads` above its columns, `caption` above all.

    The first cell of each of the `rows` is its heading. Any value will do, as `str` shows it.
    """
    return ShownTable(caption, heads, list(rows))
