"""The results about an event loop that show themselves: figure, sentences, folded table."""

from __future__ import annotations

from html import escape

from ...experiment.loops.heartbeat import Heartbeats
from ...experiment.loops.timings import Timings
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown
from ..words import number


class ShownHeartbeats(_Shown, Heartbeats):
    """A lane a way: every beat, and how late it came."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        def figure() -> str:
            from . import heartbeat

            return _picture(heartbeat, self)

        return _page(_paragraph(self.headline(), "cav-head"), _drawn(figure), *_notes(self),
                     _drawn(lambda: table.folded("Data: every way", _lags(self))),
                     *_folds(self), _machine_line(self.machine))  # fmt: skip


class ShownTimings(_Shown, Timings):
    """A row a way: every measured time, and the verdicts against the first."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        def figure() -> str:
            from . import timings

            return _picture(timings, self)

        notes = self.notes()
        verdicts = [text for text in self.summary() if text not in notes]
        lines = [_paragraph(text, "" if k else "cav-head") for k, text in enumerate(verdicts)]
        return _page(*lines, _drawn(figure), *_notes(self),
                     _drawn(lambda: table.folded("Data: every way", _times(self))),
                     *_folds(self), _machine_line(self.machine))  # fmt: skip


def _picture(chart, result) -> str:

    caption = chart.caption(result)
    return _figure(lambda: chart.draw(result), " ".join([*result.summary(), caption]), caption)


def _notes(result) -> list[str]:
    failures = result.failures()
    return [_paragraph(text, "cav-error" if text in failures else "cav-note")
            for text in result.notes()]  # fmt: skip


def _folds(result) -> list[str]:
    """Tracebacks of what failed, and what was printed."""

    def texts(of: dict[str, str]) -> str:
        return "".join(f"<p>{escape(label)}</p><pre>{escape(text)}</pre>"
                       for label, text in of.items() if text)  # fmt: skip

    tracebacks = {label: details for label, (_, details) in result.failed.items()}
    return [table.folded("Traceback", texts(tracebacks)),
            table.folded("Printed by the ways", texts(result.printed))]  # fmt: skip


def _lags(result) -> str:
    rows = []
    for label in result.labels:
        late = result.latest(label)
        took = sorted(result.took(label))[len(late) // 2]
        rows.append([label, number(result.late_ms(label), 1), number(min(late), 1),
                     number(max(late), 1), number(result.weighted_ms(label), 2),
                     number(took * 1e3), len(late)])  # fmt: skip
    heads = ["way", "latest beat, ms late", "in the best round", "in the worst round",
             "mean over time, ms", "the way took, ms", "rounds"]  # fmt: skip
    return table.table("Lag of the loop: medians of the rounds. A blocked loop beats seldom, so "
                       "the mean counts each moment, not each beat", heads, rows)  # fmt: skip


def _times(result) -> str:
    unit, scale = ("µs", 1e6) if result.per > 1 else ("ms", 1e3)
    rows = []
    for label in result.labels:
        each = [value * scale for value in result.each(label)]
        verdict = result.verdict(label)
        interval = f"{verdict.low:.2f} to {verdict.high:.2f}" if verdict.low else "–"
        first = label == result.labels[0]
        rows.append([label, number(result.median(label) * scale, 1), number(min(each), 1),
                     number(max(each), 1), "–" if first else number(verdict.ratio, 2),
                     "–" if first else interval, len(each)])  # fmt: skip
    heads = ["way", f"median, {unit}", "fastest", "slowest", "times as fast as the first",
             "interval", "rounds"]  # fmt: skip
    one_of = f", for one of {result.per:,}" if result.per > 1 else ""
    return table.table(f"Measured times{one_of}", heads, rows)


__all__ = ["ShownHeartbeats", "ShownTimings"]
