"""Guesses before the measurement: for each workload, will threads gain? And the score after."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from .. import charts
from ..charts.surveys.shown import ShownScore
from ..course.noting import note_score
from ..experiment import BadRequest
from ..experiment.surveys.survey import survey_request
from ..experiment.surveys.surveyed import GAIN, Survey
from ..measure.fit import fit
from .controls import NO_GUESS
from .keys import WRAP, control_box

GAINS, NO_GAIN = "threads gain", "no gain"
_MEANING = {NO_GUESS: None, GAINS: True, NO_GAIN: False}


class Guesses:
    """A menu for each workload: "no prediction", "threads gain" or "no gain".

    `menus` holds them by the workload's name, `box` is the widget. Guesses live as long as
    the kernel.
    """

    def __init__(self, workloads: Any) -> None:
        asked = survey_request(workloads).requests
        self.titles = {name: request.workload.title for name, request in asked.items()}
        self.menus = {
            name: w.Dropdown(options=list(_MEANING), description=fit(title),
                             style={"description_width": "17em"}, layout={"width": "30em"})
            for name, title in self.titles.items()
        }  # fmt: skip
        for name, menu in self.menus.items():
            menu.add_class(f"cav-guess-{fit(name).replace(' ', '-')}")
        question = (f'{charts.STYLE}<div class="cav-figure"><p>Will threads be at least {GAIN:g}× '
                    f"as fast as one task after the other?</p></div>")  # fmt: skip
        menus = w.HBox(list(self.menus.values()), layout=WRAP)
        self.box = control_box([w.HTML(question), menus])
        self.box.add_class("cav-guesses")

    def say(self, name: str, gain: bool | None = True) -> None:
        """Guess by code: threads gain (True), don't (False), or no prediction (None).

        Raises BadRequest for a workload that is not on the list.
        """
        if name not in self.menus:
            raise BadRequest(f"There is no workload {name!r} among the guesses: choose among "
                             f"{', '.join(self.menus)}.")  # fmt: skip
        if gain is not None and not isinstance(gain, bool):
            raise BadRequest(f"gain is True, False or None; {gain!r} is not: write gain=True.")
        words = next(text for text, meaning in _MEANING.items() if meaning is gain)
        self.menus[name].value = words

    def said(self) -> dict[str, bool | None]:
        """The guesses by workload; None where there is none."""
        return {name: _MEANING[menu.value] for name, menu in self.menus.items()}

    def score(self, *surveys: Survey) -> ShownScore:
        """The guesses beside what `surveys` measured, and how many were right.

        What can't be told here counts as neither. Raises BadRequest for anything that is not
        a survey.
        """
        if not surveys or not all(isinstance(one, Survey) for one in surveys):
            raise BadRequest("A score needs what survey() gave: write guesses.score(my_survey).")
        measured = {name: row for one in surveys for name, row in one.measured.items()}
        score = ShownScore()
        for name, guess in self.said().items():
            score.add(self.titles[name], guess, measured.get(name))
        note_score(score.rows)
        return score

    def _repr_mimebundle_(self, **options: Any) -> dict:
        return self.box._repr_mimebundle_(**options)


def guesses(workloads: Any) -> Guesses:
    """Menus to guess, before running, which of `workloads` gain from threads.

    Raises BadRequest for what is not a list of workloads.
    """
    return Guesses(workloads)
