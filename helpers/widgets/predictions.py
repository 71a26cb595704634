"""A prediction for each of the chapter's six rows: number fields and a menu."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as w

from .. import charts
from ..charts.noted import ShownRows
from ..course.noting import note_prediction
from ..course.six_rows import FEATURES, ROWS, Row
from ..course.surprises import is_number
from ..experiment import BadRequest
from .controls import NO_GUESS
from .keys import control_box, field_with_words


class Predictions:
    """A field for each row of the chapter's table, by feature; all empty at first.

    `box` is the widget. Predictions live as long as the kernel; those that were
    measured are noted in the diary.
    """

    def __init__(self) -> None:
        self.fields = {row.feature: _field(row) for row in ROWS}
        self.note = w.HTML()
        self.note.add_class("cav-predict-note")
        lines = []
        for row in ROWS:
            field = self.fields[row.feature]
            field.add_class(f"cav-predict-{row.feature.split()[0].lower()}")
            field.observe(self._typed, "value")
            # beside every field, on two lines if need be, or below every one
            words = w.HTML(f'<div class="cav-figure" style="padding:0">{escape(row.asks)}</div>',
                           layout={"flex": "1 1 15em"})  # fmt: skip
            lines.append(field_with_words(field, words))
        self.box = control_box([w.HTML(charts.STYLE), *lines, self.note])
        self.box.add_class("cav-predictions")
        self._noted: set[tuple] = set()

    def say(self, feature: str, value: Any = None) -> None:
        """Predict by code: a number or one of the row's choices; None takes it back.

        Raises BadRequest for what the row can't be answered with.
        """
        row = _row(feature)
        if value is None:
            self.fields[feature].value = NO_GUESS if row.choices else ""
            return
        _checked(row, value)
        self.fields[feature].value = value if row.choices else f"{value:g}"

    def said(self) -> dict[str, Any]:
        """The predictions by feature, None where there is none.

        Raises BadRequest for a field that holds no number.
        """
        return {row.feature: _read(row, self.fields[row.feature].value) for row in ROWS}

    def beside(self, measured: Mapping[str, Any]) -> ShownRows:
        """The predictions beside what was `measured`, by feature, as a table; noted as well.

        Raises BadRequest for a feature that is none of the six, and for what is no answer.
        """
        if not isinstance(measured, Mapping):
            raise BadRequest('What was measured comes as {"Execution": 1, …}, by feature.')
        for feature, value in measured.items():
            _checked(_row(feature), value)
        said = self.said()
        for feature, value in measured.items():
            row, guess = FEATURES[feature], said[feature]
            once = (feature, guess, value)
            if guess is not None and once not in self._noted:
                self._noted.add(once)
                entry = row.entry(guess, value)
                note_prediction(entry.title, entry.about, guess, value, row.unit, entry.right)
        return ShownRows(said, dict(measured))

    def _typed(self, change: Any) -> None:
        """Say at once what a field can't take; an empty line if all is well."""
        try:
            self.said()
            text = ""
        except BadRequest as error:
            text = f'<p class="cav-error" role="alert">{escape(str(error))}</p>'
        self.note.value = f'<div class="cav-figure">{text}</div>' if text else ""

    def _repr_mimebundle_(self, **options: Any) -> dict:
        return self.box._repr_mimebundle_(**options)


def predictions() -> Predictions:
    """Fields for a prediction for each of the chapter's six rows."""
    return Predictions()


def _field(row: Row) -> w.Widget:
    style = {"style": {"description_width": "10em"}, "layout": {"width": "23em"}}
    if row.choices:
        return w.Dropdown(options=[NO_GUESS, *row.choices], description=row.feature, **style)
    # a text field: it can be empty, and 0 is a prediction
    return w.Text(description=row.feature, placeholder=NO_GUESS, continuous_update=False, **style)


def _row(feature: Any) -> Row:
    if feature not in FEATURES:
        raise BadRequest(f"There is no row {feature!r}: choose among {', '.join(FEATURES)}.")
    return FEATURES[feature]


def _checked(row: Row, value: Any) -> None:
    if row.choices:
        if value not in row.choices:
            raise BadRequest(f"{row.feature} is one of {', '.join(map(repr, row.choices))}; "
                             f"{value!r} is not.")  # fmt: skip
    elif not is_number(value) or not 0 <= value < 1e12:
        raise BadRequest(f"{row.feature} is a number from 0 on; {value!r} is not: write 100.")


def _read(row: Row, text: str) -> Any:
    """What a field holds: a choice, a number, or None."""
    if row.choices:
        return None if text == NO_GUESS else text
    text = text.strip()
    if not text:
        return None
    bare = text.removesuffix(row.unit).rstrip(" ×x").replace(",", "").replace("\u202f", "")
    try:
        value = float(bare)
    except ValueError:
        raise BadRequest(f"Your prediction for {row.feature} is {text!r}, which is no number: "
                         f"write 100, or leave it empty.") from None  # fmt: skip
    _checked(row, value)
    return value
