"""What a survey found: per workload who gains, by how much, on how many cores; in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from ...measure.machine import Machine
from ...measure.statistics import Verdict
from ...workloads import Workload
from ...workloads.catalog import domain_of
from ..comparison import Comparison, PerhapsMeasured
from ..limits import CONTROL_SHOWS, limits

#: How many times as fast counts as a gain: what one would change code for.
GAIN = 1.2
#: More cores than this in a row: the library has threads of its own.
OWN_THREADS = 1.25


@dataclass
class Row(PerhapsMeasured):
    """One workload. `comparison` is None where nothing was measured; `problem` says why."""

    workload: Workload
    comparison: Comparison | None
    problem: str = ""

    @property
    def title(self) -> str:
        """What the workload does."""
        return self.workload.title

    @property
    def domain(self) -> str:
        """The field that the workload comes from; rows of a field stand together."""
        return domain_of(self.workload)

    @property
    def models(self) -> list[str]:
        """The models that ran, other than sequential."""
        return [m for m in self.comparison.models if m != "sequential"] if self.comparison else []

    def verdict(self, model: str) -> Verdict:
        """`model` against sequential; its ratio is the speed-up."""
        return self.compared.verdict(model, "sequential")

    def speedup(self, model: str) -> float:
        """How many times as fast as one task after the other, the median of the pairs."""
        return self.verdict(model).ratio

    def spread(self, model: str) -> tuple[float, float]:
        """The interval of the speed-up, as factors; from smallest to largest of a few pairs."""
        verdict = self.verdict(model)
        if verdict.low is not None and verdict.high is not None:
            return verdict.low, verdict.high
        a, b = self.compared.repeats[model], self.compared.repeats["sequential"]
        ratios = [b[k].wall_s / a[k].wall_s for k in a.keys() & b.keys()] or [verdict.ratio]
        return min(ratios), max(ratios)

    def cores(self, model: str) -> float:
        """Cores used: CPU time over wall time, the median."""
        return self.compared.cores(model)

    def second_core(self) -> bool:
        """Whether a gain could have shown: several usable cores, and a second one free."""
        found = self.comparison
        if found is None or found.one_core():
            return False
        return found.control is None or found.control >= CONTROL_SHOWS

    def gains(self, model: str = "threads") -> bool | None:
        """Whether `model` is at least `GAIN` times as fast as sequential; None: can't be told.

        It can't be told where the interval holds `GAIN`, where there are too few pairs,
        or where nothing was gained and no second core was free: neither the control nor
        the processes of the same rounds had one.
        """
        if model not in self.models:
            return None
        verdict = self.verdict(model)
        if verdict.low is None or verdict.high is None:
            return None
        if verdict.low > GAIN:
            return True
        could = self.second_core() or (model != "processes" and self.gains("processes"))
        return False if verdict.high < GAIN and could else None

    def fastest(self) -> list[str]:
        """The fastest model, and those that can't be told from it; the fastest first."""
        found = self.compared
        best = found.fastest()
        same = [m for m in found.models if m != best and _alike(found.verdict(best, m))]
        if found.computes() and "sequential" not in (best, *same) and best != "asyncio":
            # On a loop computations run one after the other; it was only measured less often.
            same = [m for m in same if m != "asyncio"]
        return [best, *sorted(same, key=found.wall)]

    def winner(self) -> str:
        """Who is fastest here, in a few words."""
        if self.comparison is None:
            return "not measured"
        first = self.fastest()
        if "sequential" in first and len(first) > 1:
            return "no difference this machine can show"
        return " or ".join(first)


def _alike(verdict: Verdict) -> bool:
    if verdict.claim == "few":
        return verdict.ratio < GAIN
    return verdict.claim != "faster"


