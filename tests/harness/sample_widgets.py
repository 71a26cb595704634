"""What a learner presses, made by hand as `sample_results` makes results; nothing is run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from helpers.charts.fragments import _page
from helpers.experiment.serving.connections import Connections
from helpers.widgets.connections import ConnectionsPanel, merged
from helpers.widgets.connections import answer as answer_on_connections
from helpers.widgets.files import FileBars
from helpers.widgets.guesses import Guesses
from helpers.widgets.loop import LoopGame
from helpers.widgets.panel import Panel, answer
from helpers.widgets.pipeline import PipelinePanel, history
from helpers.widgets.pipeline import answer as answer_on_pipelines
from helpers.widgets.predictions import Predictions
from helpers.widgets.presets import PRESETS, preset
from helpers.widgets.progress import Progress
from helpers.widgets.replay import Replay
from helpers.widgets.room import Room
from helpers.widgets.runner import Runner
from helpers.workloads import work
from tests.harness import sample_results as samples


def on_a_loop(make: Callable[[str], Any]) -> Callable[[str], Any]:
    """A panel is made where a loop runs, as in a cell; what it posts there is shown."""

    def made(text: str) -> Any:
        async def cell() -> Any:
            found = make(text)
            await asyncio.sleep(0)
            return found

        return asyncio.run(cell())

    return made


def _with(one: Runner, result: Any, fragment: str, verdict: str, text: str) -> Runner:
    """A panel that shows a result, and then something that went wrong.

    The pictures of results are displays of their own: what a panel adds to them is enough here.
    """
    one._show_result(result, fragment, verdict)
    one._say(text, True, text)
    return one


def a_panel(text: str) -> Panel:
    """With a preset of a name of its own."""
    result = samples.a_comparison(text)
    result.said, result.recorded = {text: 0.1}, text
    own = preset(text[:60], models=["threads"])
    try:
        made = Panel(own)
    finally:
        del PRESETS[own.title]
    return _with(made, result, "", answer(result, text), text)


def a_room(text: str) -> Room:
    """A prediction that a room can't make. What it makes is read by model: nothing else is kept."""
    made = Room(lambda function, *args: function(*args), lambda: None, lambda: None)
    made._show(text)
    return made


def a_panel_of_connections(text: str) -> ConnectionsPanel:
    result = samples.connections(text)
    both = merged(result, Connections(1.0, [], [text], printed={"threads": text}))
    made = ConnectionsPanel()
    made._starting((10, {}, [text], text))
    return _with(made, both, "", answer_on_connections(both, "asyncio"), text)


async def _pipeline(plan): ...


def a_panel_of_a_pipeline(text: str) -> PipelinePanel:
    one = samples.a_pipeline(text)
    made, runs = PipelinePanel(_pipeline, [one.plan.step]), [one, one]
    return _with(made, one, _page(history(runs)), answer_on_pipelines(runs, "write"), text)


def guesses(text: str) -> Guesses:
    return Guesses([replace(work.compute(ms=1, steps=1), name=text, title=text)])


def predictions(text: str) -> Predictions:
    """A field that can't take what was typed says so."""
    made = Predictions()
    made.fields["Overhead"].value = text
    return made


def a_restored_file(text: str) -> Progress:
    """What the page says below the overview; the overview is a display of its own."""
    made = Progress()
    made._told(text, True)
    return made


def bars_of_files(text: str) -> FileBars:
    made = FileBars({text: 5})
    made.add(text, 5)
    return made


#: What each is called in a report of failures.
WIDGETS: dict[str, Callable[[str], Any]] = {
    "a panel": on_a_loop(a_panel),
    "what a room can't say": a_room,
    "a panel of connections": on_a_loop(a_panel_of_connections),
    "a panel of a pipeline": on_a_loop(a_panel_of_a_pipeline),
    "guesses": guesses,
    "predictions": predictions,
    "a restored file": a_restored_file,
    "bars of files": bars_of_files,
    "a replay": lambda text: Replay(samples.a_recording(text)),
    "a loop to be": lambda text: LoopGame(samples.turns_of_a_loop(text)),
}
