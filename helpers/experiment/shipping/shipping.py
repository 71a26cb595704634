"""What the way to an executor and back costs, and how large a task must be to be worth it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import exp, log
from statistics import median
from typing import Any

from ...measure.machine import Machine
from ...measure.statistics import Verdict, compare_times
from ...services.cluster.local import Cluster, cluster_processes
from ...services.service import ServiceError
from ...worker.errors import RunError
from ..compare import CONTROL_MS, read_machine_card
from ..limits import limits
from ..meanwhile import meanwhile
from ..pace import paced
from ..request import BadRequest
from ..rounds import Rounds
from .borders import CLUSTER, LOOP, payload_times, task_times
from .turns import own_processes

SIZES = (0, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TASK_MS = (0.1, 0.5, 2, 10, 50)
ROUNDS, BUDGET_S, TIME_BOX_S = 9, 4.0, 90.0
#: Seconds between two looks at whether the cluster lives.
LOOK_S = 0.2
MOST_BYTES, MOST_WORKERS = 50_000_000, 16


@dataclass
class Shipping:
    """Seconds until one job that is sent `size` bytes has come back, one value a round.

    `foreign` is how many cores other programs used (None: the system does not tell).
    """

    machine: Machine
    executors: tuple[str, ...]
    sizes: tuple[int, ...]
    times: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    foreign: float | None = None

    def wall(self, executor: str, size: int = 0) -> float:
        """The median of one executor at one size, in seconds. Raises KeyError."""
        return median(self.times[executor, size])

    def a_megabyte(self, executor: str) -> float:
        """Seconds that each further megabyte adds, from the smallest and the largest size."""
        small, large = self.sizes[0], self.sizes[-1]
        return (self.wall(executor, large) - self.wall(executor, small)) / (large - small) * 1e6

    def summary(self) -> list[str]:
        """The smallest and the largest payload, then what limits the measurement."""
        small, large = self.sizes[0], self.sizes[-1]
        found = []
        for size in dict.fromkeys((small, large)):
            what = f"{size_words(size)} and back" if size else "Nothing but the call, and back"
            costs = ", ".join(f"{e} {_duration(self.wall(e, size))}" for e in self.executors)
            found.append(f"{what}: {costs}.")
        return found + limits(2, None, self.foreign)


@dataclass
class BreakEven:
    """Wall times of batches of tasks, by ``(way, milliseconds a task)``, one value a round.

    The ways are the executors, each with `workers` workers, and `LOOP`, the plain loop they
    are compared with. `sizes` are the milliseconds a task, `tasks` how many of each size a batch
    has. `said` is where the learner put the break-even, in ms. `control` is how much more two
    processes computed than one meanwhile, `foreign` the cores that other programs used (None:
    the system does not tell).
    """

    machine: Machine
    executors: tuple[str, ...]
    sizes: tuple[float, ...]
    workers: int
    tasks: dict[float, int]
    times: dict[tuple[str, float], list[float]] = field(default_factory=dict)
    said: dict[str, float] = field(default_factory=dict)
    control: float | None = None
    foreign: float | None = None

    def gain(self, executor: str, size: float) -> Verdict:
        """How many times as fast as the plain loop the executor is at one size of task."""
        pairs = list(zip(self.times[executor, size], self.times[LOOP, size], strict=True))
        return compare_times(executor, "the plain loop", pairs)

    def added(self, executor: str) -> float:
        """Seconds that a task of the smallest size takes beyond its own work, in a batch."""
        size = self.sizes[0]
        batch, plain = median(self.times[executor, size]), median(self.times[LOOP, size])
        return (batch - plain) / self.tasks[size]

    def gains(self, executor: str, size: float) -> bool:
        """Whether it is faster than the loop, by more than this measurement's doubt."""
        return self.gain(executor, size).claim == "faster"

    def break_even(self, executor: str) -> float | None:
        """The task size, in ms, from which on the executor pays; None where it never did.

        Read off between the last size without a gain and the first with one, on logarithmic
        axes. The smallest size, where already that one gains.
        """
        first = None
        for size in reversed(self.sizes):
            if not self.gains(executor, size):
                break
            first = size
        if first is None or first == self.sizes[0]:
            return first
        before = self.sizes[self.sizes.index(first) - 1]
        low, high = log(self.gain(executor, before).ratio), log(self.gain(executor, first).ratio)
        if low >= 0:  # no gain beyond doubt there, but no loss either
            return first
        return exp(log(before) + (log(first) - log(before)) * -low / (high - low))

    def summary(self) -> list[str]:
        """Where each executor breaks even, what was said, what limits the measurement."""
        found = []
        for executor in self.executors:
            at, largest = self.break_even(executor), self.sizes[-1]
            if self.gain(executor, largest).claim == "few":
                text = f"{executor}: too few rounds to say from which size on it pays"
            elif at is None:
                best = self.gain(executor, largest).ratio
                text = (f"{executor} did not pay for certain: {best:.2f}× the speed of a plain "
                        f"loop even at {largest:g} ms a task")  # fmt: skip
            elif at == self.sizes[0]:
                text = f"{executor} paid already at {at:g} ms a task, the smallest here"
            else:
                text = f"{executor} paid from about {_ms(at)} a task on"
            if executor in self.said:
                text += f"; you said {_ms(self.said[executor])}"
            found.append(f"{text[0].upper()}{text[1:]}.")
        return found + limits(self.machine.cores, self.control, self.foreign)


