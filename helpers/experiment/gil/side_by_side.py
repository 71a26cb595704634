"""The same threads in two interpreters, with and without the GIL: speed-up, cores used."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from ...measure.load import LIMIT
from ...measure.machine import Machine
from ...measure.run import Run
from ...measure.statistics import Verdict, compare_times
from ...worker.client import Worker
from ...worker.errors import Busy, RunError, Stopped
from ...workloads import Workload
from ..compare import RETRIES, ROUNDS, read_machine_card
from ..limits import CONTROL_SHOWS, limits
from ..request import BadRequest, whole
from ..rounds import Rounds
from .elsewhere import Found

TASKS = 4
SEQUENTIAL = 0  # the number of threads under which the sequential runs are kept
WITH_GIL, WITHOUT = "with the GIL", "free-threaded"
RECORDED = Path(__file__).with_name("free_threaded.json")
#: What a workload is called here: its size may differ between now and the recorded run.
LABELS = {"compute": "pure Python", "hashing": "SHA-256, large blocks", "compression": "zlib",
          "mixed": "wait and compute"}  # fmt: skip
#: Seconds for one workload; no fewer rounds than a verdict needs.
BUDGET_S = 4.0


@dataclass
class Side:
    """One interpreter's runs: ``{workload's label: {threads: [(wall s, cores), ...]}}``.

    Threads 0 are the sequential runs. `recorded` says that it was not measured now, and `cpu`
    is the model of the CPU where it was.
    """

    name: str
    machine: Machine
    cpu: str = ""
    runs: dict[str, dict[int, list[tuple[float, float]]]] = field(default_factory=dict)
    recorded: bool = False

    def gain(self, title: str, threads: int) -> Verdict | None:
        """How many times as fast as sequential, with its interval; None if it did not run."""
        runs = self.runs.get(title, {})
        if SEQUENTIAL not in runs or threads not in runs:
            return None
        pairs = zip(runs[threads], runs[SEQUENTIAL], strict=True)
        return compare_times(f"{threads} threads", "sequential", [(a[0], b[0]) for a, b in pairs])

    def cores(self, title: str, threads: int) -> float | None:
        """Cores used, the median of the runs; None if it did not run."""
        runs = self.runs.get(title, {}).get(threads)
        return median(cores for _, cores in runs) if runs else None

    def label(self) -> str:
        """What stands above its column."""
        gil = WITH_GIL if self.machine.gil is not False else "free-threaded"
        return f"{'recorded: ' if self.recorded else ''}Python {self.machine.python}, {gil}"

    def phrase(self) -> str:
        """The end of a sentence about its runs."""
        gil = WITH_GIL if self.machine.gil is not False else "without it"
        return f"{gil}{' (recorded)' if self.recorded else ''}"

    def source(self) -> str:
        """Where and when a recorded side was measured."""
        return (f"Recorded, not measured here: {self.cpu or 'unknown CPU'}, "
                f"{self.machine.cores:g} cores, {self.machine.system}, {self.label()[10:]}, "
                f"{self.machine.when}.")  # fmt: skip


@dataclass
class SideBySide:
    """The sides of one comparison.

    `slower` compares their sequential runs, by workload: how many times as fast the first is as
    the second; empty where they were not measured together. `control` is how much more two
    processes computed than one meanwhile, `foreign` the cores that other programs used (None:
    it is not known).
    """

    threads: tuple[int, ...]
    sides: list[Side] = field(default_factory=list)
    control: float | None = None
    foreign: float | None = None
    notes: list[str] = field(default_factory=list)

    def titles(self) -> list[str]:
        """The workloads, in the order in which they were asked for."""
        return list(dict.fromkeys(t for side in self.sides for t in side.runs))

    def slower(self, title: str) -> Verdict | None:
        """The two interpreters' sequential runs; None unless they were measured in turn."""
        if len(self.sides) != 2 or self.sides[0].recorded != self.sides[1].recorded:
            return None
        first, second = (side.runs.get(title, {}).get(SEQUENTIAL, []) for side in self.sides)
        if not first or len(first) != len(second):
            return None
        pairs = [(a[0], b[0]) for a, b in zip(first, second, strict=True)]
        return compare_times(self.sides[0].label(), self.sides[1].label(), pairs)

    def summary(self) -> list[str]:
        """One sentence a side and workload, then what limits the result."""
        most, said = self.threads[-1], []
        for title in self.titles():
            parts = []
            for side in self.sides:
                gain, cores = side.gain(title, most), side.cores(title, most)
                if gain is not None:
                    parts.append(f"{gain.ratio:.2f}× on {cores:.2f} cores {side.phrase()}")
            said.append(f"{title}, {most} threads: {', '.join(parts)}.")
        for title in self.titles():
            slower = self.slower(title)
            if slower is not None:
                said.append(f"{title}, one thread: {slower}.")
        said += [side.source() for side in self.sides if side.recorded]
        live = [side for side in self.sides if not side.recorded]
        cores = live[0].machine.cores if live else 2
        return [*said, *self.notes, *limits(cores, self.control, self.foreign)]

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {
            "threads": list(self.threads),
            "control": self.control,
            "foreign": self.foreign,
            "sides": [
                {"name": side.name, "cpu": side.cpu, "machine": side.machine.as_dict(),
                 "runs": {t: {str(n): [[round(w, 6), round(c, 4)] for w, c in runs]
                              for n, runs in by.items()} for t, by in side.runs.items()}}
                for side in self.sides
            ],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SideBySide:
        """The recorded comparison of `as_dict`; its sides say that they are recorded."""
        sides = [
            Side(one["name"], Machine.from_dict(one["machine"]), one["cpu"],
                 {t: {int(n): [tuple(pair) for pair in runs] for n, runs in by.items()}
                  for t, by in one["runs"].items()}, recorded=True)
            for one in data["sides"]
        ]  # fmt: skip
        return cls(tuple(data["threads"]), sides, data["control"], data["foreign"])


def recorded_run(path: Path = RECORDED) -> SideBySide:
    """This repository's recorded run: first with the GIL, then without."""
    return SideBySide.from_dict(json.loads(path.read_text(encoding="utf-8")))


def complaints(result: SideBySide) -> list[str]:
    """Why `result` may not become the recorded run; empty if it may."""
    found = []
    if [side.machine.gil for side in result.sides] != [True, False]:
        found.append("The first interpreter must have a GIL and the second none.")
    if result.foreign is None or result.foreign > LIMIT:
        found.append("Other programs took more than 0.2 cores: record in a quiet moment.")
    if result.control is None or result.control < CONTROL_SHOWS:
        found.append("A second core was not free: record in a quiet moment.")
    for side in result.sides:
        for title, by in side.runs.items():
            if set(by) != {SEQUENTIAL, *result.threads}:
                found.append(f"{side.name}: {title} did not run with all numbers of threads.")
            if {len(runs) for runs in by.values()} != {max(ROUNDS, len(by[SEQUENTIAL]))}:
                found.append(f"{side.name}: {title} needs {ROUNDS} rounds of everything.")
    return found


def run_side_by_side(rounds: Rounds, workloads: Sequence[Workload], threads: Sequence[int],
                     repeats: int = ROUNDS,
                     budget_s: float | None = BUDGET_S,
                     retries: int = RETRIES) -> SideBySide:  # fmt: skip
    """Run each workload sequentially and with each number of threads in each of the workers.

    The interpreters take turns within every round; a workload does the same number of steps
    in each. Raises BadRequest, and RunError as `Worker.run` does.
    """
    workloads, threads = _checked(workloads, threads, len(rounds.workers))
    result = SideBySide(threads)
    with rounds.held():
        for worker in rounds.workers:
            machine = read_machine_card(worker)
            name = WITHOUT if machine.gil is False else WITH_GIL
            result.sides.append(Side(name, machine, cpu_model()))
        controls, seen = [], []
        for number, workload in enumerate(workloads):
            answers: list[Any] = []
            for worker in rounds.workers:
                worker.load(workload)
            steps = {
                (k, n): partial(_one, rounds.workers[k], n, answers)
                for k in range(len(rounds.workers))
                for n in (SEQUENTIAL, *threads)
            }
            span = number / len(workloads), (number + 1) / len(workloads)
            found = rounds.repeat(steps, repeats, budget_s=budget_s, retries=retries, span=span,
                                  controlled=result.sides[0].machine.cores >= 1.5,
                                  name=f"{workload.title},")  # fmt: skip
            for (k, n), runs in found.values.items():
                result.sides[k].runs.setdefault(label_of(workload), {})[n] = runs
            controls.append(found.control)
            seen.append(found.foreign)
            if any(answer != answers[0] for answer in answers):
                result.notes.append(f"{workload.title}: the runs did not return the same results, "
                                    f"so their times can't be compared.")  # fmt: skip
        result.control, result.foreign = _middle(controls), _middle(seen)
    return result


def label_of(workload: Workload) -> str:
    """The workload's row."""
    return LABELS.get(workload.name, workload.title)


def compare_interpreters(rounds: Rounds, workloads: Any, threads: Any, found: Found) -> SideBySide:
    """`run_side_by_side`, and the recorded run in the place of what was not `found`.

    An interpreter that was found and fails as a worker is one that was not found.
    """
    notes = []
    try:
        result = run_side_by_side(rounds, workloads, threads)
    except RunError as error:
        if len(rounds.workers) == 1 or isinstance(error, (Stopped, Busy)):
            raise
        notes = [f"The free-threaded Python {found.version} ({found.where}) failed: {error}"]
        del rounds.workers[1:]
        result = run_side_by_side(rounds, workloads, threads)
    without = [side for side in result.sides if side.machine.gil is False]
    if len(result.sides) == 1:
        # The one side that is missing; its rows, as far as the same work was recorded.
        wanted = WITH_GIL if without else WITHOUT
        for side in recorded_run().sides:
            if side.name == wanted:
                side.runs = {t: by for t, by in side.runs.items() if t in result.titles()}
                result.sides.append(side)
    result.notes += notes or [found.sentence()]
    return result


def _one(worker: Worker, threads: int, answers: list) -> tuple[float, float]:
    model = "threads" if threads else "sequential"
    run: Run = worker.run(model, TASKS, threads or 1)
    if run.failures:
        raise RunError(f"A task failed: {run.failures[0]['message']}.",
                       run.failures[0]["traceback"])  # fmt: skip
    answers.append(run.results)
    return run.wall_s, run.usage.cores


def _checked(
    workloads: Any, threads: Any, interpreters: int
) -> tuple[list[Workload], tuple[int, ...]]:
    workloads = [workloads] if isinstance(workloads, Workload) else list(workloads)
    if not workloads or not all(isinstance(one, Workload) for one in workloads):
        raise BadRequest("workloads is a list of built-in workloads: write [work.compute(ms=20)].")
    for one in workloads:
        if one.spec is None and interpreters > 1:
            raise BadRequest(f"{one.title} can't travel to another interpreter: use built-in "
                             f"workloads, such as work.compute(ms=20).")  # fmt: skip
    if len({label_of(one) for one in workloads}) < len(workloads):
        raise BadRequest("A workload stands in the list twice: name each once.")
    threads = [threads] if isinstance(threads, int) else threads
    try:
        counts = sorted({whole(n, "threads", 1, 32, "write {}=(1, 2, 4); here ") for n in threads})
    except TypeError:
        raise BadRequest("threads is a list of numbers: write threads=(1, 2, 4).") from None
    if not counts:
        raise BadRequest("threads is empty: write threads=(1, 2, 4).")
    return workloads, tuple(counts)


def _middle(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def cpu_model() -> str:
    """The CPU's name as the system tells it; "" where it does not."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
