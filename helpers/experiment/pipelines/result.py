"""What a recorded run of a pipeline shows: who was busy, who waited, where it is narrow."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from ...measure.machine import Machine
from .plan import STAGES, Plan

#: Two stages whose shares differ by less than this are equally busy.
CLOSE = 0.08
#: Below this share of the time no stage holds up the others.
BUSY = 0.5
#: Shorter waits are the queue's own work, not waiting.
SHORTEST_S = 0.0002

WORKING, ROOM = "in work", "waits for room"


class Span(NamedTuple):
    """`lane` of `stage` was in `state` from `begin` to `end`, in seconds since the start."""

    stage: str
    lane: int
    state: str
    begin: float
    end: float


@dataclass
class Shares:
    """What the workers of a stage did, as shares of the whole run: they sum up to 1."""

    busy: float
    room: float

    @property
    def idle(self) -> float:
        """The share spent waiting for input: before the first item, between two, after the last."""
        return max(0.0, 1 - self.busy - self.room)


@dataclass
class Line:
    """A queue: its bound (0: none) and its length since each moment, in seconds."""

    name: str
    bound: int
    times: list[float]
    lengths: list[int]

    @property
    def longest(self) -> int:
        """The most items that it held."""
        return max(self.lengths)

    def full(self, wall: float) -> float:
        """The share of a run of `wall` seconds in which it was full; 0 without a bound."""
        if not self.bound:
            return 0.0
        ends = [*self.times[1:], wall]
        spans = zip(self.lengths, self.times, ends, strict=True)
        return sum(b - a for length, a, b in spans if length >= self.bound) / wall


@dataclass
class PipelineRun:
    """One recorded run.

    `spans` say what each worker did, `lines` are the queues in the order in which they were
    made, `jobs` are what ran in the pool as ``(stage, who, seconds)``, `written` counts the
    files, `sheet` is a JPEG of them all (empty if they are no pictures), `folder` is where
    they are until the next run.
    """

    plan: Plan
    wall_s: float
    cpu_s: float
    written: int
    spans: list[Span] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    jobs: list[tuple] = field(default_factory=list)
    sheet: bytes = b""
    folder: Path | None = None
    printed: str = ""
    machine: Machine | None = None

    @classmethod
    def of(cls, plan: Plan, found: dict[str, Any], printed: str, machine: Machine) -> PipelineRun:
        """From what `inside.run_plans` gives for one plan."""
        begin, usage = found["begin"], found["usage"]
        lanes: dict[int, tuple[str, int]] = {}
        used = dict.fromkeys(STAGES, 0)
        for stage, _, worker, *_ in sorted(found["items"], key=lambda item: item[3]):
            if worker not in lanes:
                lanes[worker] = stage, used[stage]
                used[stage] += 1
        since = lambda ns: (ns - begin) / 1e9  # noqa: E731
        spans = [Span(stage, lanes[worker][1], WORKING, since(a), since(b))
                 for stage, _, worker, a, b in found["items"]]  # fmt: skip
        spans += [Span(*lanes[worker], ROOM, since(a), since(b))
                  for worker, kind, a, b in found["waits"]
                  if kind == "put" and worker in lanes and b - a > SHORTEST_S * 1e9]  # fmt: skip
        lines = [Line(name, max(0, bound), [since(t) for t, _ in rows], [n for _, n in rows])
                 for name, (bound, rows) in found["queues"].items()]  # fmt: skip
        jobs = [(stage, who, (b - a) / 1e9) for stage, _, who, a, b in found["jobs"]]
        return cls(plan, usage["wall_s"], usage["user_s"] + usage["system_s"], found["files"],
                   sorted(spans, key=lambda s: s.begin), lines, jobs, found["sheet"],
                   plan.folder, printed, machine)  # fmt: skip

    # --- figures -------------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """Pictures written a second."""
        return self.written / self.wall_s

    @property
    def cores(self) -> float:
        """Cores used: CPU time divided by wall time, the pool's processes included."""
        return self.cpu_s / self.wall_s

    def lanes(self, stage: str) -> int:
        """The workers of a stage: as planned, or more if more were seen."""
        seen = [s.lane + 1 for s in self.spans if s.stage == stage]
        return max([self.plan.workers[stage], *seen])

    def shares(self, stage: str) -> Shares:
        """What the workers of a stage did in the whole run."""
        total = {WORKING: 0.0, ROOM: 0.0}
        for span in self.spans:
            if span.stage == stage:
                total[span.state] += span.end - span.begin
        whole = self.lanes(stage) * self.wall_s
        return Shares(total[WORKING] / whole, total[ROOM] / whole)

    def done(self, stage: str) -> int:
        """How many items went through a stage."""
        return sum(s.stage == stage and s.state == WORKING for s in self.spans)

    def item_s(self, stage: str) -> float | None:
        """What one item took in a stage, the median; None without any."""
        times = [s.end - s.begin for s in self.spans if s.stage == stage and s.state == WORKING]
        return median(times) if times else None

    def ran_in(self, stage: str) -> str:
        """Where a stage's work ran, as far as that was recorded: ``2 processes``."""
        who = {who for at, who, _ in self.jobs if at == stage}
        if not who:
            return "–"
        processes = len({pid for pid, _ in who})
        if self.plan.pool_name == "processes":
            return f"{processes} process{'' if processes == 1 else 'es'}"
        return f"{len(who)} thread{'' if len(who) == 1 else 's'}"

    def at_once(self, stage: str, moment: float) -> int:
        """How many items a stage worked on at `moment`, in seconds since the run began."""
        return sum(s.begin <= moment < s.end for s in self.spans
                   if s.stage == stage and s.state == WORKING)  # fmt: skip

    def length(self, line: Line, moment: float) -> int:
        """How many items a queue held at `moment`, in seconds since the run began."""
        return line.lengths[max(0, bisect_right(line.times, moment) - 1)]

    @property
    def bottleneck(self) -> str | None:
        """The stage whose workers were busy for the largest share of the run.

        None where another one was about as busy, or none was busy for half of the time.
        """
        busy = {stage: self.shares(stage).busy for stage in STAGES}
        first, second = sorted(busy, key=busy.__getitem__, reverse=True)[:2]
        if busy[first] < BUSY or busy[first] - busy[second] < CLOSE:
            return None
        return first

    # --- words ---------------------------------------------------------------------------

    def headline(self) -> str:
        """How long it took, and how fast that is."""
        digits = 0 if self.rate >= 10 else 1
        return f"{self.written} pictures in {self.wall_s:.2f} s: {self.rate:.{digits}f} a second"

    def reading(self) -> str:
        """What holds it up, by the measurement."""
        busy = {stage: self.shares(stage).busy for stage in STAGES}
        order = sorted(busy, key=busy.__getitem__, reverse=True)
        stage = self.bottleneck
        if stage is None:
            first, second = order[:2]
            if busy[first] < BUSY:
                return (f"No stage was busy for even half of the time; {first} was busiest, "
                        f"{percent(busy[first])}.")  # fmt: skip
            return (f"No stage is the bottleneck alone: {first} was busy {percent(busy[first])} of "
                    f"the time, {second} {percent(busy[second])}.")  # fmt: skip
        others = ", ".join(f"{one} {percent(busy[one])}" for one in STAGES if one != stage)
        text = (f"{stage} is the bottleneck: {_workers(self.plan.workers[stage])} busy "
                f"{percent(busy[stage])} of the time ({others}).")  # fmt: skip
        at = STAGES.index(stage)
        if 0 < at <= len(self.lines):
            full = self.lines[at - 1].full(self.wall_s)
            if full > 0.05:
                text += f" The queue before it was full {percent(full)} of the time."
        return text

    def summary(self) -> list[str]:
        """Headline, reading, and what keeps the result from saying more."""
        return [f"{self.headline()}.", self.reading(), *self.limits()]

    def limits(self) -> list[str]:
        """What is missing or can't be shown."""
        found = []
        if self.written != self.plan.pictures:
            found.append(f"{self.written} files were written for {self.plan.pictures} pictures: "
                         f"look for a worker that ended too soon.")  # fmt: skip
        if not self.spans:
            found.append('No work was noted: write with note("download", number): around it.')
        if self.machine is not None and self.machine.cores < 1.5:
            found.append("This machine has one usable core: it can't show a gain from several.")
        return found


def percent(share: float) -> str:
    """``87 %``."""
    return f"{share:.0%}".replace("%", " %")


def _workers(count: int) -> str:
    return "its worker was" if count == 1 else f"its {count} workers were"