def run_shipping(rounds: Rounds, cluster: Any, sizes: Any = SIZES) -> Shipping:
    """Measure the way there and back for payloads of `sizes` bytes, interleaved.

    In one process of its own, which has every executor. Raises BadRequest, and RunError as
    `Worker.call` does.
    """
    sizes = _numbers(sizes, "sizes", 0, MOST_BYTES, "payloads in bytes, as in (1_000, 1_000_000)")
    sizes = tuple(dict.fromkeys(int(size) for size in sizes))
    found, machine, _ = _called(rounds, payload_times, cluster, sizes, "payloads in turn")
    return Shipping(machine, tuple(found["executors"]), sizes, found["times"], found["foreign"])


def run_break_even(rounds: Rounds, cluster: Any, ms: Any = TASK_MS,
                   said: Any = None) -> BreakEven:  # fmt: skip
    """Measure batches of tasks of `ms` milliseconds each, interleaved. Raises as `run_shipping`."""
    sizes = _numbers(ms, "ms", 0.01, 1000, "milliseconds a task, as in (0.1, 1, 10)")
    said = _said(said)
    found, machine, control = _called(rounds, task_times, cluster, sizes, "tasks in turn", True)
    return BreakEven(machine, tuple(found["executors"]), sizes, found["workers"], found["tasks"],
                     found["times"], said, control, found["foreign"])  # fmt: skip


def _called(rounds: Rounds, measure: Any, cluster: Any, sizes: tuple, words: str,
            controlled: bool = False) -> tuple[dict, Machine, float | None]:  # fmt: skip
    if cluster is not None and not isinstance(cluster, Cluster):
        raise BadRequest(f"{cluster!r} is no cluster: pass the one that cluster() gave you.")
    worker = rounds.workers[0]
    with rounds.held():
        rounds.tell(0.1, "executors start")
        machine = read_machine_card(worker)
        address, workers = None, max(2, int(machine.cores))
        if cluster is not None:
            try:
                address, workers = cluster.address, cluster.threads()
            except Exception as error:
                raise ServiceError("The cluster has ended: start one again.") from error
        workers = min(MOST_WORKERS, workers)
        if not workers:
            raise BadRequest("The cluster has no worker left: start one again with cluster().")
        controls = [_control(worker)] if controlled and machine.cores >= 1.5 else []
        rounds.tell(0.3, words)
        try:
            with _ended_with(cluster, worker):
                answer = worker.call(
                    measure, address, workers, list(sizes), paced(ROUNDS),
                    BUDGET_S, own_processes(cluster_processes()),
                    time_box=TIME_BOX_S,
                )["value"]  # fmt: skip
        except RunError:
            rounds.check()  # stopped: the cluster has nothing to do with it
            if cluster is not None:
                cluster.check()  # what a client there says of its end helps nobody
            raise
        if controls:
            controls.append(_control(worker))
    return {**answer, "workers": workers}, machine, max(controls) if controls else None


@contextmanager
def _ended_with(cluster: Cluster | None, worker: Any) -> Iterator[None]:
    """The time in which the worker's call is ended when the cluster ends.

    What a client waits for is cancelled at once. But the client has nothing there while others
    have their turn: what it is given then waits until it has given up reaching the scheduler
    again, and for ever if that was just when it closed.
    """
    if cluster is None:
        yield
        return
    watched = cluster

    def ended() -> bool:
        try:
            watched.check()
        except ServiceError:
            worker.stop()
            return True
        return False

    with meanwhile(ended, LOOK_S, "cluster-watch"):
        yield


def _control(worker: Any) -> float:
    return worker.call("helpers.measure.control:two_processes", CONTROL_MS)["value"]


def _numbers(values: Any, name: str, least: float, most: float, advice: str) -> tuple:
    if isinstance(values, str) or not isinstance(values, Iterable):
        values = [values]
    found = list(values)
    for value in found:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not (least <= value <= most)
        ):
            raise BadRequest(f"{name} are {advice}, from {least:,} to {most:,}; {value!r} is not.")
    if not found:
        raise BadRequest(f"{name} is empty: give {advice}.")
    return tuple(sorted(dict.fromkeys(found)))


def _said(said: Any) -> dict[str, float]:
    if said is None:
        return {}
    if not isinstance(said, Mapping) or not all(
        isinstance(v, int | float) and v > 0 for v in said.values()
    ):
        raise BadRequest(f'said is milliseconds by executor: write said={{"{CLUSTER}": 5}}.')
    return {str(executor): float(value) for executor, value in said.items()}


def size_words(size: int) -> str:
    """``0 bytes``, ``10 kB``, ``1 MB``."""
    for unit, worth in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= worth:
            return f"{size / worth:g} {unit}"
    return f"{size} bytes"


def _ms(value: float) -> str:
    return f"{value:.2g} ms" if value < 10 else f"{value:.0f} ms"


def _duration(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
