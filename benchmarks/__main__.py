"""``python -m benchmarks [PART ...]``: print every figure with its spread and its target."""

from __future__ import annotations

import os
import platform
import sys
import time

from helpers.worker.client import Worker

from . import advice, core, drawing, load, memory, notebooks, panel, workloads
from .rows import HEAD

PARTS = {
    "runs": lambda worker: core.runs(worker),
    "stamp": lambda worker: core.board_cost(),
    "worker": lambda worker: core.worker_start(),
    "events": lambda worker: core.way_back(),
    "predictions": lambda worker: core.predictions(worker),
    "verdicts": lambda worker: core.verdicts(worker),
    "drawing": lambda worker: drawing.drawing(worker),
    "panel": lambda worker: panel.panel(),
    "workloads": lambda worker: workloads.workloads(worker),
    "load": lambda worker: load.load(),
    "advice": lambda worker: advice.advice(worker),
    "notebooks": lambda worker: notebooks.notebooks(),
    "memory": lambda worker: memory.memory(),
}


def main(names: list[str]) -> int:
    """Run the named parts (all by default); exit code 2 for an unknown name."""
    unknown = set(names) - PARTS.keys()
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; choose among {', '.join(PARTS)}")
        return 2
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
          f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M')}, "
          f"load {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    print(HEAD, flush=True)
    worker = Worker()
    try:
        for name in names or PARTS:
            for row in PARTS[name](worker):
                print(row.line(), flush=True)
    finally:
        worker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
