"""Predictions beside what was measured: the six rows, what surprised most, the whole list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..course import six_rows
from ..course.entry import Entry
from ..course.noting import FACTS
from ..course.surprises import amount, judged, predictions, surprises, told
from ..measure.fit import plain
from . import table
from .fragments import _drawn, _figure, _page, _paragraph

#: A report shows the latest so many of each.
MOST_LINES = 60
NOTHING_YET = ("Nothing is noted yet that surprised you: make a prediction in a panel or in a "
               "menu, then measure.")  # fmt: skip
_HEADS = ("Experiment", "About", "You said", "Measured", "", "Notebook")


@dataclass(repr=False)
class ShownRows:
    """The chapter's six rows with predictions and measurements, each by feature."""

    said: Mapping[str, Any]
    measured: Mapping[str, Any]
    caption = "The six rows again"

    def summary(self) -> list[str]:
        """How many predictions were right."""
        return [six_rows.sentence(self.said, self.measured)]

    def __str__(self) -> str:
        lines = [six_rows.HEADS, *six_rows.table(self.said, self.measured)]
        return "\n".join([*self.summary(), *(" | ".join(line) for line in lines)])

    __repr__ = plain

    def _fragment(self) -> str:
        rows = six_rows.table(self.said, self.measured)
        return _page(_paragraph(self.summary()[0], "cav-head"),
                     table.table("The chapter's words, your predictions, and what this machine "
                                 "showed", six_rows.HEADS, rows, words=True))  # fmt: skip

    _repr_html_ = _fragment


@dataclass(repr=False)
class ShownSurprises:
    """The predictions that were furthest off, of all that were noted."""

    noted: Sequence[Entry]
    most: int = 5
    in_report = False  # it has a part for them

    @property
    def found(self) -> list[Entry]:
        """The entries, the furthest off first."""
        return surprises(self.noted, self.most)

    def summary(self) -> list[str]:
        """A sentence for each, or one that says why there is none."""
        if self.found:
            return [_sentence(entry) for entry in self.found]
        said = len(predictions(self.noted))
        if not said:
            return [NOTHING_YET]
        noun = "prediction" if said == 1 else "predictions"
        return [f"No surprise so far: none of your {said:,} {noun} was wrong."]

    def __str__(self) -> str:
        return "\n".join(self.summary())

    __repr__ = plain

    def _fragment(self) -> str:
        if not self.found:
            return _page(_paragraph(self.summary()[0]))
        first, *others = self.summary()
        data = table.folded("Data: what surprised you most", said_table("Predictions", self.found))
        return _page(_paragraph(first, "cav-head"), *map(_paragraph, others),
                     _drawn(lambda: _picture(self.found)), data)  # fmt: skip

    _repr_html_ = _fragment


def _picture(found: list[Entry]) -> str:
    from . import surprises as chart

    if not chart.drawable(found):
        return ""
    return _figure(lambda: chart.draw(found), chart.alt(found), chart.caption())


def _sentence(entry: Entry) -> str:
    return f"{entry.title}. {told(entry)}" if entry.title else told(entry)


def said_table(caption: str, found: Sequence[Entry]) -> str:
    """What was said beside what was measured, an entry a row."""
    rows = [
        (e.title or "–", e.about or "–", amount(e.said, e.unit), amount(e.measured, e.unit),
         judged(e), _where(e))
        for e in found
    ]  # fmt: skip
    return table.table(caption, _HEADS, rows, words=True)


def measured_table(caption: str, found: Sequence[Entry]) -> str:
    """What was found, an entry a row: the experiment, its sentence, where and when."""
    heads = ("Experiment", "Finding", "Medians", "Notebook", "Date")
    rows = [(e.title or "–", e.sentence or "–", _medians(e), _where(e), e.when[:10])
            for e in found]  # fmt: skip
    return table.table(caption, heads, rows, words=True)


def _medians(entry: Entry) -> str:
    """The times by model, which `noting` puts before the other facts."""
    names = [name for name in entry.data if name not in FACTS]
    return ", ".join(f"{n} {amount(entry.data[n], entry.unit)}" for n in names) or "–"


def _where(entry: Entry) -> str:
    return (entry.notebook or "–").removesuffix(".ipynb")


def latest(found: Sequence[Entry], most: int = MOST_LINES) -> list[Entry]:
    """The latest `most` entries, the oldest first; of the same experiment only the last."""
    kept = {(e.kind, e.title, e.about, e.notebook): e for e in found}
    return sorted(kept.values(), key=lambda e: e.when)[-most:]
