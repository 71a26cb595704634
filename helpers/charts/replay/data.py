"""A comparison's recorded runs as data for a browser: numbers in bytes, words and colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...course.noting import title_of
from ...experiment.request import BadRequest
from ...measure.fit import fit_data
from ...measure.run import Run
from ...measure.trace import COMPUTING_IN_C, READY, RUNNING, UNSEEN, WAITING
from .. import words
from ..facts import Facts, levels
from ..theme import COLOURS, LEGEND, STATES

#: What JavaScript reads quickest; a run of over 2 s has ticks of more than a nanosecond.
CELL = np.dtype("<i4")
#: States in the order in which they are painted: what is brief comes last.
ORDER = (WAITING, UNSEEN, READY, COMPUTING_IN_C, RUNNING)
_COLOURS = ("bg", "fg", "mute", "grid", "edge", "band", "ready")


def replay_data(comparison) -> tuple[dict[str, Any], bytes]:
    """What `replay.js` plays: a description, and the numbers it points into.

    The numbers are 32-bit, little-endian, in ticks of ``tick_ns`` nanoseconds. Of each run
    (a "kitchen"): ``cells``, rows of (task, state, begin, end); ``strip``, rows of (task,
    begin, end) of who held the loop or ran; ``flight``, pairs of (moment, tasks in flight).
    Each is given as (where it begins, how many numbers). Raises BadRequest where no run was
    recorded.
    """
    runs = [run for run in comparison.traced.values() if run.trace is not None]
    if not runs:
        raise BadRequest("None of these runs was recorded, so there is nothing to replay.")
    span = max(max(1, run.trace.wall_ns) for run in runs)
    tick = -(-2 * span // (2**31 - 1))  # what ended a little after the run's end fits, too
    columns: list[np.ndarray] = []
    kitchens = [_kitchen(run, tick, columns, comparison) for run in runs]
    data = {
        "title": title_of(comparison),
        "label": _label(comparison),
        "machine": comparison.machine.sentence(),
        "tick_ns": tick,
        "span": span // tick,
        **palette(),
        "kitchens": kitchens,
    }
    return fit_data(data), b"".join(column.astype(CELL).tobytes() for column in columns)


def palette() -> dict[str, Any]:
    """The colours of a replay, and its states with their words, in the order of painting."""
    colours = {name: COLOURS[name] for name in _COLOURS}
    return {"colours": colours, "states": [_state(state) for state in ORDER]}


def _label(comparison) -> str:
    """What a reader must know first: that it is an old run, or one that tracing slowed down."""
    if comparison.recorded:
        return words.recorded(comparison)
    return getattr(comparison, "warning", "")


def _state(state: int) -> dict[str, Any]:
    fill, hatch, hatch_colour, edge = STATES[state]
    return {
        "id": state,
        "words": LEGEND[state],
        "fill": COLOURS[fill],
        # "slashes" or "bars" or "": the second cue beside the colour
        "hatch": "" if not hatch else "bars" if hatch[0] == "|" else "slashes",
        "hatch_colour": COLOURS[hatch_colour] if hatch_colour else None,
        "edge": COLOURS[edge] if edge else None,
    }


def _kitchen(run: Run, tick: int, columns: list[np.ndarray], comparison) -> dict[str, Any]:
    facts = Facts(run)
    rows = facts.rows[np.isin(facts.rows[:, 1], ORDER)].copy()
    rows[:, 2:] //= tick
    most = facts.at_once(*facts.holding)
    strip = _strip(facts, most)
    strip[:, 1:] //= tick
    gil = comparison.machine.gil is not False
    told = {
        "strip_words": words.strip_label(facts, gil),
        "strip_most": most,
        **_code(run, tick, columns, comparison),
    }
    return {
        "model": run.model,
        "tasks": facts.tasks,
        "wall": facts.wall // tick,
        "reading": f"{run.model}: {words.reading(facts)}.",
        "alt": words.timeline_alt([facts], {}),
        "sums_ns": {str(state): facts.sums[state] for state in ORDER if facts.sums[state]},
        "peak": facts.peak,
        "cells": _put(columns, rows),
        "strip": _put(columns, strip),
        "flight": _put(columns, _flight(facts, tick)),
        **told,
    }


def _strip(facts: Facts, most: int) -> np.ndarray:
    """Rows (task, begin, end) of who had it; where several did at once, (how many, begin, end)."""
    if most > 1:
        rows = facts.of(*facts.holding)
        moments, height = levels(rows[:, 2], rows[:, 3])
        busy = height[:-1] > 0
        return np.column_stack((height[:-1], moments[:-1], moments[1:]))[busy]
    rows = facts.of(*facts.holding)[:, (0, 2, 3)]
    return rows[np.argsort(rows[:, 1], kind="stable")].copy()


def _code(run: Run, tick: int, columns: list[np.ndarray], comparison) -> dict[str, Any]:
    """The source of what the tasks ran and where they stood, for a run recorded line by line.

    ``lines`` are rows (task, moment, index into ``code``), in order of time for each task;
    ``ends`` is when each task ended.
    """
    sources = getattr(comparison, "sources", None)
    if not sources or not len(run.lines):
        return {}
    rows = np.frombuffer(run.lines, np.int64).reshape(-1, 4)  # task, moment, form, line
    code: list[str] = []
    at = np.zeros(len(rows), np.int64)
    for form in np.unique(rows[:, 2]):
        source = sources[int(form)]
        own = rows[:, 2] == form
        code += [""] * bool(code)
        at[own] = len(code) + rows[own, 3] - source.first
        code += source.lines
    shown = np.column_stack((rows[:, 0], rows[:, 1] // tick, at))
    trace = run.detailed()
    ends = np.array(trace.ended)
    return {
        "code": code,
        "lines": _put(columns, shown),
        "ends": (np.where(ends < 0, trace.wall_ns, ends) // tick).tolist(),
    }


def _put(columns: list[np.ndarray], numbers: np.ndarray) -> tuple[int, int]:
    flat = np.ascontiguousarray(numbers).reshape(-1)
    start = sum(len(one) for one in columns)
    columns.append(flat)
    return start, len(flat)


def _flight(facts: Facts, tick: int) -> np.ndarray:
    """Rows (moment, tasks in flight from then on, tasks that have ended)."""
    begin, end = np.array(facts.trace.started), np.array(facts.trace.ended)
    begun = begin >= 0
    ended = (end >= 0) & begun
    # As everywhere: a task that was not seen to end is in flight to the end.
    moments = np.concatenate((begin[begun], end[ended]))
    steps = np.concatenate((np.ones(begun.sum(), int), -np.ones(ended.sum(), int)))
    order = np.lexsort((steps, moments))
    moments, steps = moments[order], steps[order]
    rows = np.column_stack((moments // tick, np.cumsum(steps), np.cumsum(steps < 0)))
    return np.vstack((np.zeros((1, 3), int), rows)) if len(rows) else np.zeros((1, 3), int)
