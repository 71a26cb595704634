"""What a panel has in front of a room: hidden predictions, a recorded run, a key for Reset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from statistics import median
from typing import Any

import anywidget
import ipywidgets as w

from ..charts.table import table
from ..experiment import BadRequest, Comparison
from ..measure.fit import fit
from ..models import MODELS
from .browser import module_and_style
from .controls import NAME_WIDTH

Guess = tuple[str, float | None]  # a model, and the seconds it is said to take

MOST_GUESSES = 500
LONGEST_S = 600
_LABEL = {"description_width": NAME_WIDTH}


class ResetKey(anywidget.AnyWidget):
    """F8 presses Reset in the panel that this stands in, while that has the focus."""

    _esm, _css = module_and_style("reset_key")


class Room:
    """A field for predictions that don't show, Reveal, and a button for a recorded run.

    `box` is the widget, `guesses` what was said. `post(function, *args)` has the kernel's main
    loop change the widgets; `result()` gives what was measured, or None. Its changes of widgets
    are posted; `reset` is for the main loop.
    """

    def __init__(self, post: Callable, result: Callable, show_recorded: Callable) -> None:
        self._post, self._result = post, result
        self.guesses: list[Guess] = []
        self.revealed = False
        # dots on the screen: the one who types may be seen by all
        self.field = w.Password(description="Prediction", placeholder="hidden: threads 60",
                                continuous_update=False, style=_LABEL,
                                layout={"width": "27em"})  # fmt: skip
        self.reveal_button = w.Button(description="Reveal", tooltip="Show every prediction")
        self.recorded_button = w.Button(description="Recorded run", layout={"display": "none"},
                                        tooltip="Show the saved run of this preset")  # fmt: skip
        self.shown = w.HTML()
        named = {"secret": self.field, "reveal": self.reveal_button, "said-all": self.shown,
                 "recorded-run": self.recorded_button}  # fmt: skip
        for name, widget in named.items():
            widget.add_class(f"cav-{name}")
        self.field.observe(self._entered, "value")
        self.reveal_button.on_click(lambda button: self.reveal())
        self.recorded_button.on_click(lambda button: show_recorded())
        row = w.HBox([self.field, self.reveal_button, self.recorded_button],
                     layout={"flex_flow": "row wrap"})  # fmt: skip
        self.box = w.VBox([row, self.shown, ResetKey()])
        self.box.add_class("cav-room")
        self._show()

    def say(self, words: str) -> None:
        """Take one prediction, as typed: a model, and milliseconds if there are any.

        Raises BadRequest for what is none.
        """
        guess = read_guess(words)
        if len(self.guesses) >= MOST_GUESSES:
            raise BadRequest(f"{MOST_GUESSES} predictions are kept: press Reveal, then Reset.")
        self.guesses.append(guess)
        self._post(self._show)

    def reveal(self) -> None:
        """Show every prediction, beside what was measured if anything was."""
        self.revealed = True
        self._post(self._show)

    def offer_recorded(self, offered: bool) -> None:
        """Whether the preset has a recorded run to show; on the main loop."""
        self.recorded_button.layout.display = None if offered else "none"

    def reset(self) -> None:
        """Forget the predictions; on the main loop."""
        self.guesses, self.revealed, self.field.value = [], False, ""
        self._show()

    def update(self) -> None:
        """Show what was measured beside revealed predictions; on the main loop."""
        self._show()

    def _entered(self, change: Any) -> None:
        words = change["new"]
        if not words:
            return
        try:
            self.say(words)
            self._post(setattr, self.field, "value", "")
        except BadRequest as error:
            self._post(self._show, str(error))

    def _show(self, wrong: str = "") -> None:
        count = len(self.guesses)
        if wrong:
            text = f'<p role="alert" class="cav-error">{escape(fit(wrong))}</p>'
        elif self.revealed and count:
            text = guesses_html(self.guesses, self._result())
        elif self.revealed:
            text = '<p role="status">No predictions were made.</p>'
        else:
            kept = f"{count} prediction{'' if count == 1 else 's'}, hidden until Reveal."
            text = f'<p role="status">{kept}</p>' if count else ""
        self.shown.value = f'<div class="cav-figure" style="padding:0">{text}</div>'


def read_guess(words: Any) -> Guess:
    """``threads 60`` as (model, seconds); the beginning of a model's name is enough.

    Raises BadRequest, which does not repeat what was typed.
    """
    advice = f"Write a model and a time in ms, as in: threads 60. Models: {', '.join(MODELS)}."
    name, *rest = str(words).lower().removesuffix("ms").split() or [""]
    found = [name] if name in MODELS else [one for one in MODELS if one.startswith(name)]
    if "asyncio" in found:  # the beginning of another name as well
        found = ["asyncio"]
    if not name or len(found) != 1 or len(rest) > 1:
        raise BadRequest(advice)
    if not rest:
        return found[0], None
    try:
        seconds = float(rest[0].replace(",", "")) / 1000
    except ValueError:
        raise BadRequest(advice) from None
    if not 0 < seconds <= LONGEST_S:
        raise BadRequest(f"A time is above 0 and at most {LONGEST_S * 1000:,} ms. {advice}")
    return found[0], seconds


def guesses_html(guesses: Sequence[Guess], result: Comparison | None) -> str:
    """A row for each model that was named: how often, the times said, the time measured."""
    measured = result.models if result is not None and result.failed() is None else []
    rows = []
    for model in MODELS:
        said = [seconds for name, seconds in guesses if name == model]
        times = [seconds for seconds in said if seconds is not None]
        if not said and model not in measured:
            continue
        spread = "–" if not times else _ms(median(times))
        if len(times) > 1:
            spread += f" ({_ms(min(times))} to {_ms(max(times))})"
        took = _ms(result.wall(model)) if result and model in measured else "not measured"
        rows.append([model, len(said), spread, took])
    heads = ["model", "said to be fastest", "time said, middle and range", "measured"]
    return table("What the room said", heads, rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"
