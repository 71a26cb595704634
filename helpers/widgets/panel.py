"""The control panel: set an experiment, predict, run it, see what every task did."""

from __future__ import annotations

import threading

from .. import charts
from ..course.noting import note_comparison
from ..course.runs import read_run
from ..experiment import BadRequest, Comparison, Experiment
from ..worker.registry import shared_worker
from .controls import Controls
from .presets import PRESETS, Preset
from .room import Room
from .runner import Runner


class Panel(Runner):
    """Controls, Run / Stop / Reset, live progress, timeline and verdict.

    The experiment runs in the worker process. `result` is the last `Comparison`. `room` is
    what a panel in front of a room has besides, None in any other.
    """

    FIRST = "Make a prediction, then press Run."
    DONE = "Done. Change one thing and run it again."

    def __init__(self, preset: str | Preset = "20 waits", *, room: bool = False) -> None:
        first = PRESETS[preset] if isinstance(preset, str) else preset
        self.controls, self.room = Controls(first), None
        parts = [self.controls.box]
        if room:
            self.room = Room(lambda *call: self._main.post(*call), lambda: self.result,
                             self.show_recorded)  # fmt: skip
            self.controls.preset.observe(self._offer, "value")
            self.controls.prediction.layout.display = "none"  # the room's is hidden, this is not
            parts.append(self.room.box)
        super().__init__(parts)
        if room:
            self._offer()

    async def run(self) -> Comparison | None:
        """Press Run and wait for the end; the comparison, None if it gave none."""
        self.result = None
        return await super().run()

    def show_recorded(self) -> None:
        """Show the saved run of the preset, labelled as recorded; ends a run under way."""
        self.stop()
        threading.Thread(target=self._load, args=(self.controls.chosen.recorded,), name="recorded",
                         daemon=True).start()  # fmt: skip

    def _load(self, name: str) -> None:
        self._idle.wait()  # what was stopped says so first
        try:
            if not name:
                raise BadRequest("This preset has no recorded run: give preset(...) the path of "
                                 "one, recorded=.")  # fmt: skip
            result = read_run(name)
            self._main.post(self._show_result, result, charts.comparison_html(result), "")
        except BadRequest as error:
            self._main.post(self._say, str(error), True)
        except Exception as error:  # else it would vanish in this thread
            self._main.post(self._say, f"{type(error).__name__}: {error}", True)

    def _show_result(self, result: Comparison, fragment: str, words: str) -> None:
        super()._show_result(result, fragment, words)
        if result.recorded:
            self._say("This is a recorded run: its times are another moment's, or another "
                      "machine's.")  # fmt: skip
        if self.room:
            self.room.update()

    def _offer(self, change: object = None) -> None:
        if (room := self.room) is not None:
            self._main.post(lambda: room.offer_recorded(bool(self.controls.chosen.recorded)))

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
        if self.room:
            self.result = None
            self.room.reset()


def panel(preset: str | Preset = "20 waits", *, room: bool = False) -> Panel:
    """The control panel, set to a `preset` by name. Raises KeyError for an unknown name.

    `room` adds what an instructor needs: predictions that stay hidden until Reveal, the
    preset's recorded run, and F8 for Reset while the panel has the focus.
    """
    return Panel(preset, room=room)


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
