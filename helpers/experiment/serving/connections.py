"""Few to thousands of connections to two servers: what each of them needs, measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from ...measure.machine import Machine, read_machine
from ...measure.statistics import BAND
from ...services.commanded import Commanded
from ...services.connections.footprint import cpu_seconds, footprint
from ...services.connections.limits import SERVERS, read_limits
from ..pace import paced
from ..request import BadRequest, seconds
from .servers import WARM_UP, ServerExperiment, added, capped, listed, make_handlers

DEFAULT_COUNTS = (10, 100, 1000)
#: Requests a second in all, where latency is measured; and how often each server is.
RATE, ROUNDS = 2_000.0, 3
FIXED_S, CLOSED_S = 0.5, 0.3


@dataclass(frozen=True)
class Metric:
    """One figure of a `Sample`: how it is called, its unit, and where less is better."""

    name: str
    title: str
    unit: str
    digits: int
    less: bool = True


METRICS = {
    metric.name: metric
    for metric in (
        Metric("kb", "memory per connection", "KB", 1),
        Metric("connect_ms", "time until all were answered once", "ms", 0),
        Metric("threads", "threads of the server", "", 0),
        Metric("cpu_us", "CPU per message, same rate", "µs", 1),
        Metric("p99_ms", "p99 latency, same rate", "ms", 2),
        Metric("per_s", "throughput, all ask at once", "/s", 0, less=False),
    )
}


@dataclass(frozen=True)
class Sample:
    """One server with `count` open connections, in one round, in a fresh process.

    Memory in KB a connection (`kb` resident, `pss_kb` with shared pages in part, None where
    the system does not tell), CPU in µs a message at the fixed rate, latencies in ms at that
    rate, `per_s` answers a second where every connection asks again at once. `late_ms` is
    how late the load client itself was (p99); `failures` are counted by cause.
    """

    server: str
    count: int
    connect_ms: float
    kb: float
    pss_kb: float | None
    threads: int
    cpu_us: float | None
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float | None
    per_s: float
    closed_p99_ms: float | None
    late_ms: float | None
    failures: dict[str, int]


@dataclass
class Connections:
    """All samples, and the fixed rate in requests a second that they share."""

    rate: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: Machine | None = None
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> list[str]:
        """The servers that were measured."""
        return [name for name in SERVERS if any(s.server == name for s in self.samples)]

    def counts(self, server: str) -> list[int]:
        """The numbers of connections that `server` was measured with."""
        return sorted({s.count for s in self.samples if s.server == server})

    def values(self, server: str, count: int, metric: str) -> list[float]:
        """One figure in its metric's unit, a value a round; without what was not measured."""
        found = [getattr(s, metric) for s in self.samples if (s.server, s.count) == (server, count)]
        return [value for value in found if value is not None]

    def middle(self, server: str, count: int, metric: str) -> float | None:
        """The median of `values`, in its metric's unit; None without any."""
        values = self.values(server, count, metric)
        return median(values) if values else None

    def failures(self) -> int:
        """Failed connections and requests of all samples."""
        return sum(sum(s.failures.values()) for s in self.samples)

    def largest(self) -> int | None:
        """The largest number of connections with which every server was measured."""
        counts = [set(self.counts(server)) for server in self.servers]
        return max(set.intersection(*counts), default=None) if counts else None

    def always(self, count: int, metric: str) -> str | None:
        """The server that was better in every round than the other in any.

        None where the rounds overlap, or the medians differ by less than 5 %.
        """
        if len(self.servers) < 2:
            return None
        a, b = (self.values(server, count, metric) for server in self.servers)
        if not a or not b or min(median(a), median(b)) * (1 + BAND) > max(median(a), median(b)):
            return None
        lower = (self.servers[0] if max(a) < min(b) else
                 self.servers[1] if max(b) < min(a) else None)  # fmt: skip
        if lower is None or METRICS[metric].less:
            return lower
        return next(server for server in self.servers if server != lower)

    def summary(self) -> list[str]:
        """Sentences on what was measured at the largest count, the failures, the limits."""
        if not self.samples:
            return ["Nothing was measured."]
        count = self.largest()
        lines = [self._sentence(count, metric) for metric in METRICS.values()] if count else []
        return lines + self.failed() + self.limits()

    def failed(self) -> list[str]:
        """What failed, by server and count, or that nothing did."""
        causes: dict[tuple[str, int], dict[str, int]] = {}
        for sample in self.samples:
            key = sample.server, sample.count
            causes[key] = added(causes.get(key, {}), sample.failures)
        lines = [f"{server}, {count:,} connections: failures: {listed(counted)}."
                 for (server, count), counted in causes.items() if counted]  # fmt: skip
        return lines or ["No connection and no request failed."]

    def headline(self) -> str:
        """One sentence: where the two differ in every round at the largest count."""
        count = self.largest()
        if count is None or len(self.servers) < 2:
            return f"{self.servers[0]}: measured alone, nothing to compare." if self.servers else ""
        better: dict[str, list[str]] = {}
        for name, words in (("kb", "memory"), ("connect_ms", "time to connect"),
                            ("cpu_us", "CPU per message"), ("p99_ms", "p99 latency"),
                            ("per_s", "throughput")):  # fmt: skip
            better.setdefault(self.always(count, name) or "", []).append(words)
        parts = [f"{server} did better in {_and(better[server])}"
                 for server in self.servers if server in better]  # fmt: skip
        text = f"{count:,} connections, in every round: {'; '.join(parts)}." if parts else (
            f"{count:,} connections: the two servers did not differ in every round.")  # fmt: skip
        return text + (f" The rounds overlap in {_and(better[''])}." if "" in better else "")

    def limits(self) -> list[str]:
        """What keeps the result from saying more."""
        found = list(self.notes)
        rounds = min((len(self.values(s, c, "kb")) for s in self.servers for c in self.counts(s)),
                     default=0)  # fmt: skip
        if rounds == 1:
            found.append("Measured once: run it again before you rely on a difference.")
        if self.machine is not None and self.machine.cores < 2:
            found.append("Server and load client share one core here: throughput and latency "
                         "hold the client's work too.")  # fmt: skip
        late = [s.late_ms for s in self.samples if s.late_ms is not None]
        if late and median(late) > 2:
            found.append(f"The load client itself was late by {median(late):.1f} ms (p99): "
                         f"latencies below that say nothing about a server.")  # fmt: skip
        return found

    def _sentence(self, count: int, metric: Metric) -> str:
        said = [f"{server} {with_unit(self.middle(server, count, metric.name), metric)}"
                for server in self.servers]  # fmt: skip
        text = f"{count:,} connections, {metric.title}: {', '.join(said)}"
        if len(self.servers) < 2:
            return f"{text}."
        winner = self.always(count, metric.name)
        tail = "the rounds overlap" if winner is None else (
            f"{winner} {'less' if metric.less else 'more'} in every round")  # fmt: skip
        return f"{text} ({tail})."


