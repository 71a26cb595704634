"""Rows on drawing: 5 and 5,000 tasks."""

from __future__ import annotations

import time
from collections.abc import Iterator

from helpers import charts
from helpers.worker.client import Worker
from helpers.workloads import work

from .rows import Row


def drawing(worker: Worker) -> Iterator[Row]:
    """Real runs, drawn as the panel draws them; matplotlib is loaded already."""
    for tasks, target in ((5, 0.3), (5_000, 0.5)):
        worker.load(work.mixed(100, 0.05) if tasks > 60 else work.mixed(50, 5))
        runs = [worker.run(model, tasks, min(tasks, 500), detail=True, time_box=30)
                for model in ("asyncio", "threads")]  # fmt: skip
        charts.timeline_html(runs)
        seconds = []
        for _ in range(7):
            begin = time.perf_counter()
            charts.timeline_html(runs)
            seconds.append(time.perf_counter() - begin)
        yield Row(f"timeline of {tasks:,} tasks in two models", seconds, "s", target)
