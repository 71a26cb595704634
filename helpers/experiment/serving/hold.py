"""Thousands of connections held open by one server: each answers, none is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...measure.machine import Machine, read_machine
from ...services.connections.footprint import footprint
from ...services.connections.limits import read_limits
from ..request import BadRequest
from .servers import ServerExperiment, added, capped, listed, make_handlers

ASK_AGAIN_PER_S = 4_000.0


@dataclass
class Held:
    """`count` connections to one server, `asked` of them wanted; times in seconds.

    `open` were answered once and stayed open, `again` were answered a second time while all
    were open. `kb` is the server's resident memory a connection.
    """

    server: str
    asked: int
    count: int
    open: int
    again: int
    seconds: float
    kb: float
    memory_mb: float
    threads: int
    failures: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    machine: Machine | None = None

    def complete(self) -> bool:
        """Whether every connection was held and answered twice, without any failure."""
        return not self.failures and self.open == self.again == self.count

    def summary(self) -> list[str]:
        """What was held, what failed, and which limit kept it from more."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads:,} threads"
        lines = [
            f"{self.server}: {self.open:,} connections open at once on {threads}, each "
            f"answered after {self.seconds:.2f} s. Asked again: {self.again:,} answers."
        ]
        lines.append(f"Failures: {listed(self.failures)}." if self.failures else "No failure.")
        return lines + self.notes


class HoldExperiment(ServerExperiment):
    """Opens connections, keeps them, asks each one again."""

    def run(self, connections: Any = 10_000, handler: Any = None) -> Held:
        """Hold `connections`. Raises BadRequest, Busy, Stopped, or RunError."""
        handles = make_handlers(handler)
        if handler is None:
            handles.pop("threads")
        if len(handles) > 1:
            raise BadRequest("Pass one handler: hold looks at one server at a time.")
        ((name, handle),) = handles.items()
        notes: list[str] = []
        count = capped(connections, name, read_limits(), notes)
        machine = read_machine()
        with self.running():
            load, server = self.load(), self.server(name, handle)
            before = server.measured(footprint)
            opened = load.ask("open", port=server.port, connections=count,
                              seconds=20 + count / 300, patience=120, tell=lambda p: self.say(
                                  p["answered"] / count / 2,
                                  f"{p['answered']:,} of {count:,} connections open"))  # fmt: skip
            self.must_be_open(name, server, opened)
            after = server.measured(footprint)
            rate = min(ASK_AGAIN_PER_S, max(50.0, float(count)))
            again = load.ask("fixed", rate=rate, seconds=opened["open"] / rate, patience=120,
                             tell=lambda p: self.say(0.5 + p["seconds"] * rate / count / 2,
                                                     f"all are open, {p['per_s']:,.0f} answers "
                                                     f"a second"))  # fmt: skip
            self.check(name, server)
            state = server.ask("state")
            load.ask("close")
        return Held(
            server=name, asked=int(connections), count=count,
            open=min(opened["open"], state["open"]), again=again["answered"],
            seconds=opened["seconds"], kb=max(0.0, after.rss_kb - before.rss_kb) / opened["open"],
            memory_mb=after.rss_kb / 1024, threads=after.threads - 1,
            failures=added(opened["failures"], again["failures"]), notes=notes, machine=machine,
        )  # fmt: skip
