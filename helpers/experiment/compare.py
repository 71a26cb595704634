"""Runs one comparison: fair, interleaved, repeated, within a budget of time.

That nothing is measured in the process that reports it, and that a difference within the noise
is not called one, are habits of pyperf.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from statistics import median

from ..measure.load import LIMIT, ForeignLoad
from ..measure.machine import Machine
from ..measure.prediction import UnitCost, predict
from ..measure.run import Run
from ..measure.statistics import FEWEST_PAIRS
from ..measure.trace import COMPUTING_IN_C, RUNNING, UNSEEN
from ..services.service import service_processes
from ..worker.client import Worker
from ..worker.errors import TimeBoxEnded
from .comparison import Comparison
from .outside import named, outside
from .pace import paced
from .request import Request
from .stoppable import Progress, Stoppable

ROUNDS = 9
BUDGET_S = 4.0
RETRIES = 3
#: How often one task runs alone before a model is left out, if that takes less than `SHORT_S`.
SINGLES, SHORT_S = 3, 0.5
CONTROL_MS = 30


class Experiment(Stoppable):
    """One comparison on one worker; blocks the calling thread while it runs.

    `on_progress(Progress)` comes at most five times a second, `on_recorded(Comparison)`
    once, as soon as every model has run once and the timeline can be drawn; both from
    the calling thread. `stop()` may be called from any other.
    """

    def __init__(self, worker: Worker, on_progress: Callable | None = None,
                 on_recorded: Callable | None = None) -> None:  # fmt: skip
        super().__init__([worker], on_progress)
        self.worker = worker
        self._recorded = on_recorded or (lambda comparison: None)

    def run(self, request: Request, said: dict[str, float] | None = None, *,
            rounds: int = ROUNDS, budget_s: float = BUDGET_S) -> Comparison:  # fmt: skip
        """Run the comparison. Raises Stopped or another RunError of the worker."""
        with self.held():
            return self._run_all(request, said, paced(rounds), budget_s)

    def _run_all(self, request: Request, said: dict[str, float] | None, rounds: int,
                 budget_s: float) -> Comparison:  # fmt: skip
        self.check()
        machine = read_machine_card(self.worker)
        result = Comparison(request, machine, said=dict(said or {}))
        self.check()
        self.worker.load(request.workload, dict(request.own_models))
        self._record(result)
        if not result.traced:
            raise TimeBoxEnded(
                f"{' '.join([*request.notes, *result.left_out.values()])} Nothing is left to "
                f"compare: use fewer tasks or a smaller size, or give it more time with time_box=."
            )
        self._recorded(result)
        if result.complete():
            self._repeat(result, rounds, budget_s)
        failed = result.failed()
        if failed is not None:
            result.outside = outside(named(failed.failures[0]))
        self._tell(Progress(1.0, "everything is measured"))
        return result

    # --- first, one recorded run a model -------------------------------------------------

    def _record(self, result: Comparison) -> None:
        request = result.request
        self._single(result)
        for number, model in enumerate(request.models):
            # One model alone is never left out.
            expected = self._expected(result, model) if len(request.models) > 1 else 0.0
            # A call can be dear by chance: a few more, before anything is left out for it.
            for _ in range(SINGLES - len(result.single)):
                if expected > request.time_box and result.single[0][0] < SHORT_S:
                    self._single(result)
                    expected = self._expected(result, model)
            if expected > request.time_box:
                result.left_out[model] = (
                    f"{model} is left out: {request.tasks:,} tasks would take about "
                    f"{_duration(expected)}, and the time box is {request.time_box:g} s."
                )
                result.notes.append(result.left_out[model])
                continue
            share = (number, len(request.models), 0.5)
            result.traced[model] = self._run(result, model, detail=True, share=share)
            if result.traced[model].failed:
                return

    def _single(self, result: Comparison) -> None:
        """One task alone: what it costs, for the prediction and to see what would hang."""
        request = result.request
        run = self.worker.run("sequential", 1, 1, detail=True, time_box=request.time_box)
        if not run.failed:
            result.single.append(_cost_of(run))

    def _expected(self, result: Comparison, model: str) -> float:
        cost = result.cost()
        if cost is None or model in result.request.own_models:
            return 0.0
        request, machine = result.request, result.machine
        # The best case: never leave out what might be quick enough.
        hopeful = UnitCost(cost.wait_s, cost.cpu_s, cost.releases_gil, cost.loop_waits,
                           0.0, 0.0, 0.0)  # fmt: skip
        cap = request.cap_of(model)
        return predict(model, hopeful, request.tasks, cap, machine.cores, machine.gil)

    def _run(self, result: Comparison, model: str, *, detail: bool = False,
             share: tuple[float, float, float] | None = None) -> Run:  # fmt: skip
        self.check()
        request = result.request
        follow = None
        if share:
            number, of, part = share

            def follow(done: int) -> None:
                now = (number + done / request.tasks) / of * part
                self._tell(Progress(now, f"{model}: {done:,} of {request.tasks:,} tasks"))

            follow(0)
        return self.worker.run(
            model,
            request.tasks,
            request.cap_of(model),
            detail=detail,
            time_box=request.time_box,
            on_progress=follow,
        )

    # --- then, interleaved repeats -------------------------------------------------------

    def _repeat(self, result: Comparison, rounds: int, budget_s: float) -> None:
        plan = rounds_within(
            {model: run.wall_s for model, run in result.traced.items()}, rounds, budget_s
        )
        controlled = result.computes() and not result.one_core()
        controls = []
        load = ForeignLoad(lambda: own_processes([self.worker]))
        seen, retries, number, total = [], RETRIES, 0, rounds
        while number < total:
            due = [m for m in result.models if number in plan[m]]
            order = due if number % 2 == 0 else due[::-1]
            if controlled and number % 3 == 0:
                controls.append(self._control())
            batch = {}
            for model in order:
                share = 0.5 + 0.5 * number / total
                self._tell(Progress(share, f"round {number + 1} of {total}: {model}"))
                batch[model] = self._run(result, model)
                if batch[model].failed:  # its time is none of a task's: nothing more counts
                    result.repeats.setdefault(model, {})[number] = batch[model]
                    return
            if order and number in plan[min(plan, key=lambda m: len(plan[m]))]:
                self._single(result)
            foreign = load.read()
            if foreign is not None:
                load.begin()
                if foreign > LIMIT and retries and number:
                    retries -= 1  # another program came between: this round does not count
                    continue
                seen.append(foreign)
            for model, run in batch.items():
                result.repeats.setdefault(model, {})[number] = run
            number += 1
        result.foreign = median(seen) if seen else None
        result.control = median(controls) if controls else None

    def _control(self) -> float:
        """How much more two processes compute than one, now: the positive control."""
        self._tell(Progress(0.5, "is a second core free?"))
        answer = self.worker.call("helpers.measure.control:two_processes", CONTROL_MS)
        return answer["value"]


def rounds_within(walls: dict[str, float], rounds: int, budget_s: float) -> dict[str, set[int]]:
    """In which rounds each model runs, so that all fit into about `budget_s` seconds.

    `walls` are the seconds that each model takes in a round.
    Models that take about as long as the quickest are the ones whose verdict is in doubt:
    they come first, run in the same rounds, and may take twice the budget if that is what
    a verdict needs. What is left goes to the slow ones,
    spread over the whole time. Everyone runs at least once.
    """
    costs = {model: wall + 0.005 for model, wall in walls.items()}
    quickest = min(costs.values())
    close = [model for model in costs if costs[model] <= 3 * quickest]
    one_round = sum(costs[m] for m in close)
    count = max(1, min(rounds, int(budget_s / one_round)))
    if count < FEWEST_PAIRS and FEWEST_PAIRS * one_round <= 2 * budget_s:
        count = min(rounds, FEWEST_PAIRS)  # rather a bit long than without a verdict
    plan = {model: _spread(count, rounds) for model in close}
    left = budget_s - count * one_round
    for model in sorted(costs.keys() - plan.keys(), key=costs.__getitem__):
        count = max(1, min(rounds, int(left / costs[model])))
        plan[model] = _spread(count, rounds)
        left -= count * costs[model]
    return plan


def _spread(count: int, rounds: int) -> set[int]:
    return {round(k * rounds / count) for k in range(count)}


def _cost_of(run: Run) -> tuple[float, float]:
    """Wall and CPU seconds of the one task of a recorded run.

    From the task's own marks where it has any: the CPU time of the whole process holds
    the run's own cost too, which matters for a task that computes next to nothing.
    """
    trace = run.detailed()
    wall_s = (trace.ended[0] - trace.started[0]) / 1e9
    totals = trace.totals()
    if totals[UNSEEN]:  # then other programs must not make a computation look like a wait
        wall_s -= min(wall_s, run.usage.ready_s or 0.0)
        return wall_s, min(wall_s, run.usage.cpu_s)
    return wall_s, (totals[RUNNING] + totals[COMPUTING_IN_C]) / 1e9


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def own_processes(workers: Iterable[Worker]) -> list[int]:
    """The process ids whose CPU time is the course's own: kernel, workers, services."""
    ids = [pid for worker in workers for pid in worker.processes()]
    return [os.getpid(), *ids, *service_processes()]


_cards: dict[str, Machine] = {}


def read_machine_card(worker: Worker) -> Machine:
    """The machine card as the worker's interpreter sees it, measured once a session."""
    if worker.python not in _cards:
        answer = worker.call("helpers.measure.machine:card_as_dict")
        _cards[worker.python] = Machine.from_dict(answer["value"])
    return _cards[worker.python]
