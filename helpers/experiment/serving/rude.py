"""One rude request amid many others: what it does to them, in both servers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...measure.machine import Machine, read_machine
from ...services.commanded import Commanded
from ...services.connections.handlers import handle_rude_async, handle_rude_threaded
from ...services.connections.limits import SERVERS, read_limits
from ..request import BadRequest, seconds
from .servers import ServerExperiment, added, capped, listed, make_handlers

KINDS = ("block", "compute")
#: How many others arrive in a second, and over how many connections.
RATE, CONNECTIONS = 1_000.0, 100
AT_S, AFTER_S, WIDTH_S = 0.6, 1.0, 0.05
#: A rude request that is answered sooner did not disturb anyone: the handler ignores it.
SHORT_S = 0.02


@dataclass(frozen=True)
class Stretch:
    """A stretch of time: `seconds` long, `per_s` answers a second in it.

    `p99` and `longest` are seconds that those requests took that were due in it; None
    without any.
    """

    seconds: float
    per_s: float
    p99: float | None
    longest: float | None


@dataclass(frozen=True)
class RudeRun:
    """One server's run; times in seconds since its start.

    `rude` is when the rude request was sent and answered. `buckets` are rows
    ``[begin, answers, longest latency or None]``, `WIDTH_S` apart.
    """

    server: str
    rude: tuple[float, float]
    before: Stretch
    during: Stretch
    after: Stretch
    buckets: list[list]
    failures: dict[str, int]

    @property
    def took(self) -> float:
        """Seconds that the rude request took."""
        return self.rude[1] - self.rude[0]

    @property
    def ignored(self) -> bool:
        """Whether the handler did nothing for it that takes time."""
        return self.took < SHORT_S


@dataclass
class Rude:
    """One run a server, at `rate` requests a second over `connections` connections."""

    kind: str
    rate: float
    connections: int
    runs: dict[str, RudeRun] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    machine: Machine | None = None
    printed: dict[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> list[str]:
        """The servers that were measured."""
        return [name for name in SERVERS if name in self.runs]

    def summary(self) -> list[str]:
        """A sentence a server, then failures and what keeps it from saying more."""
        lines = [self.sentence(server) for server in self.servers]
        lines += [f"{run.server}: failures: {listed(run.failures)}."
                  for run in self.runs.values() if run.failures]  # fmt: skip
        if self.machine is not None and self.machine.cores < 2:
            lines.append("Server and load client share one core here.")
        return lines + self.notes

    def sentence(self, server: str) -> str:
        """What the others noticed of the rude request."""
        run = self.runs[server]
        if run.ignored:
            return (f"{server}: the rude request was answered after {run.took * 1e3:.1f} ms, so it "
                    f"was not rude: the handler does nothing for /{self.kind}.")  # fmt: skip
        return (f"{server}: the rude request took {run.took * 1e3:.0f} ms. Meanwhile "
                f"{run.during.per_s:,.0f} answers a second (before {run.before.per_s:,.0f}), "
                f"longest wait {_ms(run.during.longest)} "
                f"(before {_ms(run.before.longest)}).")  # fmt: skip


def _ms(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"{value * 1e3:,.{0 if value >= 0.01 else 1}f} ms"


class RudeExperiment(ServerExperiment):
    """Runs each server once, fresh, with a steady load and one rude request in the middle."""

    def run(self, kind: str = "block", handlers: Any = None, *, rate: float = RATE,
            connections: Any = CONNECTIONS) -> Rude:  # fmt: skip
        """`kind` is the path that the rude request asks for: /block, /compute, or your own.

        `rate` others arrive a second, over all `connections`. Raises BadRequest, Busy, Stopped,
        or RunError if a handler fails.
        """
        if not isinstance(kind, str) or not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", kind):
            raise BadRequest(f"kind is a word, the path of the rude request; {kind!r} is not: "
                             f"write kind=\"block\" or kind=\"compute\".")  # fmt: skip
        if handlers is None:
            handlers = (handle_rude_async, handle_rude_threaded)
        handles, rate = make_handlers(handlers), seconds(rate, "rate", 1e6)
        limits = read_limits()
        notes: list[str] = []
        # two files of the limit: one for the rude request's own connection
        count = min(capped(connections, server, limits, notes) for server in handles)
        result = Rude(kind, rate, count, notes=notes, machine=read_machine())
        with self.running():
            load = self.load()
            result.rate = self.rate(load, handles, rate, notes)
            for k, (name, handle) in enumerate(handles.items()):
                result.runs[name] = self._run(load, name, handle, result, k / len(handles),
                                              1 / len(handles))  # fmt: skip
        self.say(1.0, "everything is measured")
        result.printed = self.printed
        return result

    def _run(self, load: Commanded, name: str, handle: Callable, result: Rude, share: float,
             part: float) -> RudeRun:  # fmt: skip
        server = self.server(name, handle)
        opened = load.ask("open", port=server.port, connections=result.connections)
        self.must_be_open(name, server, opened)
        # half of the first stretch does not count: the first requests cost more
        load.ask("fixed", rate=result.rate, seconds=AT_S / 2)
        total = AT_S + 0.5 + AFTER_S

        def tell(now: dict) -> None:
            longest = "" if now["longest"] is None else f", longest wait {_ms(now['longest'])}"
            rude = {"now": "; the rude request is there", "done": "; the rude request is answered"}
            self.say(share + part * max(0.0, min(1.0, now["seconds"] / total)),
                     f"{name}: {now['per_s']:,.0f} answers a second{longest}"
                     f"{rude.get(now['rude'], '')}")  # fmt: skip

        got = load.ask("fixed", rate=result.rate, seconds=total, path=f"/{result.kind}", at=AT_S,
                       width=WIDTH_S, tell=tell)  # fmt: skip
        self.check(name, server)
        self.must_be_open(name, server, {**got, "open": got["answered"]})
        self.end(server)
        load.ask("close")
        pieces = {k: Stretch(got[k]["seconds"], got[k]["per_s"], got[k]["p99"], got[k]["longest"])
                  for k in ("before", "during", "after")}  # fmt: skip
        return RudeRun(name, tuple(got["rude"]), **pieces, buckets=got["buckets"],
                       failures=added(opened["failures"], got["failures"]))  # fmt: skip
