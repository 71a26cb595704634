"""A survey: many workloads, each in a row and in every model; which ones gain, and from what."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ...measure.load import LIMIT, ForeignLoad
from ...measure.run import Run
from ...measure.statistics import FEWEST_PAIRS
from ...models import MODELS
from ...worker.errors import RunError, Stopped
from ...workloads.catalog import library_of
from ..compare import Experiment, own_processes, read_machine_card
from ..comparison import Comparison
from ..outside import named, outside
from ..pace import in_haste
from ..request import BadRequest, Request, make_request
from ..stoppable import Progress
from .surveyed import Row, Survey

#: Tasks in a run: a multiple of the workers, so that nobody idles at the end.
TASKS = 4
MOST_WORKERS = 4
#: As many rounds as a verdict needs. In two of them only: asyncio, where tasks compute (one
#: loop can't but run them in a row), and what took this many times as long as in a row at first.
ROUNDS, FEW = FEWEST_PAIRS, (0, 3)
FAR_SLOWER = 1.5
#: For the rounds of a row; a survey takes about `ROW_S` a row in all, so rows that took
#: longer (a library to load, a busy machine) leave less to those after them.
BUDGET_S, LEAST_S, ROW_S = 4.0, 1.0, 5.0
RETRIES = 1
CONTROL_MS, CONTROL_REPEATS = 15, 3
DEFAULT_MODELS = ("threads", "asyncio", "processes", "interpreters")


class RowExperiment(Experiment):
    """One row of a survey: a comparison without recorded timelines, as short as can be.

    What fails or takes too long is left out of the row, and said; the other models go on.
    """

    def follow(self, tell: Callable[[Progress], None]) -> None:
        """Tell `tell` from now on where the row stands."""
        self._tell = tell

    def _run_all(self, request: Request, said: dict[str, float] | None, rounds: int,
                 budget_s: float) -> Comparison:  # fmt: skip
        self.check()
        result = Comparison(request, read_machine_card(self.worker))
        self.worker.load(request.workload, dict(request.own_models))
        if not result.one_core():
            result.control = self._control()
        load = ForeignLoad(lambda: own_processes([self.worker]))
        spent = self._round(result, 0, rounds, result.request.models)
        if "sequential" not in result.traced:
            return result
        seldom = _seldom(result)
        often = [model for model in result.models if model not in seldom]
        a_round = sum(result.traced[model].wall_s for model in often)
        if rounds * a_round > 1.25 * budget_s:
            rounds = max(1, int(budget_s / a_round))
        seen, retries, number = [], RETRIES, 1
        while number < rounds:
            spent += self._round(result, number, rounds, result.models if number in FEW else often)
            foreign = load.read()
            if foreign is not None:
                load.begin()
                seen.append(foreign)
                if foreign > LIMIT and retries and spent < budget_s:
                    retries -= 1  # another program came between: this round does not count
                    seen.pop()
                    continue
            number += 1
        result.foreign = median(seen) if seen else None
        return result

    def _round(self, result: Comparison, number: int, of: int, due: Sequence[str]) -> float:
        """Run each model once, every other time in the opposite order; seconds it took."""
        spent = 0.0
        for model in [m for m in due if m not in result.left_out][:: -1 if number % 2 else 1]:
            self._tell(Progress(number / of, f"round {number + 1} of {of}, {model}"))
            run = None
            try:
                run = self._run(result, model)
                problem = _problem(run)
            except Stopped:
                raise
            except RunError as error:
                problem = str(error)
            if run is None or problem:
                result.left_out[model] = problem
                result.traced.pop(model, None)
                result.repeats.pop(model, None)
                if model == "sequential":
                    break  # nothing is left to compare with
                continue
            result.traced.setdefault(model, run)
            result.repeats.setdefault(model, {})[number] = run
            spent += run.wall_s
        # Of every round that counts: one may have been held up.
        result.single = [_unit_cost(run) for run in result.repeats.get("sequential", {}).values()]
        return spent

    def _control(self) -> float:
        self._tell(Progress(0.0, "is a second core free?"))
        answer = self.worker.call(
            "helpers.measure.control:two_processes", CONTROL_MS, CONTROL_REPEATS
        )
        return answer["value"]


def _unit_cost(run: Run) -> tuple[float, float]:
    """Wall and CPU seconds of one task, without the time in which other programs had the cores."""
    wall_s = run.wall_s - min(run.wall_s, run.usage.ready_s or 0.0)
    return wall_s / run.tasks, min(wall_s, run.usage.cpu_s) / run.tasks


def _seldom(result: Comparison) -> set[str]:
    """The models that two rounds are enough for, going by the first round."""
    limit = FAR_SLOWER * result.traced["sequential"].wall_s
    slow = {model for model, run in result.traced.items() if run.wall_s > limit}
    return slow | ({"asyncio"} if result.computes() else set())


def _problem(run: Run) -> str:
    """Why a run can't count, with a full stop; empty if it can."""
    if run.failures:
        what = named(run.failures[0])
        return f"{what.removesuffix('.')}. {outside(what)}".rstrip()
    return "not every task ran." if run.never_ran else ""


