"""Experiments with servers."""

from __future__ import annotations

from typing import Any

from ..charts.serving.shown import ShownConnections, ShownHeld, ShownLimits, ShownRude
from ..experiment.serving.connections import DEFAULT_COUNTS as CONNECTION_COUNTS
from ..experiment.serving.connections import ConnectionsExperiment
from ..experiment.serving.hold import HoldExperiment
from ..experiment.serving.rude import RudeExperiment
from ..services.connections.limits import read_limits
from .running import served


async def connections(counts: Any = CONNECTION_COUNTS, handlers: Any = None, *,
                      rate: float = 2_000, rounds: int = 3) -> ShownConnections:  # fmt: skip
    """Measure a server on an event loop and one with a thread a connection, at each count.

    `counts` are numbers of open connections. `handlers` is a pair ``(async def handle(reader,
    writer), def handle(connection))`` of yours, or one of them. Each of the `rounds` of each
    server is a fresh process, loaded from a third: memory, connect time, CPU and latency at a
    fixed `rate` (requests a second in all), and throughput. Counts above this machine's `limits`
    are capped. About 1.2 s a server, count and round. Raises BadRequest, and ExperimentFailed if
    a handler fails.
    """
    work = lambda experiment: experiment.run(counts, handlers, rate=rate, rounds=rounds)  # noqa: E731
    return ShownConnections.of(await served(ConnectionsExperiment, work))


async def hold(connections: Any = 10_000, handler: Any = None) -> ShownHeld:
    """Hold so many open connections to one server; each is answered, then asked again.

    `handler` as for `connections`; the async server if none is given. Raises as that does.
    """
    return ShownHeld.of(await served(HoldExperiment, lambda e: e.run(connections, handler)))


async def rude(kind: str = "block", handlers: Any = None, *, rate: float = 1_000,
               connections: Any = 100) -> ShownRude:  # fmt: skip
    """Send one request for /`kind` amid `rate` others a second, to each server in turn.

    Shows the answers and waits before, during and after it. `handlers` as for `connections`;
    without them /block sleeps and /compute computes for half a second. Raises as that does.
    """
    work = lambda e: e.run(kind, handlers, rate=rate, connections=connections)  # noqa: E731
    return ShownRude.of(await served(RudeExperiment, work))


def limits() -> ShownLimits:
    """How many connections each server may hold on this machine, and which limit it is."""
    return ShownLimits.of(read_limits())
