"""A comparison's recorded runs as data for a browser: numbers in bytes, words and colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...course.noting import title_of
from ...experiment.request import BadRequest
from ...measure.run import Run
from ...measure.trace import COMPUTING_IN_C, READY, RUNNING, UNSEEN, WAITING
from .. import words
from ..facts import Facts
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
        "label": words.recorded(comparison) if comparison.recorded else "",
        "machine": comparison.machine.sentence(),
        "tick_ns": tick,
        "span": span // tick,
        "colours": {name: COLOURS[name] for name in _COLOURS},
        "states": [_state(state) for state in ORDER],
        "kitchens": kitchens,
    }
    return data, b"".join(column.astype(CELL).tobytes() for column in columns)


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
    strip = facts.of(*facts.holding)[:, (0, 2, 3)]
    strip = strip[np.argsort(strip[:, 1], kind="stable")].copy()
    strip[:, 1:] //= tick
    gil = comparison.machine.gil is not False
    holds = "holds the loop" if facts.looped else "holds the GIL" if gil else "runs Python"
    return {
        "model": run.model,
        "tasks": facts.tasks,
        "wall": facts.wall // tick,
        "strip_words": holds if facts.looped or facts.threaded else "running",
        "reading": f"{run.model}: {words.reading(facts)}.",
        "alt": words.timeline_alt([facts], {}),
        "sums_ns": {str(state): facts.sums[state] for state in ORDER if facts.sums[state]},
        "peak": facts.peak,
        "cells": _put(columns, rows),
        "strip": _put(columns, strip),
        "flight": _put(columns, _flight(facts, tick)),
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


