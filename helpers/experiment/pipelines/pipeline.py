"""Runs a learner's pipeline in the worker: once with everything recorded, or as a race."""

from __future__ import annotations

import shutil
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from ...measure.machine import Machine
from ...measure.statistics import Verdict, compare_times
from ...services.scratch import ScratchFolder, scratch_folder
from ...worker.client import Worker
from ...worker.errors import RunError, TimeBoxEnded
from ...worker.sources import sources_of
from ..compare import read_machine_card
from ..limits import limits
from ..meanwhile import meanwhile
from ..request import BadRequest, seconds
from ..rounds import Rounds
from ..stoppable import Progress, Stoppable
from . import inside
from .plan import POOLS, STAGES, Plan, check_pipeline, make_plan, name_of
from .result import PipelineRun

TIME_BOX_S = 10.0
LOOK_S = 0.2
ROUNDS = 7
BUDGET_S = 6.0

_folder: ScratchFolder | None = None
_folder_lock = threading.Lock()


def scratch() -> Path:
    """The folder that pipelines of this process write to; gone when this process is."""
    global _folder
    with _folder_lock:
        if _folder is None or not _folder.path.is_dir():
            _folder = scratch_folder()
        return _folder.path


class PipelineExperiment(Stoppable):
    """One run of a pipeline on a worker; blocks the calling thread.

    `on_progress(Progress)` comes from a thread of its own, five times a second. `stop()` may
    come from any thread: the run's processes are killed, what it wrote is removed, and `run`
    raises Stopped.
    """

    def __init__(self, worker: Worker, on_progress: Callable | None = None) -> None:
        super().__init__([worker], on_progress)
        self.worker = worker

    def run(self, pipeline: Callable, plan: Plan, time_box: Any = TIME_BOX_S,
            name: str = "run") -> PipelineRun:  # fmt: skip
        """Run it, for at most `time_box` seconds.

        Raises BadRequest, Busy, Stopped, or RunError if a stage fails or time is over.

        What it writes stays in the folder `name`, until the next run of that name.
        """
        check_pipeline(pipeline)
        time_box = seconds(time_box, "time_box")
        with self.held():
            machine = read_machine_card(self.worker)
            with _place(plan, name) as (placed, counters):
                self.check()
                with self._followed(counters, plan):
                    answer = _called(self.worker, time_box, counters, inside.run_plans,
                                     pipeline, [placed], True)  # fmt: skip
        self._tell(Progress(1.0, "everything is written"))
        return PipelineRun.of(placed, answer["value"][0], answer["printed"], machine)

    @contextmanager
    def _followed(self, counters: Path, plan: Plan) -> Iterator[None]:
        """The time in which the counters are read and told."""

        def look() -> None:
            done = dict(zip(STAGES, read_counters(counters), strict=True))
            words = ", ".join(f"{stage} {count}" for stage, count in done.items())
            share = sum(done.values()) / (len(STAGES) * plan.pictures)
            self._tell(Progress(min(0.99, share), f"of {plan.pictures} pictures: {words}"))

        look()
        try:
            with meanwhile(look, LOOK_S, "pipeline-progress"):
                yield
        finally:
            look()


def read_counters(path: Path) -> tuple[int, ...]:
    """How many items each stage has done so far; zeros where that can't be read."""
    try:
        return struct.unpack(f"{len(STAGES)}q", path.read_bytes())
    except (OSError, struct.error):
        return (0,) * len(STAGES)


@contextmanager
def _place(plan: Plan, name: str) -> Iterator[tuple[Plan, Path]]:
    """An empty folder for the plan, and a file of counters; both gone where the run fails."""
    folder, counters = scratch() / name, scratch() / f"{name}.counters"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        counters.write_bytes(bytes(8 * len(STAGES)))
        yield replace(plan, folder=folder), counters
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        counters.unlink(missing_ok=True)


def _called(worker: Worker, time_box: float, counters: Path, function: Callable,
            pipeline: Callable, plans: list[Plan], *more: Any) -> dict[str, Any]:  # fmt: skip
    """What the worker answers; a pipeline's failure is said in the terms of pipelines."""
    sources = sources_of([*_with_named(pipeline), *(plan.step for plan in plans)])
    try:
        return worker.call(function, pipeline, plans, str(counters), sources, *more,
                           time_box=time_box)  # fmt: skip
    except TimeBoxEnded:
        raise TimeBoxEnded(_hung(plans, read_counters(counters), time_box)) from None
    except RunError as error:
        if type(error) is not RunError or not error.details:
            raise
        raise RunError(f"A stage failed, and the whole pipeline ended with it. {error}",
                       error.details) from None  # fmt: skip


