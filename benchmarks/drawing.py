"""Rows on drawing: 5 and 5,000 tasks, beside one bar a task as one would draw it first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

from helpers import charts
from helpers.measure.run import Run
from helpers.worker.client import Worker
from helpers.workloads import work

from .rows import Row, in_pairs

REPEATS, SLOW_REPEATS = 7, 3


def drawing(worker: Worker) -> Iterator[Row]:
    """Real runs, drawn as the panel draws them; matplotlib is loaded already."""
    for tasks, target in ((5, 0.3), (5_000, 0.5)):
        worker.load(work.mixed(100, 0.05) if tasks > 60 else work.mixed(50, 5))
        runs = [worker.run(model, tasks, min(tasks, 500), detail=True, time_box=30)
                for model in ("asyncio", "threads")]  # fmt: skip
        charts.timeline_html(runs)
        bars_of(runs)
        ours, peer = [], []
        for number in range(REPEATS):
            ours.append(seconds(partial(charts.timeline_html, runs)))
            if tasks <= 60 or number < SLOW_REPEATS:
                peer.append(seconds(partial(bars_of, runs)))
        beside = f"one bar a task: {min(peer):.2f} to {max(peer):.2f} s"
        yield Row(f"timeline of {tasks:,} tasks in two models", ours, "s", target, beside)
        yield Row("the same, in pairs", in_pairs(ours[: len(peer)], peer), "×", None,
                  "one bar a task, no lanes, no words")  # fmt: skip


def seconds(draw: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    draw()
    return time.perf_counter() - begin


def bars_of(runs: list[Run]) -> bytes:
    """The peer: a bar for each task from its start to its end, one `barh` a task, as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3 * len(runs)))
    for axes, run in zip(figure.subplots(len(runs), squeeze=False)[:, 0], runs, strict=True):
        trace = run.detailed()
        for task, (begin, end) in enumerate(zip(trace.started, trace.ended, strict=True)):
            axes.barh(task, (end - begin) / 1e6, left=begin / 1e6)
    file = BytesIO()
    figure.savefig(file, format="svg" if runs[0].tasks <= 60 else "png")
    return file.getvalue()
