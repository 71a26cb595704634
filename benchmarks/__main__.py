"""``python -m benchmarks [--record] [PART ...]``: every figure with its spread and its target.

With ``--record`` the parts that were measured take their places in ``record.md``.
"""

from __future__ import annotations

import os
import sys

from helpers.worker.client import Worker

from . import (
    advice,
    core,
    drawing,
    limits,
    load,
    memory,
    notebooks,
    panel,
    record,
    replay,
    whole,
    workloads,
)  # fmt: skip
from .rows import HEAD

PARTS = {
    "runs": lambda worker: core.runs(worker),
    "stamp": lambda worker: core.board_cost(),
    "worker": lambda worker: core.worker_start(),
    "limits": lambda worker: limits.limits(worker),
    "events": lambda worker: core.way_back(),
    "predictions": lambda worker: core.predictions(worker),
    "verdicts": lambda worker: core.verdicts(worker),
    "drawing": lambda worker: drawing.drawing(worker),
    "panel": lambda worker: panel.panel(),
    "replay": lambda worker: replay.replay(),
    "workloads": lambda worker: workloads.workloads(worker),
    "surveys": lambda worker: workloads.surveys(worker),
    "load": lambda worker: load.load(),
    "advice": lambda worker: advice.advice(worker),
    "lab": lambda worker: whole.lab(),
    "notebooks": lambda worker: notebooks.notebooks(),
    "memory": lambda worker: memory.memory(),
    "suite": lambda worker: whole.suite(),
}


def main(arguments: list[str]) -> int:
    """Measure the named parts (all by default); exit code 2 for an unknown name."""
    names = [name for name in arguments if name != "--record"]
    unknown = set(names) - PARTS.keys()
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; choose among {', '.join(PARTS)}")
        return 2
    # Where it is set, as in images of containers, every process would compile the course anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    worker = Worker()
    try:
        for name in names or PARTS:
            where, rows = record.machine(), []
            print(f"\n## {name}\n\n{where}\n\n{HEAD}", flush=True)
            for row in PARTS[name](worker):
                rows.append(row)
                print(row.line(), flush=True)
            if "--record" in arguments and rows:
                record.keep(name, where, rows, list(PARTS))
    finally:
        worker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