def with_unit(value: float | None, metric: Metric) -> str:
    """A value with its unit."""
    if value is None:
        return "not measured"
    digits = metric.digits if value < 100 else 0
    return f"{value:,.{digits}f}{'' if metric.unit in ('', '/s') else ' '}{metric.unit}"


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


class ConnectionsExperiment(ServerExperiment):
    """Measures both servers at each count: fresh processes, interleaved, repeated."""

    def run(self, counts: Any = DEFAULT_COUNTS, handlers: Any = None, *, rate: float = RATE,
            rounds: int = ROUNDS) -> Connections:  # fmt: skip
        """Run it all, with `rate` requests a second while latency is measured.

        Raises BadRequest, Busy, Stopped, or RunError if a handler fails.
        """
        handles, rate = make_handlers(handlers), seconds(rate, "rate", 1e6)
        try:
            counts = [counts] if hasattr(counts, "__index__") else sorted(set(counts))
        except TypeError:
            raise BadRequest("counts is a list of numbers: write counts=[10, 100].") from None
        if not counts:
            raise BadRequest("counts is empty: write counts=[10, 100, 1000].")
        limits, result = read_limits(), Connections(machine=read_machine())
        plan = [(count, server) for count in counts for server in handles]
        plan = list(dict.fromkeys((capped(count, server, limits, result.notes), server)
                                  for count, server in plan))  # fmt: skip
        rounds = paced(rounds)
        with self.running():
            load = self.load()
            result.rate = self.rate(load, handles, rate, result.notes)
            for number in range(rounds):
                for k, (count, server) in enumerate(plan if number % 2 == 0 else plan[::-1]):
                    share = (number + k / len(plan)) / rounds
                    where = f"round {number + 1} of {rounds}, {count:,} connections, {server}"
                    sample = self._sample(
                        load,
                        server,
                        handles[server],
                        count,
                        result.rate,
                        partial(self._say_where, share, where),
                    )
                    result.samples.append(sample)
        self.say(1.0, "everything is measured")
        result.printed = self.printed
        return result

    def _say_where(self, share: float, where: str, words: str) -> None:
        self.say(share, where + words)

    def _sample(self, load: Commanded, name: str, handle: Callable, count: int, rate: float,
                tell: Callable[[str], None]) -> Sample:  # fmt: skip
        tell(": starting")
        server = self.server(name, handle)
        load.ask("open", port=server.port, connections=min(WARM_UP, count))
        load.ask("close")
        time.sleep(0.02)  # the server sees that these have gone
        before = server.measured(footprint)
        opened = load.ask("open", port=server.port, connections=count,
                          seconds=10 + count / 500, patience=60,
                          tell=lambda p: tell(f": {p['answered']:,} open"))  # fmt: skip
        self.must_be_open(name, server, opened)
        after, cpu = server.measured(footprint), server.measured(cpu_seconds)
        fixed = load.ask("fixed", rate=rate, seconds=FIXED_S, tell=lambda p: tell(
            f": {p['per_s']:,.0f} answers a second"))  # fmt: skip
        cpu = server.measured(cpu_seconds) - cpu
        tell(": all ask at once")
        closed = load.ask("closed", seconds=CLOSED_S, drain=False)
        self.check(name, server)
        self.end(server)
        load.ask("close")
        held = opened["open"]
        pss = None
        if before.pss_kb is not None and after.pss_kb is not None:
            pss = (after.pss_kb - before.pss_kb) / held
        return Sample(
            server=name, count=count, connect_ms=opened["seconds"] * 1e3,
            kb=max(0.0, after.rss_kb - before.rss_kb) / held, pss_kb=pss,
            threads=after.threads - 1,  # without the one that hears the course's end
            cpu_us=cpu / fixed["answered"] * 1e6 if fixed["answered"] else None,
            p50_ms=_ms(fixed.get("p50")), p99_ms=_ms(fixed.get("p99")),
            longest_ms=_ms(fixed.get("longest")), per_s=closed["per_s"],
            closed_p99_ms=_ms(closed["p99"]), late_ms=_ms(fixed.get("late_p99")),
            failures=added(*(part["failures"] for part in (opened, fixed, closed))),
        )  # fmt: skip


def _ms(value: float | None) -> float | None:
    return None if value is None else value * 1e3
