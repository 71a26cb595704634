"""How long jobs take in a pool of threads, over their number: stairs as wide as the pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Any

from ..measure.machine import Machine
from ..measure.pool import run_counts
from .compare import read_machine_card
from .request import BadRequest, whole
from .rounds import Rounds

ROUNDS = 3
MOST_JOBS = 200
MOST_COUNTS = 24


@dataclass
class Stairs:
    """Wall times of jobs that wait `ms` milliseconds each, by their number.

    `walls` are seconds, one a round; `threads` is how many did them, the most of all rounds.
    """

    machine: Machine
    ms: float
    walls: dict[int, list[float]] = field(default_factory=dict)
    threads: dict[int, int] = field(default_factory=dict)

    @property
    def counts(self) -> list[int]:
        """The numbers of jobs, in order."""
        return sorted(self.walls)

    @property
    def pool(self) -> int:
        """How many threads the most jobs were seen on."""
        return max(self.threads.values())

    @property
    def limited(self) -> bool:
        """Whether there were more jobs than threads, so that the pool's size was seen."""
        return self.pool < self.counts[-1]

    def wall(self, count: int) -> float:
        """The median wall time of `count` jobs, in seconds."""
        return median(self.walls[count])

    def expected(self, count: int) -> float:
        """What rounds of as many jobs as there are threads would take, in seconds."""
        return ceil(count / self.pool) * self.ms / 1e3

    def steps(self) -> list[list[int]]:
        """The numbers of jobs, those together that need equally many rounds of the pool."""
        found: dict[int, list[int]] = {}
        for count in self.counts:
            found.setdefault(ceil(count / self.pool), []).append(count)
        return list(found.values())

    def summary(self) -> list[str]:
        """How many threads there were, then each step's times."""
        most = self.counts[-1]
        if not self.limited:
            return [f"Each of {most:,} jobs had a thread of its own: no step yet. Ask for more "
                    f"jobs."]  # fmt: skip
        steps = "; ".join(self._step(counts) for counts in self.steps())
        return [f"{self.pool} thread{'' if self.pool == 1 else 's'}, and no more, did the jobs.",
                f"Time taken by {steps}."]  # fmt: skip

    def _step(self, counts: list[int]) -> str:
        walls = [self.wall(count) * 1e3 for count in counts]
        low, high = f"{min(walls):.0f}", f"{max(walls):.0f}"
        jobs = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        return (f"{jobs} job{'' if counts == [1] else 's'}: "
                f"{low if low == high else f'{low} to {high}'} ms")  # fmt: skip


def default_size() -> int:
    """The size of a loop's own pool, as `concurrent.futures` documents it."""
    cpus = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    return min(32, cpus + 4)


def job_counts(size: int) -> list[int]:
    """1 job, 2, ... to the beginning of a fourth step; thinned where there are many.

    Both sides of every edge between two steps stay.
    """
    last = 3 * size + 2
    apart = ceil(last / MOST_COUNTS)
    edges = {n for k in range(4) for n in (k * size, k * size + 1) if n >= 1}
    return sorted({*range(1, last + 1, apart), *edges, last})


def run_stairs(rounds: Rounds, how: Callable, jobs: Any = None, ms: float = 25,
               repeats: Any = ROUNDS) -> Stairs:  # fmt: skip
    """Call ``how(job, count)`` for each number of `jobs`, every round in a fresh process.

    Every second round begins with the most jobs. Raises BadRequest for what can't be run and
    for jobs that were not done, and RunError as `Worker.call` does.
    """
    if not callable(how):
        raise BadRequest("stairs runs a function of yours: write async def how(job, count).")
    counts = _counts(jobs)
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 1 <= ms <= 1000:
        raise BadRequest(f"A job waits 1 to 1,000 ms; {ms!r} is not that: write ms=25.")
    repeats = whole(repeats, "repeats", 1, 50)
    worker = rounds.workers[0]
    done: list[Any] = []

    def one_round() -> None:
        order = counts if len(done) % 2 == 0 else counts[::-1]
        answers = worker.call(run_counts, how, order, ms)["value"]
        found = dict(zip(order, answers, strict=True))
        for count, (_, ended, _) in found.items():
            if ended != count:
                raise BadRequest(f"how(job, {count}) did {ended} jobs: it calls job() once for "
                                 f"each, and comes back when all have ended.")  # fmt: skip
        done.append(found)

    with rounds.held():
        machine = read_machine_card(worker)
        # Jobs that wait hardly notice other programs, so no round is taken back for one.
        rounds.repeat({"stairs": one_round}, repeats, budget_s=60, retries=0, name="Stairs,")
    walls = {count: [found[count][0] for found in done] for count in counts}
    threads = {count: max(found[count][2] for found in done) for count in counts}
    return Stairs(machine, ms, walls, threads)


def _counts(jobs: Any) -> list[int]:
    if jobs is None:
        return job_counts(default_size())
    if not isinstance(jobs, Iterable) or isinstance(jobs, str):
        raise BadRequest("jobs is a list of numbers of jobs: write jobs=range(1, 21).")
    counts = sorted({whole(n, "jobs", 1, MOST_JOBS, "write jobs=range(1, 21); here ")
                     for n in jobs})  # fmt: skip
    if not counts:
        raise BadRequest("jobs is empty: write jobs=range(1, 21).")
    return counts