@dataclass
class SurveyRequest:
    """What a survey is asked for: a request a workload, checked before anything runs."""

    requests: dict[str, Request] = field(default_factory=dict)
    tasks: int = TASKS
    workers: int = 2


def survey_request(workloads: Any, *, tasks: Any = TASKS, workers: Any = None, models: Any = None,
                   time_box: Any = 8.0, cores: float = 2) -> SurveyRequest:  # fmt: skip
    """Check everything. Raises BadRequest with one sentence.

    `time_box`, in seconds, is for one run. `workers` are by default the usable `cores`, at least
    2, at most 4. "sequential" is always measured: the other models are held against it. A
    workload that was given twice gets a number behind its name.
    """
    if not isinstance(workloads, (list, tuple, set)) or not workloads:
        raise BadRequest("A survey takes a list of workloads: write survey([work.compute(ms=50)]).")
    if workers is None:
        workers = MOST_WORKERS if cores >= MOST_WORKERS else 2
        if in_haste() and tasks == TASKS:
            tasks = workers  # one for each
    names = _models(models)
    asked = SurveyRequest()
    for what in workloads:
        request = make_request(what, tasks, workers=workers, models=names, time_box=time_box)
        if len(request.models) < 2:
            raise BadRequest(
                f"{request.workload.title} can only be run sequentially in the models "
                f"asked for: ask for another as well, such as threads."
            )
        name, number = request.workload.name, 2
        while name in asked.requests:
            name, number = f"{request.workload.name} {number}", number + 1
        asked.requests[name] = request
        asked.tasks, asked.workers = request.tasks, request.cap
    return asked


def _models(models: Any) -> list:
    if models is None:
        models = [name for name in DEFAULT_MODELS if name in MODELS]
    elif isinstance(models, str) or callable(models):
        models = [models]
    return ["sequential", *(name for name in models if name != "sequential")]


def run_survey(experiment: RowExperiment, workloads: Any, *, rounds: int = ROUNDS,
               budget_s: float = BUDGET_S, tell: Callable[[Progress], None] | None = None,
               **options: Any) -> Survey:  # fmt: skip
    """Measure row after row; about 4 s each, 5 on a busy machine. Each row says what can't run.

    `options` as for `survey_request`. Raises BadRequest, and Stopped; a workload that
    can't be loaded or fails costs only its own row.
    """
    survey_request(workloads, **options)  # bad input is answered before anything starts
    with experiment.worker.session():
        machine = read_machine_card(experiment.worker)
        asked = survey_request(workloads, cores=machine.cores, **options)
        survey, begin = Survey(machine, asked.tasks, asked.workers), time.monotonic()
        for number, name in enumerate(_by_library(asked.requests)):
            request = asked.requests[name]
            title = request.workload.title

            def follow(progress: Progress, number: int = number, title: str = title) -> None:
                share = (number + progress.share) / len(asked.requests)
                if tell:
                    tell(Progress(share, f"{title}: {progress.words}"))

            experiment.follow(follow)
            late = time.monotonic() - begin - ROW_S * number
            own = min(budget_s, max(LEAST_S, budget_s - late))
            survey.rows[name] = _row(experiment, request, rounds, own)
    survey.rows = {name: survey.rows[name] for name in asked.requests}
    return survey


def _by_library(requests: dict[str, Request]) -> list[str]:
    """The names, those that stand on one library together: the worker loads it once for them."""
    libraries = {name: library_of(request.workload) for name, request in requests.items()}
    first = list(libraries.values()).index
    return sorted(requests, key=lambda name: first(libraries[name]))


def _row(experiment: RowExperiment, request: Request, rounds: int, budget_s: float) -> Row:
    try:
        found = experiment.run(request, rounds=rounds, budget_s=budget_s)
    except Stopped:
        raise
    except RunError as error:
        return Row(request.workload, None, str(error))
    if "sequential" not in found.traced:
        why = f"{request.workload.title}: {found.left_out['sequential']}"
        return Row(request.workload, None, why)
    return Row(request.workload, found)
