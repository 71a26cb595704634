"""The control panel: set an experiment, predict, run it, see what every task did."""

from __future__ import annotations

from .. import charts
from ..course.noting import note_comparison
from ..experiment import Comparison, Experiment
from ..worker.registry import shared_worker
from .controls import Controls
from .presets import PRESETS, Preset
from .runner import Runner


class Panel(Runner):
    """Controls, Run / Stop / Reset, live progress, timeline and verdict.

    The experiment runs in the worker process. `result` is the last `Comparison`.
    """

    FIRST = "Make a prediction, then press Run."
    DONE = "Done. Change one thing and run it again."

    def __init__(self, preset: str | Preset = "20 waits") -> None:
        first = PRESETS[preset] if isinstance(preset, str) else preset
        self.controls = Controls(first)
        super().__init__([self.controls.box])

    async def run(self) -> Comparison | None:
        """Press Run and wait for the end; the comparison, None if it gave none."""
        self.result = None
        return await super().run()

    def _asked(self) -> tuple:
        return self.controls.request(), self.controls.said(), self.controls.guess()

    def _experiment_for(self, asked: tuple) -> Experiment:
        return Experiment(shared_worker(), self._tell, self._recorded)

    def _measured(self, experiment: Experiment, asked: tuple) -> tuple[Comparison, str, str]:
        request, said, guess = asked
        result = experiment.run(request, said)
        note_comparison(result, guess)
        return result, charts.comparison_html(result), answer(result, guess)

    def _recorded(self, result: Comparison) -> None:
        """Every model has run once: the timeline can be looked at while repeats go on."""
        if result.failed() is None:
            fragment = charts.timeline_html(list(result.traced.values()), result.said)
            self._main.post(setattr, self.figure, "value", fragment)

    def _controls_reset(self) -> None:
        self.controls.reset()


def panel(preset: str | Preset = "20 waits") -> Panel:
    """The control panel, set to a preset by name. Raises KeyError for an unknown name."""
    return Panel(preset)


def answer(result: Comparison, guess: str | None) -> str:
    """What the learner said beside what was measured; empty if nothing was said."""
    if result.failed() is not None or (guess is None and not result.said):
        return ""
    parts = []
    best = result.fastest()
    if guess is not None and len(result.models) > 1:
        if guess == best:
            parts.append(f"You said {guess} would be fastest: it was.")
        else:
            parts.append(f"You said {guess} would be fastest: {result.verdict(best, guess)}.")
    for model, seconds in result.said.items():
        if model in result.models:
            took = result.wall(model)
            parts.append(f"You said {seconds * 1e3:,.0f} ms for {model}: it took "
                         f"{took * 1e3:,.0f} ms.")  # fmt: skip
    return " ".join(parts)
