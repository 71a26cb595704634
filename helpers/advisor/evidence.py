"""What was measured of a function, and the verdicts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from ..experiment.limits import CONTROL_SHOWS
from ..experiment.surveys.surveyed import GAIN, OWN_THREADS
from ..measure.statistics import FEWEST_PAIRS, Verdict, compare_times

#: A function whose first call costs so many times what later ones do, and so many seconds.
COLD_TIMES, COLD_S = 10, 0.005
#: Threads that want fewer cores than this take turns: the GIL, or another lock.
TURNS = 1.4
#: So many pairs without a clear gain, the median ratio below this, are no gain worth code.
NO_GAIN, MANY_PAIRS = 1.1, 9


#: A call that waits for a smaller share of its time than this only computes.
SOME = 0.1


@dataclass
class Arm:
    """One way to run the calls: `per_call` holds its seconds a call, one value a round.

    `calls` is how many calls a run made, `workers` how many at once. `cores` is CPU time
    over wall time; `wanted` are the cores that it would have used had they been free: the
    time in which a thread was ready and had none counts as well (None: the system does not
    tell). `same` says whether the results were those of calls in a row (None: can't be told);
    `failure` why the arm was given up.
    """

    workers: int
    calls: int = 1
    per_call: list[float] = field(default_factory=list)
    cores: float | None = None
    wanted: float | None = None
    same: bool | None = None
    failure: str = ""

    @property
    def middle(self) -> float:
        """Seconds a call, the median."""
        return median(self.per_call)


@dataclass
class Evidence:
    """Everything `advise` measured of one function. Times in seconds.

    `form` is "blocking", "async" or "pair"; `async_name` names the second of a pair. `arms`
    are by model; ``arms["sequential"]`` is one call after the other. `out` says why a model
    was not tried. `problem` says why there are no arms at all.
    """

    name: str
    form: str
    cores: float
    gil: bool = True
    async_name: str = ""
    problem: str = ""
    first_s: float | None = None
    later_s: list[float] = field(default_factory=list)
    cores_alone: float = 1.0
    waits: float = 0.0
    steady: bool | None = None
    mutated: bool = False
    locks: bool = False
    cached: bool = False
    local: bool = False
    given: int = 0
    lag_s: float | None = None
    lag_calls: int = 1
    lag_span_s: float | None = None
    args_bytes: int | None = None
    result_bytes: int | None = None
    ship_s: float | None = None
    pool_start_s: float | None = None
    control: list[float] = field(default_factory=list)
    foreign: float | None = None
    arms: dict[str, Arm] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)

    @property
    def called(self) -> bool:
        """Whether it was called at all, and came to an end."""
        return bool(self.later_s) or self.first_s is not None

    @property
    def call_s(self) -> float:
        """Seconds of a later call, alone: the median. Raises LookupError if it was not `called`."""
        if self.later_s:
            return median(self.later_s)
        if self.first_s is None:
            raise LookupError(f"{self.name} was not measured: {self.problem}")
        return self.first_s

    @property
    def models(self) -> list[str]:
        """The models that were measured beside one call after the other."""
        return [m for m in self.arms if m != "sequential" and self.arms[m].per_call]

    @property
    def pairs(self) -> int:
        """How many rounds were measured."""
        first = self.arms.get("sequential")
        return len(first.per_call) if first else 0

    @property
    def cold(self) -> bool:
        """Whether the first call is what the function costs."""
        if self.first_s is None or not self.later_s:
            return False
        return self.first_s >= COLD_S and self.first_s >= COLD_TIMES * self.call_s

    @property
    def waiting(self) -> bool:
        """Whether a call waits for more than half of its time."""
        return self.waits > 0.5

    @property
    def own_cores(self) -> float:
        """Cores that calls in a row use: in the rounds, if there were any, else in a first look.

        The first look is short, and threads that a library starts then may still be busy.
        """
        first = self.arms.get("sequential")
        return self.cores_alone if first is None or first.cores is None else first.cores

    @property
    def control_ratio(self) -> float | None:
        """How much more two processes computed than one, meanwhile; the median."""
        return median(self.control) if self.control else None

    def second_core(self) -> bool:
        """Whether a gain from a second core could have shown."""
        if self.cores < 1.5:
            return False
        if self.own_cores > OWN_THREADS:
            return True
        free = self.foreign is None or self.cores - self.foreign >= CONTROL_SHOWS
        if free and (self.control_ratio or 0.0) >= CONTROL_SHOWS:
            return True
        if self.waiting:  # then a gain proves nothing about cores
            return False
        return any(self.gains(m) for m in ("threads", "processes"))

    def excluded(self, model: str) -> str:
        """Why `model` can't be recommended whatever its time; "" if it can."""
        arm = self.arms.get(model)
        if arm is None:
            return self.out.get(model, "it was not measured")
        if arm.failure:
            return arm.failure
        return "its results were not those of calls in a row" if arm.same is False else ""

    def verdict(self, model: str, other: str = "sequential") -> Verdict:
        """`model` against `other`, paired by round; its ratio is the speed-up."""
        a, b = self.arms[model].per_call, self.arms[other].per_call
        return compare_times(model, other, list(zip(a, b, strict=False)))

    def gains(self, model: str) -> bool:
        """Whether `model` is faster than calls in a row, by `GAIN` and beyond noise."""
        if model not in self.models:
            return False
        found = self.verdict(model)
        return found.claim == "faster" and found.ratio >= GAIN

    def could_gain(self, model: str) -> bool | None:
        """Whether `model` gains (True), can't gain here (False), or can't be told (None)."""
        if self.excluded(model) or model not in self.models:
            return False
        if self.gains(model):
            return True
        if self.pairs < FEWEST_PAIRS:
            return None
        found, arm = self.verdict(model), self.arms[model]
        if model == "threads" and self.waits < SOME and arm.wanted and arm.wanted < GAIN:
            return False  # who computes can't gain more than the cores that were asked for
        if found.high is None:
            return None
        if found.high * max(2, arm.workers) < GAIN:
            return False  # so slow that cores to themselves could not mend it
        small = found.ratio < NO_GAIN and found.claim != "faster" and self.pairs >= MANY_PAIRS
        if found.high >= GAIN and not small:
            return None
        if self.waiting or model == "asyncio" or self.second_core():
            return False
        turns = self.gil and arm.wanted is not None and arm.wanted < TURNS
        return False if model == "threads" and turns else None
