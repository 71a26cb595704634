"""Runs the async and the threaded variant of the same work, and measures both.

Rooms, from the ground up; each imports only those before it::

    workloads   what one task does, blocking and async
    measure     who ran when, what it used, what the numbers say
    models      how N tasks are run
    services    local servers and data that tasks talk to
    worker      one run in a fresh process
    experiment  comparisons and sweeps
    advisor     which model for this function, with the evidence
    checks      what grades a lab
    course      what was predicted and measured, kept in one file
    charts      figure, sentence and table for each result
    widgets     the control panel
    notebook    what a learner types

In a notebook::

    from helpers import compare, work
    await compare(work.sleep(ms=100), tasks=20)
"""

import importlib
from typing import Any

_WHERE = {
    "work": "helpers.workloads",
    "compare": "helpers.notebook.experiments",
    "sweep": "helpers.notebook.experiments",
    "advise": "helpers.notebook.advice",
    "in_worker": "helpers.notebook.experiments",
    "machine": "helpers.notebook.experiments",
    "table": "helpers.notebook.experiments",
    "described": "helpers.charts.images",
    "panel": "helpers.widgets",
    "preset": "helpers.widgets.presets",
    "present": "helpers.widgets.present",
    "who_wins": "helpers.notebook.maps",
    "decision_guide": "helpers.notebook.maps",
    "connections": "helpers.notebook.serving",
    "hold": "helpers.notebook.serving",
    "limits": "helpers.notebook.serving",
    "rude": "helpers.notebook.serving",
    "connections_panel": "helpers.widgets.connections",
    "xray": "helpers.notebook.gil",
    "round_trips": "helpers.notebook.gil",
    "free_threaded": "helpers.notebook.gil",
    "amdahl": "helpers.notebook.gil",
    "stairs": "helpers.notebook.executors",
    "lanes": "helpers.notebook.executors",
    "Spans": "helpers.measure.spans",
    "heartbeat": "helpers.notebook.loops",
    "timings": "helpers.notebook.loops",
    "echo_partner": "helpers.services.partner",
    "survey": "helpers.notebook.experiments",
    "guesses": "helpers.widgets.guesses",
    "shared": "helpers.workloads.clients",
    "web_server": "helpers.services.web.server",
    "scratch_folder": "helpers.services.scratch",
    "database": "helpers.services.database.bakery",
    "cluster": "helpers.services.cluster.local",
    "mid_run": "helpers.services.cluster.midrun",
    "shipping": "helpers.notebook.clusters",
    "break_even": "helpers.notebook.clusters",
    "in_turn": "helpers.notebook.clusters",
    "worker_lanes": "helpers.notebook.clusters",
    "run_pipeline": "helpers.notebook.pipelines",
    "race_pools": "helpers.notebook.pipelines",
    "pipeline_panel": "helpers.widgets.pipeline",
    "note": "helpers.experiment.pipelines.record",
    "watch": "helpers.experiment.pipelines.record",
    "file_bars": "helpers.widgets.files",
    "predictions": "helpers.widgets.predictions",
    "surprises": "helpers.notebook.course",
    "report": "helpers.notebook.course",
    "restore": "helpers.notebook.course",
    "progress": "helpers.widgets.progress",
    "replay": "helpers.widgets.replay",
    "record": "helpers.notebook.recording",
    "be_the_loop": "helpers.notebook.loops",
    "load_run": "helpers.notebook.runs",
    "pool_runs": "helpers.notebook.runs",
    "lab": "helpers.notebook.labs",
    "quiz": "helpers.widgets.quiz",
}

__all__ = list(_WHERE)


def __getattr__(name: str) -> Any:
    # Late, so that a worker needs nothing but the standard library and a notebook's
    # import cell is done at once.
    if name not in _WHERE:
        raise AttributeError(f"module 'helpers' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