@dataclass
class Survey:
    """Rows by name of the workload, in the order they were asked for.

    `tasks` tasks a run, at most `workers` at once.
    """

    machine: Machine
    tasks: int
    workers: int
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def measured(self) -> dict[str, Row]:
        """The rows that have a result."""
        return {name: row for name, row in self.rows.items() if row.comparison is not None}

    @property
    def models(self) -> list[str]:
        """The models that ran in some row, other than sequential."""
        return list(dict.fromkeys(m for row in self.measured.values() for m in row.models))

    @property
    def control(self) -> float | None:
        """How much more two processes computed than one, meanwhile; the median of the rows."""
        return _middle(row.compared.control for row in self.measured.values())

    def speedup(self, name: str, model: str = "threads") -> float:
        """How many times as fast as sequential the row `name` is in `model`.

        Raises KeyError for a row or a model that was not measured.
        """
        return self.measured[name].speedup(model)

    def cores(self, name: str, model: str = "threads") -> float:
        """Cores used in the row `name`. Raises KeyError as `speedup`."""
        return self.measured[name].cores(model)

    def summary(self) -> list[str]:
        """Sentences: who gains from threads, what the other models do, then the limits."""
        return [*self.findings(), *self.limits()]

    def findings(self) -> list[str]:
        """What was found, model by model."""
        if not self.measured:
            return ["Nothing was measured."]
        found = [text for model in self.models for text in self._model(model)]
        return found + self._own_threads()

    def _model(self, model: str) -> list[str]:
        rows = [row for row in self.measured.values() if model in row.models]
        by = {gain: [r for r in rows if r.gains(model) is gain] for gain in (True, False, None)}
        speeds = [row.speedup(model) for row in rows]
        if model == "asyncio" and max(speeds) < GAIN:
            low, high = _times(min(speeds)), _times(max(speeds))
            return [f"asyncio shows no gain ({low} to {high}): a task that computes never lets go "
                    f"of the loop."]  # fmt: skip
        said = []
        ends = {True: "gain", False: "don't gain", None: "may gain or not, it can't be told here"}
        for gain, words in ends.items():
            if by[gain]:
                shown = ", ".join(f"{r.title} {_times(r.speedup(model))}" for r in by[gain])
                said.append(f"{model} {words}: {shown}.")
        return said

    def _own_threads(self) -> list[str]:
        said = []
        for row in self.measured.values():
            alone = row.cores("sequential")
            if alone > OWN_THREADS and "threads" in row.models:
                said.append(f"{row.title}: one task after the other already used {alone:.1f} "
                            f"cores, so the library has threads of its own; Python threads on top "
                            f"made it {_times(row.speedup('threads'))} as fast.")  # fmt: skip
        return said

    def limits(self) -> list[str]:
        """What could not be measured, and what keeps the result from saying more."""
        said = [row.problem for row in self.rows.values() if row.comparison is None]
        for row in self.measured.values():
            said += [f"{row.title}, without {model}: {why}"
                     for model, why in row.compared.left_out.items()]  # fmt: skip
            if row.compared.agree() is False:
                said.append(f"{row.title}: the models did not return the same results, so their "
                            f"times can't be compared.")  # fmt: skip
        control, foreign = self.control, self.foreign()
        if self.machine.cores >= 1.5 and (control or 0) >= CONTROL_SHOWS:
            said.append(f"A second core was free: two processes did {control:.1f}× the work of one "
                        f"in the same time.")  # fmt: skip
        return list(dict.fromkeys(said + limits(self.machine.cores, control, foreign)))

    def foreign(self) -> float | None:
        """Cores that other programs used, the median of the rows."""
        return _middle(row.compared.foreign for row in self.measured.values())


def _middle(values: Iterable[float | None]) -> float | None:
    """The median of those that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _times(value: float) -> str:
    return f"{value:.1f}×" if value >= 1.95 else f"{value:.2f}×"


#: Used by charts and widgets to name a result in the same words.
GAIN_WORDS = {True: "threads gain", False: "no gain", None: "can't be told here"}
