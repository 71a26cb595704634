"""A comparison in the Trace Event Format, which Perfetto and Chrome's tracing page open."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...experiment.comparison import Comparison
from ...experiment.request import BadRequest
from ...measure.run import Run
from ...measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, UNSEEN, WAITING
from ..noting import title_of
from .files import kept, write_whole

SUFFIX = ".trace.json.gz"
#: The format's own colours for what a thread does.
_COLOURS = {
    READY: "thread_state_runnable",
    RUNNING: "thread_state_running",
    COMPUTING_IN_C: "thread_state_iowait",
    WAITING: "thread_state_sleeping",
    UNSEEN: "generic_work",
}
_WORDS = {
    READY: "ready, waiting its turn",
    RUNNING: "running Python",
    COMPUTING_IN_C: "computing in C, GIL released",
    WAITING: "waiting",
    UNSEEN: "in progress",
}
#: The track of who held the loop, above the tasks.
_LOOP = 0


def write_trace_events(comparison: Comparison, name: Any, *, replace: bool = False) -> Path:
    """Write the recorded runs for https://ui.perfetto.dev; gives the path, ``.trace.json.gz``.

    Each model is a process there, each task a thread. Raises BadRequest as `write_run` does,
    and where no run was recorded.
    """
    if not any(run.trace for run in comparison.traced.values()):
        raise BadRequest("None of these runs was recorded, so there is no trace to write.")
    text = json.dumps(trace_events(comparison), separators=(",", ":"))
    return write_whole(kept(name, SUFFIX), gzip.compress(text.encode(), mtime=0), replace)


def trace_events(comparison: Comparison) -> dict[str, Any]:
    """The recorded runs as a trace: times in µs, as the format wants them."""
    events: list[dict[str, Any]] = []
    for number, (model, run) in enumerate(comparison.traced.items(), 1):
        if run.trace:
            events += _named(number, f"{model}: {title_of(comparison)}", run.tasks)
            events += _states(number, run)
            events += _in_flight(number, run)
    recorded = comparison.recorded or comparison.machine.when
    return {
        "displayTimeUnit": "ms",
        "otherData": {"machine": comparison.machine.sentence(), "recorded": recorded},
        "traceEvents": events,
    }


def _named(process: int, title: str, tasks: int) -> Iterator[dict[str, Any]]:
    base = {"ph": "M", "pid": process}
    yield {**base, "name": "process_name", "args": {"name": title}}
    yield {**base, "name": "process_sort_index", "args": {"sort_index": process}}
    tracks = [(_LOOP, "holds the loop"), *((n + 1, f"task {n}") for n in range(tasks))]
    for thread, name in tracks:
        yield {**base, "tid": thread, "name": "thread_name", "args": {"name": name}}
        yield {**base, "tid": thread, "name": "thread_sort_index", "args": {"sort_index": thread}}


def _states(process: int, run: Run) -> Iterator[dict[str, Any]]:
    for task, state, begin, end in run.detailed().rows():
        slice_ = {"ph": "X", "pid": process, "ts": begin / 1e3, "dur": (end - begin) / 1e3}
        if state == HELD:
            yield {**slice_, "tid": _LOOP, "name": f"task {task}", "cat": "loop"}
        else:
            yield {**slice_, "tid": task + 1, "name": _WORDS[state], "cat": "state",
                   "cname": _COLOURS[state]}  # fmt: skip


def _in_flight(process: int, run: Run) -> Iterator[dict[str, Any]]:
    """The number of tasks in flight, at each moment at which it changes."""
    trace, changes = run.detailed(), {0: 0}
    for begin, end in zip(trace.started, trace.ended, strict=True):
        if end > begin >= 0:
            changes[begin] = changes.get(begin, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    count = 0
    for moment in sorted(changes):
        count += changes[moment]
        yield {"ph": "C", "pid": process, "tid": _LOOP, "name": "tasks in flight",
               "ts": moment / 1e3, "args": {"tasks": count}}  # fmt: skip
