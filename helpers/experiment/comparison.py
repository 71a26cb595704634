"""What a comparison found: the runs, the verdicts, the predictions, and what to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from ..measure.fit import OneSentence
from ..measure.machine import Machine
from ..measure.prediction import UnitCost, predict
from ..measure.run import Run, same_results
from ..measure.statistics import Verdict, compare_times
from ..models import MODELS
from .limits import CONTROL_SHOWS, limits
from .outside import named
from .request import Request


class DidNotRun(OneSentence, KeyError):
    """A comparison was asked about a model that did not run; the message says why.

    In a notebook it shows as that one sentence, where a KeyError would show it as code.
    """


@dataclass
class Comparison:
    """Runs of the same tasks in several models, interleaved; all times in seconds.

    `traced` holds one recorded run a model, for the timeline; `repeats` the measured runs
    as ``{model: {round: Run}}``; `single` the times of one task alone as (wall, CPU).
    `control` is how much more two processes computed than one, in the same minutes;
    `foreign` the cores that other programs used. `said` is the learner's prediction, in
    seconds by model. `outside` says what a failed task went without, as a server that has ended,
    and what to do. `recorded` is the day of a run that was loaded from a file (YYYY-MM-DD):
    then the `machine` is another one, or this one then.
    """

    request: Request
    machine: Machine
    traced: dict[str, Run] = field(default_factory=dict)
    repeats: dict[str, dict[int, Run]] = field(default_factory=dict)
    single: list[tuple[float, float]] = field(default_factory=list)
    control: float | None = None
    foreign: float | None = None
    said: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    outside: str = ""
    recorded: str | None = None

    @property
    def models(self) -> list[str]:
        """The models that ran, in the order they were asked for."""
        return [name for name in self.request.models if name in self.traced]

    def walls(self, model: str) -> list[float]:
        """Wall times of `model` in seconds, one a repeat; the recorded run's if there are none.

        Raises DidNotRun for a model that did not run, as do all that are asked about one.
        """
        return [run.wall_s for run in self._runs(model)]

    def wall(self, model: str) -> float:
        """The median wall time of `model`, in seconds. Raises DidNotRun."""
        return median(self.walls(model))

    def speedup(self, model: str, over: str = "sequential") -> float:
        """How many times as fast `model` is as `over`, from the medians. Raises DidNotRun."""
        return self.wall(over) / self.wall(model)

    def cores(self, model: str) -> float:
        """Cores used by `model`: CPU time over wall time, median of the repeats.

        Raises DidNotRun.
        """
        return median(run.usage.cores for run in self._runs(model))

    def fastest(self) -> str:
        """The model with the smallest median; whether that means anything, `verdict` says."""
        return min(self.models, key=self.wall)

    def verdict(self, first: str, second: str) -> Verdict:
        """The verdict on two models, from the rounds in which both ran.

        Raises DidNotRun.
        """
        a, b = self.repeats.get(first, {}), self.repeats.get(second, {})
        pairs = [(a[k].wall_s, b[k].wall_s) for k in sorted(a.keys() & b.keys())]
        if not pairs:
            pairs = [(self._recorded(first).wall_s, self._recorded(second).wall_s)]
        return compare_times(first, second, pairs)

    def verdicts(self) -> list[Verdict]:
        """The fastest model against each other one, the closest first."""
        best = self.fastest()
        others = sorted((m for m in self.models if m != best), key=self.wall)
        return [self.verdict(best, other) for other in others]

    def failed(self) -> Run | None:
        """The first run in which a task failed, or None."""
        runs = [*self.traced.values(),
                *(run for rounds in self.repeats.values() for run in rounds.values())]  # fmt: skip
        return next((run for run in runs if run.failed), None)

    def complete(self) -> bool:
        """Whether every model ran every task, and none failed."""
        return self.failed() is None and not any(run.never_ran for run in self.traced.values())

    def agree(self) -> bool | None:
        """Whether all models returned the same results; None where that can't be told."""
        runs = list(self.traced.values())
        answers = [same_results(runs[0], run) for run in runs[1:]]
        return False if False in answers else None if None in answers else True

    def cost(self) -> UnitCost | None:
        """What one task costs, as measured beside the runs."""
        if not self.single:
            return None
        workload = self.request.workload
        wall = median(wall for wall, _ in self.single)
        cpu = min(wall, median(cpu for _, cpu in self.single))
        native = workload.kind == "native"
        return UnitCost(wall - cpu, cpu, native, workload.loop_waits,
                        self.machine.task_s, self.machine.thread_s)  # fmt: skip

    def predicted(self, model: str) -> float | None:
        """Seconds that the simple model of `measure.prediction` says; None where it can't."""
        cost = self.cost()
        if cost is None or model in self.request.own_models or model not in MODELS:
            return None
        request, machine = self.request, self.machine
        cap = request.cap_of(model)
        return predict(model, cost, request.tasks, cap, machine.cores, machine.gil)

    def one_core(self) -> bool:
        """Whether this machine can't show a gain from several cores at all."""
        return self.machine.cores < 1.5

    def computes(self) -> bool:
        """Whether the tasks mostly compute (as measured on one task alone)."""
        cost = self.cost()
        return cost is not None and cost.cpu_s > cost.wait_s

    def summary(self) -> list[str]:
        """Sentences: what failed or was found, then what limits it."""
        run = self.failed()
        if run is not None:
            failure = run.failures[0]
            which = f"task {failure['task']}" if run.tasks > 1 else "the task"
            count = f"{run.failed} of {run.tasks} tasks" if run.tasks > 1 else "the task"
            what = (f"In {run.model}, {which} raised {named(failure)} ({count} failed). "
                    f"Nothing was compared. {self.outside}")  # fmt: skip
            return [what.rstrip()]
        for run in self.traced.values():
            if run.never_ran:
                return [f"{run.model} ran {run.tasks - run.never_ran} of {run.tasks} tasks; the "
                        f"others never ran. Nothing was compared: call one(number) for every "
                        f"number."]  # fmt: skip
        said = [_sentence(verdict) for verdict in self.verdicts()]
        if len(self.models) == 1:
            only = self.models[0]
            said = [f"{only} took {self.wall(only) * 1e3:,.0f} ms."]
        if self.agree() is False:
            said.insert(0, "The models did not return the same results: they did not do the "
                           "same work, so their times can't be compared.")  # fmt: skip
        return said + self.limits()

    def limits(self) -> list[str]:
        """What keeps the result from saying more."""
        found = [*self.request.notes, *self.notes]
        if not self.computes():
            return found + limits(2, None, self.foreign, over=bool(self.recorded))
        if not self.one_core() and (self.control or 0) >= CONTROL_SHOWS:
            found.append(f"A second core was free: two processes did {self.control:.1f}× the "
                         f"work of one in the same time.")  # fmt: skip
        return found + limits(self.machine.cores, self.control, self.foreign,
                              over=bool(self.recorded))  # fmt: skip

    # --- inside ------------------------------------------------------------------------

    def _runs(self, model: str) -> list[Run]:
        """The repeats of `model`, or its recorded run."""
        return list(self.repeats.get(model, {}).values()) or [self._recorded(model)]

    def _recorded(self, model: str) -> Run:
        if model in self.traced:
            return self.traced[model]
        if model in self.left_out:
            raise DidNotRun(f"{self.left_out[model]} Use fewer tasks or a smaller size, or give it "
                            f"more time with time_box=.")  # fmt: skip
        ran = ", ".join(self.models) or "none"
        raise DidNotRun(f"No model {model!r} ran here. These did: {ran}.")


def _sentence(verdict: Verdict) -> str:
    text = str(verdict)
    # a model's name keeps its own spelling, also at the start
    return ("N" + text[1:] if text.startswith("no ") else text) + "."


class PerhapsMeasured:
    """What holds a comparison where it was measured; elsewhere `problem` says why it was not."""

    comparison: Comparison | None
    problem: str

    @property
    def compared(self) -> Comparison:
        """The comparison. Raises LookupError where there is none; `problem` says why."""
        if self.comparison is None:
            raise LookupError(self.problem or "nothing was measured here")
        return self.comparison
