"""The overview of a learner's progress, with a link that downloads it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from ..course.progress import DONE, Standing, next_of
from ..measure.fit import plain
from . import table
from .downloads import link_to, size_of
from .fragments import _page, _paragraph

HEADS = ("Notebook or lab", "Minutes", "State", "Predictions", "Experiments", "Quiz or steps")
KEPT = ("All of it is kept in one file in the course's folder, on the computer where the course "
        "runs. It is sent nowhere. Binder forgets it: download it before you leave.")  # fmt: skip


@dataclass(repr=False)
class ShownProgress:
    """Each notebook and lab with what was done in it, what comes next, and the download.

    `raw` is the file to download, `notebook` the name of the one that shows it.
    """

    standings: Sequence[Standing]
    raw: bytes = field(repr=False, default=b"")
    notebook: str | None = None
    date: str = field(default_factory=lambda: time.strftime("%Y-%m-%d"))
    in_report = False  # it has a part for it

    @property
    def name(self) -> str:
        """The name of the downloaded file."""
        return f"async-or-threads-progress-{self.date}.jsonl"

    def summary(self) -> list[str]:
        """What comes next, and how much is done."""
        coming = next_of(self.standings)
        first = f"Next: {coming.item.title} ({_rest(coming)})." if coming else ALL_DONE
        return [first, _done(self.standings)]

    def __str__(self) -> str:
        rows = (" | ".join(row) for row in rows_of(self.standings))
        return "\n".join([*self.summary(), *rows])

    __repr__ = plain

    def _fragment(self) -> str:
        coming = next_of(self.standings)
        first = escape(ALL_DONE)
        if coming:
            first = f"Next: {self._link(coming)} ({escape(_rest(coming))})."
        return _page(
            f'<p class="cav-head">{first}</p>',
            _paragraph(self.summary()[1]),
            self._table(),
            self._download(),
            _paragraph(KEPT, "cav-small"),
        )

    _repr_html_ = _fragment

    def _link(self, one: Standing) -> str:
        return f'<a href="{escape(one.item.link(self.notebook))}">{escape(one.item.title)}</a>'

    def _table(self) -> str:
        """As `table.table` makes it, but the first cell of a row is a link."""
        html = table.table("Your progress", HEADS, rows_of(self.standings), words=True)
        for one in self.standings:
            title = escape(one.item.title)
            html = html.replace(f'<th scope="row">{title}</th>',
                                f'<th scope="row">{self._link(one)}</th>')  # fmt: skip
        return html

    def _download(self) -> str:
        if not self.raw:
            return _paragraph("Nothing is noted yet, so there is nothing to download.")
        count = self.raw.count(b"\n")
        entries = "entry" if count == 1 else "entries"
        more = f" ({count:,} {entries}, {size_of(len(self.raw))})"
        return link_to(self.name, self.raw, "application/jsonl", more)


ALL_DONE = "All notebooks and labs are done."


def rows_of(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    """The rows under `HEADS`, all words."""
    return [
        (one.item.title, str(one.item.minutes), f"✓ {DONE}" if one.done else one.state,
         _count(one.predictions), _count(one.experiments), marks(one))
        for one in standings
    ]  # fmt: skip


def graded_table(standings: Sequence[Standing]) -> str:
    """Only what was answered and checked, for a report; empty if there is nothing."""
    if not standings:
        return ""
    rows = [(one.item.title, marks(one), one.state) for one in standings]
    heads = ("Notebook or lab", "Right", "State")
    return table.table("Questions answered right, steps passed", heads, rows, words=True)


def marks(one: Standing) -> str:
    """``3 of 4 questions``; for a lab ``2 of 3 steps``; a dash where there is nothing to answer."""
    if one.asked is None:
        return f"{one.right:,} right" if one.right else "–"
    extra = ", OPTIONAL too" if one.extra else ""
    return f"{one.right} of {one.asked} {'steps' if one.item.lab else 'questions'}{extra}"


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"


def _rest(one: Standing) -> str:
    """What is left of it: the minutes of one that wasn't begun, else questions or steps."""
    if not one.begun or one.asked is None:
        return f"about {one.item.minutes} minutes"
    left = one.asked - one.right
    noun = "step" if one.item.lab else "quiz question"
    return f"{left} {noun}{'' if left == 1 else 's'} left"


def _done(standings: Sequence[Standing]) -> str:
    done = sum(one.done for one in standings)
    minutes = sum(one.item.minutes for one in standings if not one.done)
    hours = f"{minutes / 60:.0f} hours" if minutes >= 90 else f"{minutes} minutes"
    if not done:
        return f"There are {len(standings)} notebooks and labs, for about {hours}."
    text = f"{done} of {len(standings)} {'is' if done == 1 else 'are'} done."
    return f"{text} The others take about {hours}." if minutes else text


@dataclass(repr=False)
class ShownRestored:
    """One sentence on what was restored."""

    sentence: str
    in_report = False

    def __str__(self) -> str:
        return self.sentence

    __repr__ = plain

    def _repr_html_(self) -> str:
        return _page(_paragraph(self.sentence))
