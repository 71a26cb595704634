"""The controls of the panel: number fields, menus, check boxes, and what they say.

Number fields, not sliders: they have a label that a screen reader reads, they work by
keyboard, and what was typed stays visible.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as w

from ..experiment import BadRequest, Request, make_request
from ..experiment.request import MOST_TASKS, whole
from ..measure.fit import fit
from ..models import MODELS
from .keys import named_row
from .presets import PRESETS, WORKS, Preset, checked_size, make

#: Of the fields' names, which end where the names of rows do.
NAME_WIDTH = "9em"
_LABEL = {"description_width": NAME_WIDTH}
_WIDE = {"width": "27em"}
NO_GUESS = "no prediction"
LONGEST_SAID_MS = 600_000


class Controls:
    """Everything a learner sets before Run. `box` is the widget."""

    def __init__(self, preset: Preset) -> None:
        field = {"style": _LABEL, "layout": _WIDE}
        self.preset = w.Dropdown(options=[(fit(title), title) for title in PRESETS],
                                 description="Preset", **field)  # fmt: skip
        self.work = w.Dropdown(options=WORKS, description="Each task will", **field)
        self.size = w.FloatText(description="for (ms)", **field)
        self.tasks = w.IntText(description="Tasks", **field)
        self.cap = w.IntText(description="At once (0 = all)", **field)
        self.models = {
            name: w.Checkbox(description=name, indent=False, layout={"width": "auto"})
            for name in MODELS
        }
        self.said_model = w.Dropdown(description="Fastest will be", **field)
        self.said_ms = w.FloatText(description="and take (ms)", **field)
        classes = {"preset": self.preset, "work": self.work, "size": self.size,
                   "tasks": self.tasks, "cap": self.cap, "said": self.said_ms,
                   "said-model": self.said_model}  # fmt: skip
        for name, widget in classes.items():
            widget.add_class(f"cav-{name}")
        for name, box in self.models.items():
            box.add_class(f"cav-model-{name.replace('+', '-')}")
            box.observe(self._models_changed, "value")
        self.preset.observe(self._preset_chosen, "value")
        self._first, self._setting = preset, False
        self.chosen = preset  # its seed and time box have no field
        self.reset()
        models = named_row("Models", list(self.models.values()), NAME_WIDTH)
        wrap = {"flex_flow": "row wrap", "grid_gap": "0 1.5em"}
        self.prediction = w.HBox([self.said_model, self.said_ms], layout=dict(wrap))
        self.box = w.VBox([
            self.preset,
            w.HBox([self.work, self.size], layout=wrap),
            w.HBox([self.tasks, self.cap], layout=wrap),
            models,
            self.prediction,
        ])  # fmt: skip

    def reset(self) -> None:
        """Back to the first preset, and no prediction."""
        if self._first.title in PRESETS:
            self.preset.value = self._first.title
        self.set(self._first)
        self.said_model.value, self.said_ms.value = NO_GUESS, 0.0

    def set(self, preset: Preset) -> None:
        """Show the values of `preset`.

        The number of tasks comes last: who sees it knows that the menu of the prediction,
        which new models empty, will not change any more.
        """
        self.chosen = preset
        self._setting = True  # one change of the menu below, not one for each box
        for name, box in self.models.items():
            box.value = name in preset.models
        self._setting = False
        self._models_changed()
        self.work.value, self.size.value = preset.work, preset.size
        self.cap.value, self.tasks.value = preset.cap, preset.tasks

    def chosen_models(self) -> list[str]:
        """The models whose box is ticked."""
        return [name for name, box in self.models.items() if box.value]

    def request(self) -> Request:
        """The experiment as set. Raises BadRequest with one sentence."""
        ms = checked_size(self.size.value)
        self._check_said()
        tasks = whole(self.tasks.value, "Tasks", 1, MOST_TASKS, "try ")
        cap = whole(self.cap.value, "At once", 0, MOST_TASKS, "try ")
        models = self.chosen_models()
        if not models:
            raise BadRequest("Tick at least one model.")
        workload = make(self.work.value, ms, self.chosen.seed)
        return make_request(workload, tasks, workers=cap or None, models=models,
                            time_box=self.chosen.time_box)  # fmt: skip

    def _check_said(self) -> None:
        """Raises BadRequest for a time that no model can take, or that is no model's."""
        ms = self.said_ms.value
        if not 0 <= ms <= LONGEST_SAID_MS:
            raise BadRequest(f"Your prediction is at most {LONGEST_SAID_MS:,} ms, and not below 0; "
                             f"{ms:,g} is not: try 100, or 0 for no prediction.")  # fmt: skip
        if ms and self.guess() is None:
            raise BadRequest(f"Which model will take {ms:g} ms? Choose it in Fastest will be, or "
                             f"set the time to 0.")  # fmt: skip

    def said(self) -> dict[str, float]:
        """The prediction in seconds: ``{model: seconds}``, empty if none was made."""
        model, ms = self.said_model.value, self.said_ms.value
        return {model: ms / 1000} if model in MODELS and ms > 0 else {}

    def guess(self) -> str | None:
        """The model said to be fastest, or None."""
        return None if self.said_model.value == NO_GUESS else self.said_model.value

    def _preset_chosen(self, change: Any) -> None:
        self.set(PRESETS[change["new"]])

    def _models_changed(self, change: Any = None) -> None:
        if self._setting:
            return
        chosen, before = self.chosen_models(), self.said_model.value
        options = (NO_GUESS, *chosen)
        # New options drop the choice in the browser: send them only if they differ.
        if options != self.said_model.options:
            self.said_model.options = options
            if before in chosen:
                self.said_model.value = before
            else:  # the time was that model's, too
                self.said_model.value = NO_GUESS
                if before != NO_GUESS:
                    self.said_ms.value = 0.0
