"""Who was in progress from when to when, and how it ended: noted by the code itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise


@dataclass
class Span:
    """One stretch of a lane, in seconds since the notes began.

    `end` is None while it is still in progress; `outcome` is "finished", "cancelled" or
    the name of the exception that ended it.
    """

    lane: str
    begin: float
    end: float | None = None
    outcome: str = ""


class Spans:
    """Notes of who was in progress when, taken from any thread or task.

    ``with notes("baker"): ...`` notes one stretch of the lane "baker", and
    ``notes.mark("heartbeat")`` one moment of the lane "heartbeat". Exceptions pass through.
    """

    def __init__(self) -> None:
        self._zero = time.perf_counter()
        self.spans: list[Span] = []
        self.marks: list[tuple[str, float]] = []

    @contextmanager
    def __call__(self, lane: str) -> Iterator[Span]:
        """Note from when to when the block was in progress, and how it ended."""
        span = Span(lane, self._now())
        self.spans.append(span)
        try:
            yield span
        except BaseException as error:
            name = type(error).__name__
            span.outcome = "cancelled" if name == "CancelledError" else name
            raise
        else:
            span.outcome = "finished"
        finally:
            span.end = self._now()

    def mark(self, lane: str) -> None:
        """Note this moment."""
        self.marks.append((lane, self._now()))

    def lanes(self) -> list[str]:
        """The names of the lanes, in the order of their first note."""
        first: dict[str, float] = {}
        for name, begin in [*((s.lane, s.begin) for s in self.spans), *self.marks]:
            first[name] = min(begin, first.get(name, begin))
        return sorted(first, key=first.__getitem__)

    def outcomes(self) -> dict[str, str]:
        """How each lane's last stretch ended; "in progress" if it has not."""
        return {span.lane: span.outcome or "in progress" for span in self.spans}

    def gap(self, lane: str) -> float:
        """The longest time from a mark of a lane to its next one, in seconds.

        The time from the last mark to the last note of all counts as well: a heartbeat that
        was held up to the end has no later mark. Raises KeyError for a lane without marks.
        """
        moments = [moment for name, moment in self.marks if name == lane]
        if not moments:
            raise KeyError(f"nothing was marked on the lane {lane!r}")
        return max(b - a for a, b in pairwise([*moments, max(self.end(), moments[-1])]))

    def end(self) -> float:
        """The last moment of all notes, in seconds since they began."""
        ends = [span.begin if span.end is None else span.end for span in self.spans]
        return max([*ends, *(moment for _, moment in self.marks)], default=0.0)

    def _now(self) -> float:
        return time.perf_counter() - self._zero
