"""What every panel shares: Run / Stop / Reset, live progress, a status line, the picture."""

from __future__ import annotations

import asyncio
import html
import threading
import time
from collections.abc import Sequence
from typing import Any

import ipywidgets as w

from .. import charts
from ..experiment import BadRequest, Progress
from ..experiment.outside import outside
from ..measure.fit import fit
from ..measure.shortage import shortage
from ..worker.errors import RunError, Stopped
from .kernel import MainLoop
from .keys import control_box
from .live import FASTEST_S, progress_bar


class Runner:
    """Runs an experiment in a thread, and posts every change of a widget to the main loop.

    `controls` are what stands above the buttons. A panel says what is asked for
    (`_asked`), makes the experiment (`_experiment_for`), measures (`_measured`), and sets
    its controls back (`_controls_reset`). `result` is the last result.
    """

    #: What the status line says at first, and when a result is shown.
    FIRST = "Press Run."
    DONE = "Done."

    def __init__(self, controls: Sequence[w.Widget]) -> None:
        self._main = MainLoop()
        self.run_button = w.Button(description="Run", button_style="primary", tooltip="Run it")
        self.stop_button = w.Button(description="Stop", disabled=True, tooltip="End the run now")
        self.reset_button = w.Button(description="Reset", tooltip="Set everything back")
        self.progress = w.HTML(progress_bar(0.0))
        self.status = w.HTML(status_text(self.FIRST))
        self.verdict, self.figure = w.HTML(), w.HTML()
        named = {"run": self.run_button, "stop": self.stop_button, "reset": self.reset_button,
                 "progress": self.progress, "status": self.status, "verdict": self.verdict,
                 "picture": self.figure}  # fmt: skip
        for name, widget in named.items():
            widget.add_class(f"cav-{name}")
        # After all that was posted before: what a reset sets is what runs.
        self.run_button.on_click(lambda button: self._main.post(self.start))
        self.stop_button.on_click(lambda button: self.stop())
        self.reset_button.on_click(lambda button: self.reset())
        buttons = w.HBox([self.run_button, self.stop_button, self.reset_button, self.progress])
        self.box = control_box([w.HTML(charts.STYLE), *controls, buttons, self.status, self.verdict,
                                self.figure])  # fmt: skip
        self.box.add_class("cav-panel")
        self.result: Any = None
        self._experiment: Any = None
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._last_told = 0.0

    # --- what a panel says -------------------------------------------------------------

    def _asked(self) -> Any:
        """What the controls ask for, read when Run is pressed. Raises BadRequest."""
        raise NotImplementedError

    def _experiment_for(self, asked: Any) -> Any:
        """The experiment, which has `stop()`; its progress goes to `self._tell`."""
        raise NotImplementedError

    def _measured(self, experiment: Any, asked: Any) -> tuple[Any, str, str]:
        """The result, its HTML, and what the learner's prediction was worth. In a thread."""
        raise NotImplementedError

    def _controls_reset(self) -> None:
        """Set the controls back; on the main loop."""
        raise NotImplementedError

    def _starting(self, asked: Any) -> None:
        """What else to show when a run begins; on the main loop."""

    # --- what the buttons do; each may come on any thread ------------------------------

    def start(self) -> None:
        """Run what the controls say; does nothing while a run is under way."""
        with self._lock:
            if self._experiment is not None:
                return
            try:
                asked = self._asked()
            except BadRequest as error:
                self._main.post(self._say, str(error), True)
                return
            except Exception as error:  # else it would vanish: callbacks are silent
                self._main.post(self._say, f"{type(error).__name__}: {error}", True)
                return
            self._experiment = experiment = self._experiment_for(asked)
            self._idle.clear()
        self._last_told = 0.0
        self._main.post(self._show_running, asked)
        try:
            threading.Thread(target=self._follow, args=(experiment, asked), name="panel",
                             daemon=True).start()  # fmt: skip
        except RuntimeError as error:
            self._ended(_cause(error, starting=True))

    def stop(self) -> None:
        """End the run now: its processes are killed before this returns."""
        experiment = self._experiment
        if experiment is not None:
            experiment.stop()

    def reset(self) -> None:
        """Stop, and set everything back."""
        self.stop()
        self._main.post(self._show_reset)

    async def run(self) -> Any:
        """Press Run and wait for the end; the result, None if there is none."""
        self.start()
        while not self._idle.is_set():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0)  # what was posted last is shown
        return self.result

    # --- the experiment's thread --------------------------------------------------------

    def _follow(self, experiment: Any, asked: Any) -> None:
        problem, details = "", ""
        try:
            result, fragment, words = self._measured(experiment, asked)
            self._main.post(self._show_result, result, fragment, words)
        except Stopped:
            problem = "Stopped. Nothing is left running; press Run to start again."
        except RunError as error:
            problem, details = said_of(error), error.details
        except Exception as error:
            problem = _cause(error)
        finally:
            self._ended(problem, details)

    def _ended(self, problem: str, details: str = "") -> None:
        with self._lock:
            self._experiment = None
        self._main.post(self._show_idle, problem, details)
        self._main.post(self._idle.set)

    def _tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last_told >= FASTEST_S or progress.share == 1.0:
            self._last_told = now
            self._main.post(self._show_progress, progress)

    # --- the widgets, on the main loop only ----------------------------------------------

    def _say(self, words: str, bad: bool = False, details: str = "") -> None:
        self.status.value = status_text(words, bad, details)

    def _show_running(self, asked: Any) -> None:
        self.run_button.disabled, self.stop_button.disabled = True, False
        self.verdict.value = ""
        self._starting(asked)
        self._say("Starting.")

    def _show_idle(self, problem: str, details: str) -> None:
        self.run_button.disabled, self.stop_button.disabled = False, True
        self.progress.value = progress_bar(0.0)
        if problem:
            self._say(problem, not problem.startswith("Stopped."), details)

    def _show_progress(self, progress: Progress) -> None:
        self.progress.value = progress_bar(progress.share)
        words = progress.words[:1].upper() + progress.words[1:]
        self.status.value = status_text(words, quiet=True)  # the bar says it

    def _show_result(self, result: Any, fragment: str, words: str) -> None:
        self.result, self.figure.value = result, fragment
        self.verdict.value = status_text(words) if words else ""
        self._say(self.DONE)

    def _show_reset(self) -> None:
        self.stop()  # also what has begun since, by a press before the one of Reset
        self._controls_reset()
        self.verdict.value = self.figure.value = ""
        self.progress.value = progress_bar(0.0)
        self._say(self.FIRST)

    def _repr_mimebundle_(self, **options: Any) -> dict:
        return self.box._repr_mimebundle_(**options)


def said_of(error: RunError) -> str:
    """What to say of a run without a result; where a task failed, also what it went without."""
    said, lines = str(error), error.details.strip().splitlines()
    reason = outside(lines[-1]) if lines else ""
    if not reason:
        return said
    return f"{said if said.endswith(('.', '?')) else f'{said}.'} {reason}"


def _cause(error: Exception, starting: bool = False) -> str:
    return shortage(error, starting) or f"{type(error).__name__}: {error}"


def status_text(words: str, bad: bool = False, details: str = "", quiet: bool = False) -> str:
    """A line of HTML that screen readers announce; red if `bad`, `details` folded below.

    One that changes several times a second is `quiet`: read, but not announced. Its colours
    come from `charts.STYLE`, which the panel holds once.
    """
    kind = ' role="alert" class="cav-error"' if bad else "" if quiet else ' role="status"'
    folded = ""
    if details:
        folded = (f"<details><summary>Traceback</summary><pre>{html.escape(fit(details))}</pre>"
                  f"</details>")  # fmt: skip
    return (f'<div class="cav-figure"><p{kind}>{html.escape(fit(words))}</p>{folded}'
            f"</div>")  # fmt: skip
