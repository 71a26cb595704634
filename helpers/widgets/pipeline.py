"""The panel of notebook 05: workers in each stage of a pipeline, and where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import ipywidgets as w

from ..charts.pipelines.shown import pipeline_html
from ..charts.table import table
from ..experiment import BadRequest
from ..experiment.pipelines.pipeline import PipelineExperiment
from ..experiment.pipelines.plan import (
    MOST_BOUND,
    MOST_PICTURES,
    MOST_WORKERS,
    PICTURES,
    POOLS,
    STAGES,
    Plan,
    check_pipeline,
    make_plan,
    name_of,
)
from ..experiment.pipelines.result import PipelineRun, percent
from ..experiment.request import whole
from ..measure.fit import fit
from ..worker.registry import shared_worker
from .controls import NO_GUESS
from .keys import WRAP, named_row
from .runner import Runner

WORKERS = {"download": 3, "process": 2, "write": 3}
BOUND = 4
SHOWN_RUNS = 8
_LABEL = {"description_width": "7em"}
_FIELD = {"style": _LABEL, "layout": {"width": "13em"}}
_MENU = {"style": _LABEL, "layout": {"width": "19em"}}


class PipelinePanel(Runner):
    """Workers in each stage, a button for every way to move one, Run / Stop / Reset.

    `result` is the last run, `runs` are all since the last reset. The processes of a run are
    killed, and what it wrote is removed, before `stop()` returns.
    """

    FIRST = "Say which stage will be the bottleneck, then press Run."
    DONE = "Done. Move one worker, and run it again."

    def __init__(self, pipeline: Callable, steps: Any) -> None:
        self._pipeline = check_pipeline(pipeline)
        self._steps = {name_of(step): step for step in _listed(steps)}
        for step in self._steps.values():
            make_plan(step)
        self.runs: list[PipelineRun] = []
        self.workers = {stage: w.IntText(value=count, description=stage, **_FIELD)
                        for stage, count in WORKERS.items()}  # fmt: skip
        self.moves = {
            (one, other): w.Button(description=f"{one} → {other}", layout={"width": "auto"},
                                   tooltip=f"Move one worker from {one} to {other}")
            for one, other in permutations(STAGES, 2)
        }  # fmt: skip
        self.step = w.Dropdown(options=[(fit(name), name) for name in self._steps],
                               description="Step", **_MENU)  # fmt: skip
        self.pool = w.Dropdown(options=list(POOLS), description="in", **_MENU)
        self.bound = w.IntText(value=BOUND, description="Queue bound", **_FIELD)
        self.pictures = w.IntText(value=PICTURES, description="Pictures", **_FIELD)
        self.said = w.Dropdown(options=[NO_GUESS, *STAGES], description="Bottleneck", **_MENU)
        named = {**self.workers, "step": self.step, "pool": self.pool, "bound": self.bound,
                 "pictures": self.pictures, "said": self.said}  # fmt: skip
        for name, widget in named.items():
            widget.add_class(f"cav-{name}")
        for (one, other), button in self.moves.items():
            button.add_class(f"cav-move-{one}-{other}")
            button.on_click(lambda _, one=one, other=other: self.move(one, other))
        row = lambda *parts: w.HBox(parts, layout=WRAP)  # noqa: E731
        super().__init__([
            named_row("Workers:", list(self.workers.values())),
            named_row("Move one:", list(self.moves.values())),
            row(self.step, self.pool),
            row(self.pictures, self.bound),
            self.said,
        ])  # fmt: skip

    def move(self, one: str, other: str) -> None:
        """Move one worker from a stage to another; what can't be is said in the status line."""
        self._main.post(self._moved, one, other)

    def _moved(self, one: str, other: str) -> None:
        if self.workers[one].value < 2:
            self._say(f"{one} needs one worker at least: move one from another stage.", True)
        elif self.workers[other].value >= MOST_WORKERS:
            self._say(f"{other} has {MOST_WORKERS} workers: that is the most.", True)
        else:
            self.workers[one].value -= 1
            self.workers[other].value += 1
            if self._experiment is None:
                self._say(f"One worker moved from {one} to {other}. Press Run.")

    def _asked(self) -> tuple[Plan, str]:
        counts = {stage: whole(field.value, f"{stage} workers", 1, MOST_WORKERS, "try ")
                  for stage, field in self.workers.items()}  # fmt: skip
        bound = whole(self.bound.value, "Queue bound", 0, MOST_BOUND, "try ")
        pictures = whole(self.pictures.value, "Pictures", 1, MOST_PICTURES, "try ")
        step = self._steps[self.step.value]
        plan = make_plan(step, self.pool.value, pictures=pictures, bound=bound, **counts)
        return plan, self.said.value

    def _experiment_for(self, asked: tuple) -> PipelineExperiment:
        return PipelineExperiment(shared_worker(), self._tell)

    def _measured(self, experiment: PipelineExperiment, asked: tuple) -> tuple:
        plan, said = asked
        run = experiment.run(self._pipeline, plan, name="panel")
        self.runs = [*self.runs, run][-SHOWN_RUNS:]
        return run, pipeline_html(run, history(self.runs)), answer(self.runs, said)

    def _controls_reset(self) -> None:
        for stage, field in self.workers.items():
            field.value = WORKERS[stage]
        self.bound.value, self.pictures.value = BOUND, PICTURES
        self.step.value, self.pool.value = next(iter(self._steps)), next(iter(POOLS))
        self.said.value, self.result, self.runs = NO_GUESS, None, []


def pipeline_panel(pipeline: Callable, steps: Any) -> PipelinePanel:
    """The panel for your `pipeline`, with one of the `steps` or several to choose from.

    Raises BadRequest for what `run_pipeline` would refuse.
    """
    return PipelinePanel(pipeline, steps)


def history(runs: Sequence[PipelineRun]) -> str:
    """A row a run, the last one first; empty for a single run."""
    if len(runs) < 2:
        return ""
    rows = []
    for number, run in reversed(list(enumerate(runs, 1))):
        busy = (f"{stage} {percent(run.shares(stage).busy)}" for stage in STAGES)
        rows.append([f"{number}", *(run.plan.workers[stage] for stage in STAGES),
                     f"{run.plan.step_name} in {run.plan.pool_name}", run.plan.bound or "none",
                     f"{run.wall_s:.2f}", f"{run.rate:.1f}", ", ".join(busy)])  # fmt: skip
    heads = ["run", *STAGES, "step", "bound", "seconds", "pictures/s", "busy"]
    return table("The runs so far, the last one first", heads, rows)


def answer(runs: Sequence[PipelineRun], said: str) -> str:
    """The prediction beside the measurement, and this run beside the one before."""
    run, parts = runs[-1], []
    if said in STAGES:
        found = run.bottleneck
        was = "it was" if found == said else f"it was {found}" if found else "no stage was, alone"
        parts.append(f"You said {said} would be the bottleneck: {was}.")
    if len(runs) > 1 and runs[-2].plan.pictures == run.plan.pictures:
        before = runs[-2]
        parts.append(f"Before ({before.plan}): {before.wall_s:.2f} s. Now ({run.plan}): "
                     f"{run.wall_s:.2f} s. One run each: run it again before you rely on a small "
                     f"difference.")  # fmt: skip
    return " ".join(parts)


def _listed(steps: Any) -> list[Callable]:
    found = [steps] if callable(steps) else list(steps)
    if not found:
        raise BadRequest("steps is empty: write steps=[soften].")
    return found
