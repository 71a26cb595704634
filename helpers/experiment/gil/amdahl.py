"""Amdahl's law beside a measurement: what a serial part leaves of a gain from workers.

Gene Amdahl put the bound into words in 1967, at the AFIPS spring conference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from ...measure.machine import Machine
from ...measure.statistics import Verdict, compare_times
from ..compare import read_machine_card
from ..limits import limits
from ..request import BadRequest, whole
from ..rounds import Rounds

BUDGET_S = 3.5
MOST_THREADS = 8
#: What does the shared part, in the plural: one of it, in words.
KINDS = {"threads": "thread", "processes": "process"}


def law(serial: float, threads: float) -> float:
    """The most that `threads` can gain where the share `serial` of the work is not shared out.

    Amdahl 1967: ``1 / (serial + (1 - serial) / threads)``.
    """
    return 1 / (serial + (1 - serial) / threads)


@dataclass
class Amdahl:
    """A job with a serial share, run with several numbers of threads, or of processes.

    `runs` maps (share asked for, threads) to ``(serial seconds, wall seconds)`` of each round.
    `kind` is what they are: "threads" or "processes". `shares` are those asked for, from 0 to 1.
    `control` is how much more two processes computed than one meanwhile, `foreign` the cores that
    other programs used (None: the system does not tell).
    """

    machine: Machine
    shares: tuple[float, ...]
    threads: tuple[int, ...]
    runs: dict[tuple[float, int], list[tuple[float, float]]] = field(default_factory=dict)
    control: float | None = None
    foreign: float | None = None
    kind: str = "threads"

    @property
    def one(self) -> str:
        """What one of its threads or processes is called."""
        return KINDS[self.kind]

    def serial(self, share: float) -> float:
        """The serial share as it was measured, with one thread."""
        return median(serial / wall for serial, wall in self.runs[share, self.threads[0]])

    def gain(self, share: float, threads: int) -> Verdict:
        """How many times as fast `threads` threads are as one, with its interval."""
        first = self.runs[share, self.threads[0]]
        pairs = [(b[1], a[1]) for a, b in zip(first, self.runs[share, threads], strict=True)]
        return compare_times(f"{threads} {self.kind}", f"one {self.one}", pairs)

    def summary(self) -> list[str]:
        """One sentence a share, then what limits the result."""
        most = self.threads[-1]
        found = []
        for share in self.shares:
            serial, gain = self.serial(share), self.gain(share, most)
            spread = f" ({gain.low:.2f} to {gain.high:.2f})" if gain.low else ""
            end = f"never passes {1 / serial:.1f}×" if serial > 0.01 else "has no limit"
            found.append(
                f"{serial:.0%} serial: {most} {self.kind} gained {gain.ratio:.2f}×{spread}; the "
                f"law allows {law(serial, most):.2f}× on {most} cores, and {end}.".replace(
                    "%", " %"
                )
            )
        return found + limits(self.machine.cores, self.control, self.foreign)


def thread_counts(cores: float) -> tuple[int, ...]:
    """1, 2, 4, ... up to the usable cores; 1 and 2 on one core, to see that nothing is gained."""
    most = min(MOST_THREADS, max(2, int(cores)))
    return tuple(sorted({1, most, *(n for n in (2, 4) if n <= most)}))


def run_amdahl(rounds: Rounds, job: Callable, shares: Sequence[float] = (0, 0.25, 0.5),
               threads: Any = None, repeats: Any = 9, kind: str = "threads") -> Amdahl:  # fmt: skip
    """Call ``job(share, threads)`` for all combinations, interleaved, each in a fresh process.

    `job` gives back ``(seconds of its serial part, seconds in all)``. `kind` says what it
    shares the rest out to: "threads" or "processes". Raises BadRequest, and
    RunError as `Worker.call` does.
    """
    shares = _shares(shares)
    if not callable(job):
        raise BadRequest("job is a function of (share, threads): write def job(share, threads).")
    if kind not in KINDS:
        raise BadRequest(f'kind is "threads" or "processes"; {kind!r} is not: write '
                         f'kind="processes".')  # fmt: skip
    repeats = whole(repeats, "repeats", 1, 50)
    worker = rounds.workers[0]
    with rounds.held():
        machine = read_machine_card(worker)
        counts = thread_counts(machine.cores) if threads is None else _counts(threads)

        def timed(share: float, count: int) -> tuple[float, float]:
            value = worker.call(job, share, count)["value"]
            try:
                serial, wall = value
                if 0 <= serial <= wall and wall > 0:
                    return float(serial), float(wall)
            except (TypeError, ValueError):
                pass
            raise BadRequest("job gives back two times in seconds: (serial part, all).")

        steps = {(s, n): partial(timed, s, n) for s in shares for n in counts}
        found = rounds.repeat(steps, repeats, budget_s=BUDGET_S, name="Amdahl,",
                              controlled=machine.cores >= 1.5)  # fmt: skip
        return Amdahl(machine, shares, counts, found.values, found.control, found.foreign,
                      kind)  # fmt: skip


def _shares(shares: Any) -> tuple[float, ...]:
    try:
        found = tuple(float(share) for share in shares)
    except (TypeError, ValueError):
        found = ()
    if not found or not all(0 <= share < 1 for share in found):
        raise BadRequest("shares are parts of the work, from 0 to below 1: write (0, 0.25, 0.5).")
    return tuple(dict.fromkeys(found))


def _counts(threads: Any) -> tuple[int, ...]:
    try:
        counts = sorted({whole(n, "threads", 1, 64, "write {}=(1, 2); here ") for n in threads})
    except TypeError:
        raise BadRequest("threads is a list of numbers: write threads=(1, 2).") from None
    return tuple(sorted({1, *counts}))
