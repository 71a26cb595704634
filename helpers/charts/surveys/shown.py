"""A survey, and a score of guesses, that show themselves under a cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from ...experiment.surveys.surveyed import GAIN_WORDS, Row, Survey
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown


class ShownSurvey(_Shown, Survey):
    """A survey that shows its findings, its picture and its table."""

    def _fragment(self) -> str:
        return survey_html(self)

    def _sentences(self) -> list[str]:
        return self.summary()


def survey_html(survey: Survey) -> str:
    """Findings, picture, limits, table, machine."""
    limits = "".join(_paragraph(text, "cav-note") for text in survey.limits())
    if not survey.measured:
        return _page(_paragraph("Nothing was measured.", "cav-error"), limits)
    items = "".join(f"<li>{escape(text)}</li>" for text in survey.findings())
    return _page(
        _drawn(lambda: _picture(survey)),
        f"<ul>{items}</ul>",
        limits,
        _drawn(lambda: table.folded("Data: every workload and model", survey_table(survey))),
        _machine_line(survey.machine),
    )


def _picture(survey: Survey) -> str:
    from . import survey as rows

    return _figure(lambda: rows.draw(survey), rows.alt(survey), rows.caption(survey))


def survey_table(survey: Survey) -> str:
    """A row a workload and model: median time, speed-up, its spread, cores, repeats."""
    heads = ["workload", "model", "median ms", "times as fast", "from", "to", "cores used",
             "runs", "fastest here"]  # fmt: skip
    rows = []
    for row in survey.measured.values():
        found = row.compared
        for model in found.models:
            first = model == "sequential"
            low, high = (1.0, 1.0) if first else row.spread(model)
            ratio = 1.0 if first else row.speedup(model)
            rows.append([
                row.title, model, table.milliseconds(found.wall(model)), f"{ratio:.2f}",
                "–" if first else f"{low:.2f}", "–" if first else f"{high:.2f}",
                f"{row.cores(model):.2f}", len(found.repeats.get(model, {})),
                row.winner() if first else "",
            ])  # fmt: skip
    caption = (f"Runs of {survey.tasks} tasks, {survey.workers} at once; from, to: the interval, "
               f"or the smallest and the largest where there are few runs")  # fmt: skip
    return table.table(caption, heads, rows)


@dataclass
class ShownScore:
    """Guesses beside what was measured. `right` of `told` guesses were right.

    A guess is told only where the measurement tells: `told` leaves out what was not
    guessed, not measured, or can't be told here.
    """

    right: int = 0
    told: int = 0
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, title: str, guess: bool | None, row: Row | None) -> None:
        """Score one workload: `guess` whether threads gain, and its row of a survey."""
        said = "no prediction" if guess is None else GAIN_WORDS[guess]
        if row is None or "threads" not in row.models:
            self.rows.append((title, said, "not measured", "–"))
            return
        gains, (low, high) = row.gains(), row.spread("threads")
        seen = "measured once" if low == high else f"{low:.2f} to {high:.2f}"
        shown = f"{GAIN_WORDS[gains]}: {row.speedup('threads'):.2f}× ({seen})"
        answer = "–"
        if guess is not None and gains is not None:
            self.told += 1
            self.right += guess is gains
            answer = "right" if guess is gains else "wrong"
        elif guess is not None:
            answer = "can't be told here"
        self.rows.append((title, said, shown, answer))

    def sentence(self) -> str:
        """The total, in a sentence."""
        text = f"{self.right} of {self.told} predictions were right."
        guessed = [answer for _, said, _, answer in self.rows if said != "no prediction"]
        open_ones = len(guessed) - self.told
        if not guessed:
            return f"{text} None was made: choose in the menus before you measure."
        return text if not open_ones else f"{text} {open_ones} more can't be told here."

    def __str__(self) -> str:
        return "\n".join([self.sentence(), *(" | ".join(row) for row in self.rows)])

    def _repr_html_(self) -> str:
        heads = ["workload", "you said", "measured in threads", ""]
        shown = table.table("Your predictions", heads, self.rows, words=True)
        return _page(f'<p class="cav-head">{escape(self.sentence())}</p>', shown)