def _with_named(function: Any) -> list[Callable]:
    """The function, and those that it names: the workers."""
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    if not hasattr(function, "__code__"):
        return []
    found = [function.__globals__.get(name) for name in function.__code__.co_names]
    return [function, *(one for one in found if hasattr(one, "__code__"))]


def _hung(plans: list[Plan], done: Sequence[int], time_box: float) -> str:
    words = ", ".join(f"{stage} {n}" for stage, n in zip(STAGES, done, strict=True))
    begin = f"Ended after {time_box:g} s, the time box, with {words} done."
    if all(count == plan.pictures for plan in plans[-1:] for count in done):
        return (f"{begin} All the work was done and the pipeline did not end: does every worker "
                f"get a sentinel of its own?")  # fmt: skip
    return (f"{begin} Use fewer pictures or more workers, or look for a worker that waits for "
            f"what never comes.")  # fmt: skip


# --- threads against processes -----------------------------------------------------------


@dataclass
class PoolRace:
    """The same pipeline with each step in threads and in processes, interleaved.

    `seconds` and `cpus` map a row, ``(step, pool)``, to wall and CPU seconds, one a round.
    `control` is how much more two processes computed than one meanwhile, `foreign` the cores that
    other programs used (None: the system does not tell).
    """

    plan: Plan
    steps: tuple[str, ...]
    machine: Machine
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    cpus: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    control: float | None = None
    foreign: float | None = None

    @property
    def rows(self) -> list[tuple[str, str]]:
        """All pairs of a step and a pool."""
        return [(step, pool) for step in self.steps for pool in POOLS]

    def cores(self, step: str, pool: str) -> float:
        """Cores used: CPU time divided by wall time, the median of the rounds."""
        row = step, pool
        return median(c / w for c, w in zip(self.cpus[row], self.seconds[row], strict=True))

    def verdict(self, step: str) -> Verdict:
        """Processes against threads for a step, with its interval."""
        pairs = list(zip(self.seconds[step, "processes"], self.seconds[step, "threads"],
                         strict=True))  # fmt: skip
        return compare_times("processes", "threads", pairs)

    def summary(self) -> list[str]:
        """A sentence a step, then what limits the result."""
        return [f"{step}: {self.verdict(step)}." for step in self.steps] + self.limits()

    def limits(self) -> list[str]:
        """What keeps the result from saying more."""
        return limits(self.machine.cores, self.control, self.foreign)


def run_race(rounds: Rounds, pipeline: Callable, steps: Any, **options: Any) -> PoolRace:
    """Run the pipeline with each of `steps` in threads and in processes, in turn.

    `options` as for `make_plan`. Raises BadRequest, and RunError as `PipelineExperiment` does.
    """
    check_pipeline(pipeline)
    steps = [steps] if callable(steps) else list(steps)
    plans = [make_plan(step, pool, **options) for step in steps for pool in POOLS]
    if not plans:
        raise BadRequest("steps is empty: write steps=[soften].")
    if len({name_of(step) for step in steps}) < len(steps):
        raise BadRequest("Two of the steps have the same name: give one of them another.")
    worker, turn = rounds.workers[0], iter(range(10**6))
    with rounds.held():
        machine = read_machine_card(worker)
        result = PoolRace(plans[0], tuple(name_of(step) for step in steps), machine=machine)
        with _place(plans[0], "race") as (placed, counters):
            folder = placed.placed()
            placed_plans = [replace(p, folder=folder / str(k)) for k, p in enumerate(plans)]

            def one_round() -> list[tuple]:
                rows = _called(worker, 60.0, counters, inside.run_rounds, pipeline, placed_plans,
                               next(turn) % 2 == 1)["value"]  # fmt: skip
                for plan, (_, _, files) in zip(plans, rows, strict=True):
                    if files != plan.pictures:
                        raise RunError(f"{files} files were written for {plan.pictures} pictures: "
                                       f"mend the pipeline before you compare.")  # fmt: skip
                return rows

            found = rounds.repeat({"round": one_round}, ROUNDS, budget_s=BUDGET_S, name="pipeline,",
                                  controlled=machine.cores >= 1.5, retries=1)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
    for k, row in enumerate(result.rows):
        result.seconds[row] = [one[k][0] for one in found.values["round"]]
        result.cpus[row] = [one[k][1] for one in found.values["round"]]
    result.control, result.foreign = found.control, found.foreign
    return result
