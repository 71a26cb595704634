"""Looks for the winners: every cell once, then more rounds where it is undecided."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from ...measure.load import LIMIT, ForeignLoad
from ...measure.run import Run
from ...measure.statistics import FEWEST_PAIRS
from ...measure.trace import COMPUTING_IN_C, NAMES, RUNNING, UNSEEN
from ...worker.errors import RunError, Stopped, TimeBoxEnded
from ...workloads import Workload, work
from ..compare import Experiment, own_processes, read_machine_card
from ..comparison import Comparison
from ..outside import named
from ..pace import in_haste
from ..request import BadRequest, Request, make_request, seconds, whole
from ..stoppable import Progress
from ..surveys.survey import CONTROL_MS, CONTROL_REPEATS, MOST_WORKERS
from .cells import FAR_ROUNDS, Cell, Kind, Winners

COUNTS = (1, 3, 10, 100, 1000)
MOST_KINDS, MOST_COUNTS = 12, 6
#: A task shorter than this is timed once more, as the quickest of five.
SHORT_S = 0.02
#: Seconds for the whole map, and the share of them that a rehearsal has.
BUDGET_S, IN_HASTE = 20.0, 0.3
#: The share of the budget that one run may take, that the first run of everything may take,
#: and that rounds spoilt by other programs may.
LONGEST, BREADTH, SPOILT = 1 / 14, 0.7, 0.1
#: A run that is under way when the time is over may take this share of the budget longer.
OVER = 0.05


def default_kinds() -> dict[str, Workload]:
    """Six kinds of work, from pure waiting to tasks of next to nothing."""
    return {
        "wait": work.sleep(ms=10),
        "wait, compute a little": work.mixed(wait_ms=10, compute_ms=0.1),
        "blocking call": work.blocking_sleep(ms=5),
        "Python code": work.compute(ms=2),
        "C code without the GIL": work.hashing(ms=0.5),
        "tiny tasks": work.compute(ms=0.01),
    }


class Asked:
    """What a map is asked for, checked before anything runs. Raises BadRequest."""

    def __init__(self, work_types: Any = None, counts: Any = COUNTS, *, models: Any = None,
                 workers: Any = None, budget_s: Any = BUDGET_S) -> None:  # fmt: skip
        self.counts = _counts(counts)
        self.budget_s = seconds(budget_s, "budget_s", most=300)
        self.models, self.workers = models, workers
        self.kinds: dict[str, Workload] = {}
        for label, what in _labelled(work_types):
            request = self._request(what, self.counts[-1], workers)
            if len(request.models) < 2:
                only = request.models[0]
                raise BadRequest(f"Of the models asked for, only {only} can run "
                                 f"{request.workload.title}: ask for another as well.")  # fmt: skip
            name, number = label or request.workload.title, 2
            while name in self.kinds:
                name, number = f"{label or request.workload.title} {number}", number + 1
            self.kinds[name] = request.workload

    def request(self, workload: Workload, tasks: int, computes: bool, cores: float) -> Request:
        """One cell. Where tasks compute there are processes too, and as many at once as cores."""
        if not computes:
            return self._request(workload, tasks, self.workers)
        workers = self.workers or (MOST_WORKERS if cores >= MOST_WORKERS else 2)
        made = self._request(workload, tasks, workers)
        if self.models is None and workload.blocking is not None:
            names = (*made.models, "processes")
            made = replace(made, models=names)
        return made

    def _request(self, what: Any, tasks: int, workers: Any) -> Request:
        return make_request(what, tasks, workers=workers, models=self.models)


def _labelled(work_types: Any) -> list[tuple[str, Any]]:
    if work_types is None:
        return list(default_kinds().items())
    if isinstance(work_types, Mapping):
        found = [(str(label), what) for label, what in work_types.items()]
    elif isinstance(work_types, (list, set)):
        found = [("", what) for what in work_types]
    else:  # one workload, one function or one pair, as compare takes it
        found = [("", work_types)]
    if not 1 <= len(found) <= MOST_KINDS:
        raise BadRequest(f"A map has 1 to {MOST_KINDS} kinds of work, not {len(found)}: write "
                         f'who_wins({{"a wait": work.sleep(ms=10)}}).')  # fmt: skip
    return found


def _counts(counts: Any) -> tuple[int, ...]:
    if isinstance(counts, (str, bytes)) or not isinstance(counts, Iterable):
        raise BadRequest("counts is a list of task counts: write counts=[1, 10, 100].")
    found = sorted({whole(count, "counts", 1, 10_000, "write {}=[1, 10, 100], each ")
                    for count in counts})  # fmt: skip
    if not 1 <= len(found) <= MOST_COUNTS:
        raise BadRequest(f"counts holds 1 to {MOST_COUNTS} different task counts, not "
                         f"{len(found)}: write counts=[1, 10, 100].")  # fmt: skip
    return tuple(found)


class WinnersExperiment(Experiment):
    """A map of winners on one worker; blocks the calling thread. `stop()` ends it."""

    def search(self, asked: Asked) -> Winners:
        """Measure within the budget; what it leaves undecided or unmeasured says so.

        Raises Stopped. A kind of work that can't be loaded or fails costs its own row only.
        """
        with self.held():
            return self._search(asked)

    def _search(self, asked: Asked) -> Winners:
        self._begin, self._budget = time.monotonic(), asked.budget_s
        self._budget *= IN_HASTE if in_haste() else 1.0
        self._deadline, self._spoilt = self._begin + self._budget, 0.0
        self._at("starting")
        result = Winners(read_machine_card(self.worker), asked.counts, self._budget)
        for label, workload in asked.kinds.items():
            result.kinds[label] = Kind(label, workload, {n: Cell(n) for n in asked.counts})
        rows = list(result.kinds.values())
        for number, kind in enumerate(rows):
            left = self._left() - (1 - BREADTH) * self._budget
            self._row(kind, asked, result, left / (len(rows) - number))
        for again in (False, True):  # the second time with what the others left over
            rows = [kind for kind in rows if any(map(_due, kind.cells.values()))]
            rows.sort(key=lambda kind: sum(_still(c) * c.cost() for c in kind.cells.values()))
            for number, kind in enumerate(rows):
                share = self._left() / (1 if again else len(rows) - number)
                self._deepen(kind, time.monotonic() + share)
        for cell in result.cells.values():
            cell.late = True
        result.took_s = time.monotonic() - self._begin
        self._tell(Progress(1.0, "everything is measured"))
        return result

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _at(self, words: str) -> None:
        self.check()
        share = (time.monotonic() - self._begin) / self._budget
        self._tell(Progress(min(1.0, share), words))

    # --- a row -------------------------------------------------------------------------

    def _row(self, kind: Kind, asked: Asked, result: Winners, share: float) -> None:
        """Each of its cells once, within a share of the time."""
        self._at(kind.label)
        if share < 0.05:
            return self._blank(kind, "no time was left")
        until = time.monotonic() + share
        try:
            first = self._first(kind, asked, result)
            for cell in kind.cells.values():
                self._breadth(kind, cell, asked, first, until)
        except Stopped:
            raise
        except RunError as error:
            self._blank(kind, str(error))

    def _blank(self, kind: Kind, why: str) -> None:
        kind.problem = why
        for cell in kind.cells.values():
            cell.comparison, cell.problem = None, why

    def _first(self, kind: Kind, asked: Asked, result: Winners) -> Comparison:
        """One task alone: what it costs, whether it computes; and is a second core free?"""
        request = make_request(kind.workload, 1, models=asked.models,
                               time_box=max(0.1, self._left()))  # fmt: skip
        first = Comparison(request, result.machine)
        self.worker.load(kind.workload, dict(request.own_models))
        run = self.worker.run("sequential", 1, 1, detail=True, time_box=request.time_box)
        if not run.failed and run.wall_s < SHORT_S:  # the quickest of several
            run = self.worker.run("sequential", 5, 1, detail=True, time_box=request.time_box)
        if run.failed:
            raise RunError(named(run.failures[0]))
        first.single.append(_least_cost(run))
        if first.computes() and not first.one_core():
            answer = self.worker.call("helpers.measure.control:two_processes", CONTROL_MS,
                                      CONTROL_REPEATS)  # fmt: skip
            first.control = answer["value"]
        return first

    def _breadth(self, kind: Kind, cell: Cell, asked: Asked, first: Comparison,
                 until: float) -> None:  # fmt: skip
        """Every model once that does not take too long; none where fewer than two would run."""
        request = asked.request(kind.workload, cell.tasks, first.computes(), first.machine.cores)
        found = Comparison(request, first.machine, single=first.single, control=first.control)
        cell.comparison = found
        longest = min(LONGEST * self._budget, max(0.05, until - time.monotonic()))
        before = [c.comparison for c in kind.cells.values() if c.tasks < cell.tasks]
        expected = {}
        for model in request.models:
            known = [c.wall(model) for c in before if c is not None and model in c.traced]
            expected[model] = max([self._expected(found, model), *known])
            if expected[model] > min(longest, self._left()):
                found.left_out[model] = f"{model}: more than {_rounded(expected[model])} expected"
        if len(request.models) - len(found.left_out) < 2 or self._left() < 0.05:
            return  # a single model has nobody to win against
        for model in request.models:
            if model in found.left_out:
                continue
            late = time.monotonic() > until and len(found.traced) != 1  # one alone says nothing
            if late or self._left() <= 0:
                found.left_out[model] = f"{model}: no time was left"
            elif model == "asyncio" and expected[model] > longest / 4 and cell.follows():
                found.left_out[model] = "asyncio: in a row, since the tasks compute"
            else:
                self._once(kind, cell, model)
        cell.rounds = 1

    def _once(self, kind: Kind, cell: Cell, model: str) -> float:
        """One run into the cell; what fails is left out of it. Seconds of its wall time."""
        found = cell.compared
        self._at(f"{kind.label}: {cell.tasks:,} × {model}")
        box = max(0.05, min(3 * LONGEST * self._budget, self._left() + OVER * self._budget))
        try:
            run = self.worker.run(model, cell.tasks, found.request.cap_of(model), time_box=box)
            problem = f"{model}: a task failed" if run.failed else ""
            problem = problem or (f"{model}: not every task ran" if run.never_ran else "")
        except TimeBoxEnded:
            problem = f"{model}: ended after {box:.1f} s"
        except Stopped:
            raise
        except RunError as error:
            problem = f"{model}: {error}"
        if problem:
            found.left_out[model] = problem
            found.traced.pop(model, None)
            found.repeats.pop(model, None)
            return box
        found.traced.setdefault(model, run)
        found.repeats.setdefault(model, {})[cell.rounds] = run
        return run.wall_s

    # --- more rounds where models are close ----------------------------------------------

    def _deepen(self, kind: Kind, until: float) -> None:
        """Rounds over the undecided cells in turn, the cheap ones first, while time is left."""
        if in_haste():
            return
        self.worker.load(kind.workload, _own(kind))
        load = ForeignLoad(lambda: own_processes([self.worker]))
        since: list[tuple[Cell, int]] = []
        seen: list[float] = []
        begun, busy = time.monotonic(), True
        while busy:
            busy = False
            for cell in sorted(filter(_due, kind.cells.values()), key=Cell.cost):
                models = cell.due()
                end = min(until, self._deadline)
                if time.monotonic() + _still(cell) * cell.cost() > end:
                    continue  # begun now, it would not be decided in time
                for model in models[:: -1 if cell.rounds % 2 else 1]:
                    if self._left() > 0:  # else half a round, which gives no pair
                        self._once(kind, cell, model)
                since.append((cell, cell.rounds))
                cell.rounds, busy = cell.rounds + 1, True
                foreign = load.read()
                if foreign is None:
                    continue
                load.begin()
                if foreign > LIMIT and self._spoilt < SPOILT * self._budget:
                    self._spoilt += time.monotonic() - begun
                    _forget(since)  # another program came between: these don't count
                else:
                    seen.append(foreign)
                since, begun = [], time.monotonic()
        if seen:
            kind.foreign = max(median(seen), kind.foreign or 0.0)


def _least_cost(run: Run) -> tuple[float, float]:
    """Wall and CPU seconds of a run's quickest task, from its own marks where it has any.

    The quickest: the first also sets things up, and other programs can only add to it.
    """
    spent = [[0] * len(NAMES) for _ in range(run.tasks)]
    trace = run.detailed()
    for task, state, begin, end in trace.rows():
        spent[task][state] += end - begin
    costs = []
    for began, ended, of in zip(trace.started, trace.ended, spent, strict=True):
        wall_s, cpu_s = (ended - began) / 1e9, (of[RUNNING] + of[COMPUTING_IN_C]) / 1e9
        costs.append((wall_s, min(wall_s, run.usage.cpu_s / run.tasks) if of[UNSEEN] else cpu_s))
    return min(costs)


def _due(cell: Cell) -> bool:
    return cell.comparison is not None and bool(cell.due())


def _still(cell: Cell) -> int:
    """Rounds that a cell needs before anything can be said: a few may do, then six are needed."""
    return max(1, (FAR_ROUNDS if cell.rounds < FAR_ROUNDS else FEWEST_PAIRS) - cell.rounds)


def _forget(rounds: list[tuple[Cell, int]]) -> None:
    for cell, number in rounds:
        for runs in cell.compared.repeats.values():
            if len(runs) > 1:
                runs.pop(number, None)


def _own(kind: Kind) -> dict[str, Callable]:
    found = (c.comparison for c in kind.cells.values() if c.comparison is not None)
    return dict(next(found).request.own_models)


def _rounded(seconds_: float) -> str:
    return f"{seconds_:.1f} s" if seconds_ >= 0.95 else f"{seconds_ * 1e3:.0f} ms"


__all__ = ["BUDGET_S", "COUNTS", "Asked", "WinnersExperiment", "default_kinds"]
