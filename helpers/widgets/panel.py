"""The control panel: set an experiment, predict, run it, see what every task did."""

from __future__ import annotations

import asyncio
import html
import threading
import time
from typing import Any

import ipywidgets as w

from .. import charts
from ..experiment import BadRequest, Comparison, Experiment, Progress
from ..worker.errors import RunError, Stopped
from ..worker.registry import shared_worker
from .controls import Controls
from .kernel import MainLoop
from .presets import PRESETS, Preset

FASTEST_S = 0.2


class Panel:
    """Controls, Run / Stop / Reset, live progress, timeline and verdict.

    The experiment runs in the worker process, followed by a thread; every change of a
    widget is posted to the kernel's main loop. `result` is the last `Comparison`.
    """

    def __init__(self, preset: str | Preset = "20 waits") -> None:
        self._main = MainLoop()
        first = PRESETS[preset] if isinstance(preset, str) else preset
        self.controls = Controls(first)
        self.run_button = w.Button(description="Run", button_style="primary", tooltip="Run it")
        self.stop_button = w.Button(description="Stop", disabled=True, tooltip="End the run now")
        self.reset_button = w.Button(description="Reset", tooltip="Set everything back")
        self.progress = w.HTML(progress_bar(0.0))
        self.status = w.HTML(status_text("Make a prediction, then press Run."))
        self.verdict, self.figure = w.HTML(), w.HTML()
        for name in ("run", "stop", "reset"):
            getattr(self, f"{name}_button").add_class(f"cav-{name}")
        for name in ("progress", "status", "verdict"):
            getattr(self, name).add_class(f"cav-{name}")
        self.figure.add_class("cav-picture")
        self.run_button.on_click(lambda button: self.start())
        self.stop_button.on_click(lambda button: self.stop())
        self.reset_button.on_click(lambda button: self.reset())
        buttons = w.HBox([self.run_button, self.stop_button, self.reset_button, self.progress])
        self.box = w.VBox(
            [w.HTML(charts.STYLE), self.controls.box, buttons, self.status, self.verdict,
             self.figure]
        )
        self.box.add_class("cav-panel")
        self.result: Comparison | None = None
        self._experiment: Experiment | None = None
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()

    # --- what the buttons do; each may come on any thread ------------------------------

    def start(self) -> None:
        """Run what the controls say; does nothing while a run is under way."""
        with self._lock:
            if self._experiment is not None:
                return
            try:
                request, said = self.controls.request(), self.controls.said()
            except BadRequest as error:
                self._main.post(self._say, str(error), True)
                return
            except Exception as error:  # else it would vanish: callbacks are silent
                self._main.post(self._say, f"{type(error).__name__}: {error}", True)
                return
            self._experiment = experiment = Experiment(
                shared_worker(), self._tell, self._recorded
            )
            self._idle.clear()
        self._last_told = 0.0
        self._main.post(self._show_running, True)
        guess = self.controls.guess()
        threading.Thread(
            target=self._follow, args=(experiment, request, said, guess), name="panel", daemon=True
        ).start()

    def stop(self) -> None:
        """End the run now: its processes are killed before this returns."""
        experiment = self._experiment
        if experiment is not None:
            experiment.stop()

    def reset(self) -> None:
        """Stop, and set everything back."""
        self.stop()
        self._main.post(self._show_reset)

    async def run(self) -> Comparison | None:
        """Press Run and wait for the end; the comparison, None if it gave none."""
        self.result = None
        self.start()
        while not self._idle.is_set():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0)  # what was posted last is shown
        return self.result

    # --- the experiment's thread --------------------------------------------------------

    def _follow(self, experiment, request, said, guess) -> None:
        problem, details = "", ""
        try:
            result = experiment.run(request, said)
            fragment = charts.comparison_html(result)
            self._main.post(self._show_result, result, fragment, answer(result, guess))
        except Stopped:
            problem = "Stopped. Nothing is left running; press Run to start again."
        except RunError as error:
            problem, details = str(error), error.details
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        finally:
            with self._lock:
                self._experiment = None
            self._main.post(self._show_running, False, problem, details)
            self._main.post(self._idle.set)

    def _tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last_told >= FASTEST_S or progress.share == 1.0:
            self._last_told = now
            self._main.post(self._show_progress, progress)

    def _recorded(self, result: Comparison) -> None:
        """Every model has run once: the timeline can be looked at while repeats go on."""
        if result.failed() is None:
            fragment = charts.timeline_html(list(result.traced.values()), result.said)
            self._main.post(setattr, self.figure, "value", fragment)

    # --- the widgets, on the main loop only ----------------------------------------------

    def _say(self, words: str, bad: bool = False, details: str = "") -> None:
        self.status.value = status_text(words, bad, details)

    def _show_running(self, running: bool, problem: str = "", details: str = "") -> None:
        self.run_button.disabled, self.stop_button.disabled = running, not running
        if running:
            self.verdict.value = ""
            self._say("Starting.")
        else:
            self.progress.value = progress_bar(0.0)
            if problem:
                stopped = problem.startswith("Stopped.")
                self._say(problem, not stopped, details)

    def _show_progress(self, progress: Progress) -> None:
        self.progress.value = progress_bar(progress.share)
        self._say(progress.words.capitalize())

    def _show_result(self, result: Comparison, fragment: str, words: str) -> None:
        self.result = result
        self.figure.value = fragment
        self.verdict.value = status_text(words) if words else ""
        self._say("Done. Change one thing and run it again.")

    def _show_reset(self) -> None:
        self.controls.reset()
        self.verdict.value = self.figure.value = ""
        self.progress.value = progress_bar(0.0)
        self._say("Make a prediction, then press Run.")

    def _repr_mimebundle_(self, **options: Any) -> dict:
        return self.box._repr_mimebundle_(**options)


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


def status_text(words: str, bad: bool = False, details: str = "") -> str:
    """A line of HTML that screen readers announce; red if `bad`, `details` folded below.

    Its colours come from `charts.STYLE`, which the panel holds once.
    """
    role, kind = ("alert", ' class="cav-error"') if bad else ("status", "")
    folded = ""
    if details:
        folded = (f"<details><summary>Traceback</summary><pre>{html.escape(details)}</pre>"
                  f"</details>")  # fmt: skip
    return (f'<div class="cav-figure"><p role="{role}"{kind}>{html.escape(words)}</p>{folded}'
            f"</div>")  # fmt: skip


def progress_bar(share: float) -> str:
    """A labelled progress bar of HTML; ipywidgets' own has no name for screen readers."""
    return (f'<progress max="1" value="{share:.2f}" aria-label="Progress of the experiment" '
            f'style="width:14em;vertical-align:middle"></progress>')  # fmt: skip
