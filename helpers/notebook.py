"""What a learner types in a cell: each waits without blocking the kernel, and shows itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .charts.results import ShownComparison, ShownMachine, ShownSweep, ShownTable
from .charts.shown_gil import ShownAmdahl, ShownSideBySide, ShownTrips, ShownXRay
from .charts.shown_services import ShownConnections, ShownHeld, ShownLimits, ShownRude
from .charts.shown_survey import ShownSurvey
from .experiment import BadRequest, Experiment, make_request
from .experiment.amdahl import run_amdahl
from .experiment.compare import read_machine_card
from .experiment.connections import DEFAULT_COUNTS as CONNECTION_COUNTS
from .experiment.connections import ConnectionsExperiment
from .experiment.elsewhere import find_free_threaded
from .experiment.hold import HoldExperiment
from .experiment.rounds import Rounds
from .experiment.rude import RudeExperiment
from .experiment.side_by_side import compare_interpreters
from .experiment.survey import TASKS, RowExperiment, run_survey
from .experiment.sweep import DEFAULT_COUNTS, run_sweep
from .experiment.xray import run_xray
from .services.connections.limits import read_limits
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


async def survey(workloads: Any, *, tasks: Any = TASKS, workers: Any = None, models: Any = None,
                 time_box: Any = 8.0) -> ShownSurvey:  # fmt: skip
    """Run each of many workloads sequentially and in every model, and show which ones gain.

    `workloads` is a list of what `compare` takes; about 4 s each. `tasks` tasks a run, at
    most `workers` at once (by default the usable cores, 2 to 4). `models` are names or
    functions of yours; by default threads, asyncio, processes and, from Python 3.14 on,
    interpreters. Raises BadRequest for what can't be run; a workload that fails, or whose
    library is not installed, costs only its own row.
    """
    options = {"tasks": tasks, "workers": workers, "models": models, "time_box": time_box}
    return ShownSurvey.of(
        await _watched(
            lambda experiment, tell: run_survey(experiment, workloads, tell=tell, **options),
            RowExperiment,
        )
    )


async def xray(models: Any, *, tasks: Any = 2, ms: Any = 200, repeats: Any = 2) -> ShownXRay:
    """Record how long each of `tasks` computing threads keeps the GIL, and show every slice.

    `models` maps a switch interval in milliseconds to a function ``how(one, numbers)`` of
    yours that sets it and starts the threads; each computes for `ms` ms. Every run is a
    process of its own. Raises BadRequest for what can't be run.
    """
    return ShownXRay.of(await _repeated(lambda r: run_xray(r, models, tasks, ms, repeats)))


def round_trips(times: dict[str, Sequence[float]]) -> ShownTrips:
    """Show measured round trips, in seconds, by setting; the first is the one to beat.

    Raises BadRequest where a setting has no round trip.
    """
    if not times or not all(len(values) for values in times.values()):
        raise BadRequest("round_trips shows {setting: [seconds, ...]}, one time or more each.")
    return ShownTrips({str(label): list(values) for label, values in times.items()})


async def free_threaded(workloads: Any, threads: Any = (1, 2, 4)) -> ShownSideBySide:
    """Run built-in workloads with threads in this Python and in a free-threaded one.

    That one is the interpreter named by COURSE_FREE_THREADED, this one, that of another
    kernel, or one on the PATH; where none is found, its column is this repository's
    recorded run, and says so. Raises BadRequest for what can't be run.
    """
    found = await _in_thread(find_free_threaded, lambda: None)
    workers = [shared_worker()]
    if found.python and found.python != workers[0].python:
        workers.append(shared_worker(found.python))
    return ShownSideBySide.of(
        await _repeated(lambda r: compare_interpreters(r, workloads, threads, found), workers)
    )


async def amdahl(job: Callable, shares: Any = (0, 0.25, 0.5), threads: Any = None) -> ShownAmdahl:
    """Run ``job(share, threads)`` for each share and number of threads, beside Amdahl's law.

    `job` does the same work each time, `share` of it alone and the rest in `threads`
    threads, and gives back two times: seconds of the first part, seconds in all. Raises
    BadRequest for what can't be run.
    """
    return ShownAmdahl.of(await _repeated(lambda r: run_amdahl(r, job, shares, threads)))


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


async def connections(counts: Any = CONNECTION_COUNTS, handlers: Any = None, *,
                      rate: float = 2_000, rounds: int = 3) -> ShownConnections:  # fmt: skip
    """Measure a server on an event loop and one with a thread a connection, at each count.

    `handlers` is a pair ``(async def handle(reader, writer), def handle(connection))`` of
    yours, or one of them. Each round of each server is a fresh process, loaded from a third:
    memory, connect time, CPU and latency at a fixed `rate` (requests a second in all), and
    throughput. Counts above this machine's `limits` are capped. About 1.2 s a server, count
    and round. Raises BadRequest, and ExperimentFailed if a handler fails.
    """
    work = lambda experiment: experiment.run(counts, handlers, rate=rate, rounds=rounds)  # noqa: E731
    return ShownConnections.of(await _served(ConnectionsExperiment, work))


async def hold(connections: Any = 10_000, handler: Any = None) -> ShownHeld:
    """Hold so many open connections to one server; each is answered, then asked again.

    `handler` as for `connections`; the async server if none is given. Raises as that does.
    """
    return ShownHeld.of(await _served(HoldExperiment, lambda e: e.run(connections, handler)))


async def rude(kind: str = "block", handlers: Any = None, *, rate: float = 1_000,
               connections: Any = 100) -> ShownRude:  # fmt: skip
    """Send one request for /`kind` amid `rate` others a second, to each server in turn.

    Shows the answers and waits before, during and after it. `handlers` as for `connections`;
    without them /block sleeps and /compute computes for half a second. Raises as that does.
    """
    work = lambda e: e.run(kind, handlers, rate=rate, connections=connections)  # noqa: E731
    return ShownRude.of(await _served(RudeExperiment, work))


def limits() -> ShownLimits:
    """How many connections each server may hold on this machine, and which limit it is."""
    return ShownLimits.of(read_limits())


async def machine() -> ShownMachine:
    """The machine card: what this machine and this Python can show."""
    worker = shared_worker()
    card = await _in_thread(lambda: read_machine_card(worker), worker.stop)
    return ShownMachine.of(card)


def table(heads: Sequence[str], rows: Iterable[Sequence], caption: str) -> ShownTable:
    """A table for a notebook: the first cell of each row is its heading."""
    return ShownTable(caption, heads, list(rows))


async def _watched(work: Callable, make: Callable = Experiment) -> Any:
    """Run `work(experiment, tell)` in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        experiment = make(shared_worker(), on_progress=status.tell)
        return await _in_thread(lambda: work(experiment, status.tell), experiment.stop)


async def _repeated(work: Callable[[Rounds], Any], workers: Sequence | None = None) -> Any:
    """Run `work(rounds)` on `workers` in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        rounds = Rounds(workers or [shared_worker()], status.tell)
        return await _in_thread(lambda: work(rounds), rounds.stop)


async def _served(kind: Callable, work: Callable) -> Any:
    """Run `work(experiment)` with servers, in a thread, with a line of progress in the cell."""
    with LiveStatus() as status:
        experiment = kind(status.tell)
        return await _in_thread(lambda: work(experiment), experiment.stop)


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
