"""Tasks with known steps, and what asyncio did with them, as data for `loop.js`."""

from __future__ import annotations

from typing import Any

from ...experiment.loops.turns import Turns
from ...measure.fit import fit_data
from ...measure.trace import READY, RUNNING, WAITING
from ..theme import COLOURS
from ..words import listed

_COLOURS = ("bg", "fg", "mute", "grid", "edge", "band", "run", "ready", "wait")
_KINDS = {READY: "ready", RUNNING: "run", WAITING: "wait"}


def turns_data(turns: Turns) -> dict[str, Any]:
    """What `loop.js` plays; all times in ms, `rows` as [task, kind, begin, end].

    Those of `real` count from the moment at which the first task started.
    """
    trace = turns.run.detailed()
    first, last = min(trace.started), max(trace.ended)
    rows = [
        [task, _KINDS[state], round((begin - first) / 1e6, 3), round((end - first) / 1e6, 3)]
        for task, state, begin, end in trace.rows()
        if state in _KINDS
    ]
    return fit_data({
        "tasks": [{"name": name, "steps": list(steps)}
                  for name, steps in zip(turns.names, turns.plans, strict=True)],
        "real": {"rows": rows, "ms": round((last - first) / 1e6, 3)},
        "best_ms": turns.best_ms,
        "order_ms": turns.order_ms,
        "machine": turns.machine.sentence(),
        "colours": {name: COLOURS[name] for name in _COLOURS},
    })  # fmt: skip


def turns_text(data: dict[str, Any]) -> str:
    """The same for where no browser is."""
    ran = sorted((row for row in data["real"]["rows"] if row[1] == "run"), key=lambda row: row[2])
    order = [data["tasks"][row[0]]["name"] for row in ran]
    return (f"asyncio began with {listed(dict.fromkeys(order))}, and took "
            f"{data['real']['ms']:.0f} ms. The best order takes {data['best_ms']} ms.")  # fmt: skip
