"""Results of the experiments with servers that show themselves."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ...experiment.serving.connections import METRICS, Connections, Metric, with_unit
from ...experiment.serving.hold import Held
from ...experiment.serving.rude import Rude
from ...services.connections.limits import SERVERS, Limits
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown
from ..words import number


def connections_html(result) -> str:
    """Headline, small multiples, sentences, and the samples in a folded table."""
    parts = [_paragraph(result.headline(), "cav-head"), _drawn(lambda: _connections(result))]
    parts.append(_drawn(lambda: _largest(result)))
    parts += [_paragraph(text, "cav-error" if result.failures() else "")
              for text in result.failed()]  # fmt: skip
    parts += [_paragraph(text, "cav-note") for text in result.limits()]
    parts.append(_drawn(lambda: table.folded("Data: every round", _samples(result))))
    return _page(*parts, _printed(result.printed), _machine(result))


def rude_html(result) -> str:
    """The sentences, the figure, the data."""
    sentences = result.summary()
    count = len(result.servers)
    parts = [_paragraph(text, "cav-head") for text in sentences[:count]]
    parts.append(_drawn(lambda: _rude(result)))
    parts += [_paragraph(text, "cav-note") for text in sentences[count:]]
    parts.append(_paragraph(f"{result.rate:,.0f} requests a second in all, over "
                            f"{result.connections:,} connections; one run each. A request's "
                            f"wait counts from the moment it was due.", "cav-small"))  # fmt: skip
    parts.append(_drawn(lambda: table.folded("Data: before, during, after", _stretches(result))))
    return _page(*parts, _printed(result.printed), _machine(result))


def held_html(result) -> str:
    """What was held, in a sentence and a small table."""
    first, second, *notes = result.summary()
    rows = [
        ["connections asked for", f"{result.asked:,}"],
        ["open at once", f"{result.open:,}"],
        ["answered again while all were open", f"{result.again:,}"],
        ["until each was answered once", f"{result.seconds:.2f} s"],
        ["threads of the server", f"{result.threads:,}"],
        ["memory of the server", f"{result.memory_mb:,.0f} MB ({result.kb:.1f} KB a connection)"],
    ]
    parts = [_paragraph(first, "cav-head"),
             _paragraph(second, "cav-error" if result.failures else "")]  # fmt: skip
    parts += [_paragraph(text, "cav-note") for text in notes]
    held = table.table("Connections held", ["what", "value"], rows, words=True)
    return _page(*parts, held, _machine(result))


def limits_html(result) -> str:
    """Which limit decides, and all that were read."""
    rows = [[limit.name, *("–" if limit.of(s) is None else f"{limit.of(s):,}" for s in SERVERS)]
            for limit in result.found]  # fmt: skip
    heads = ["limit", *(f"{server}: connections" for server in SERVERS)]
    return _page(*(_paragraph(text) for text in result.summary()),
                 table.table("What each limit allows", heads, rows))  # fmt: skip


# --- parts -----------------------------------------------------------------------------


def _machine(result) -> str:
    return _machine_line(result.machine) if result.machine is not None else ""


def _printed(printed: dict[str, str]) -> str:
    texts = [f"<p>{escape(server)}</p><pre>{escape(text)}</pre>"
             for server, text in printed.items()]  # fmt: skip
    return table.folded("Printed by the handlers", "".join(texts))


def _connections(result) -> str:
    from . import connections

    same = f"The same rate: {result.rate:,.0f} requests a second over all connections."
    return _figure(lambda: connections.draw(result), connections.alt(result), same)


def _rude(result) -> str:
    from . import rude

    return _figure(lambda: rude.draw(result), rude.alt(result), rude.caption(result))


def _largest(result) -> str:
    """The medians at the largest number of connections that all servers had."""
    count = result.largest()
    if count is None:
        return ""
    rows = []
    for metric in METRICS.values():
        cells = [with_unit(result.middle(s, count, metric.name), metric) for s in result.servers]
        if len(result.servers) > 1:
            winner = result.always(count, metric.name)
            cells.append(winner or "the rounds overlap")
        rows.append([metric.title, *cells])
    heads = ["", *result.servers, *(["better in every round"] if len(result.servers) > 1 else [])]
    return table.table(f"{count:,} connections: medians of the rounds", heads, rows, words=True)


_FURTHER = (
    Metric("pss_kb", "PSS per connection", "KB", 1),
    Metric("p50_ms", "p50 latency", "ms", 2),
    Metric("longest_ms", "longest latency", "ms", 2),
    Metric("closed_p99_ms", "p99, all ask at once", "ms", 1),
    Metric("late_ms", "load client late, p99", "ms", 2),
)


def _samples(result) -> str:
    columns = [*METRICS.values(), *_FURTHER]
    heads = ["server, connections", *(f"{m.title}{', ' if m.unit else ''}{m.unit}"
                                      for m in columns), "failures"]  # fmt: skip
    rows = []
    for server in result.servers:
        for count in result.counts(server):
            rows += [
                [f"{s.server}, {s.count:,}",
                 *(number(getattr(s, m.name), m.digits) for m in columns),
                 sum(s.failures.values())]
                for s in result.samples if (s.server, s.count) == (server, count)
            ]  # fmt: skip
    caption = ("Latencies and CPU at the fixed rate; memory is what the server grew by, resident "
               "and with shared pages in part")  # fmt: skip
    return table.table(caption, heads, rows)


def _stretches(result) -> str:
    rows = []
    for server in result.servers:
        run = result.runs[server]
        for name in ("before", "during", "after"):
            one = getattr(run, name)
            rows.append([f"{server}, {name}", number(one.seconds * 1e3), number(one.per_s),
                         number(_milli(one.p99), 1), number(_milli(one.longest), 1)])  # fmt: skip
    heads = ["", "length, ms", "answers a second", "p99 wait, ms", "longest wait, ms"]
    return table.table("Before, during and after the rude request", heads, rows)


def _milli(value: float | None) -> float | None:
    return None if value is None else value * 1e3


# --- what a cell shows -----------------------------------------------------------------


class _ShownService(_Shown):
    def _sentences(self: Any) -> list[str]:
        return self.summary()


class ShownConnections(_ShownService, Connections):
    """Both servers over the number of connections."""

    def _fragment(self) -> str:
        return connections_html(self)


class ShownRude(_ShownService, Rude):
    """A rude request amid others."""

    def _fragment(self) -> str:
        return rude_html(self)


class ShownHeld(_ShownService, Held):
    """Connections held open."""

    def _fragment(self) -> str:
        return held_html(self)


@dataclass(frozen=True)
class ShownLimits(_ShownService, Limits):
    """How many connections this machine allows, and why no more."""

    def _fragment(self) -> str:
        return limits_html(self)


__all__ = ["ShownConnections", "ShownHeld", "ShownLimits", "ShownRude"]
