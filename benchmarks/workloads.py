"""Rows on the workloads: what one task of each costs, and what stands before it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from helpers.worker.client import Worker
from helpers.workloads import work
from helpers.workloads.catalog import ENTRIES

from .rows import Row

MS = 50
STANDARD = ("compute", "hashing", "hashing_small", "compression")
LIBRARIES = ("PIL.Image", "numpy", "pandas", "sklearn.cluster, sklearn.linear_model")
REPEATS = 5
LEARNING = ("fit_pinned", "cross_validation_pinned", "fit", "cross_validation")
SURVEYS = 3


def workloads(worker: Worker) -> Iterator[Row]:
    """CPU time of one task that is to take 50 ms, and how long its loading took."""
    for name in (*STANDARD, *ENTRIES):
        begin = time.perf_counter()
        workload = getattr(work, name)(ms=MS)
        worker.load(workload)
        loaded = (time.perf_counter() - begin) * 1e3
        runs = [worker.run("sequential", 1, 1) for _ in range(REPEATS)]
        yield Row(f"{name}, one task of {MS} ms, CPU time", [run.usage.cpu_s * 1e3 for run in runs],
                  "ms", None, f"loaded and calibrated in {loaded:,.0f} ms")  # fmt: skip
    for names in LIBRARIES:
        yield Row(f"import {names}", [_import_ms(names) for _ in range(3)], "ms", None,
                  "in a fresh interpreter")  # fmt: skip


def surveys(worker: Worker) -> Iterator[Row]:
    """What a survey's workloads wait for before their first round, and the whole of it.

    The peer of a load is the same one in a worker that keeps no library.
    """
    from helpers.experiment.surveys.survey import RowExperiment, run_survey

    kept: list[float] = []
    alone: list[float] = []
    whole, rounds = [], []
    for _ in range(SURVEYS):
        begin = time.perf_counter()
        found = run_survey(RowExperiment(worker), [getattr(work, name)(ms=MS) for name in LEARNING])
        whole.append(time.perf_counter() - begin)
        rounds += [len(row.comparison.repeats["threads"]) for row in found.rows.values()
                   if row.comparison]  # fmt: skip
        for values, forget in ((kept, False), (alone, True)):
            worker.load(work.sleep(0))
            begin = time.perf_counter()
            for name in LEARNING:
                if forget:
                    worker.load(work.sleep(0))
                worker.load(getattr(work, name)(ms=MS))
            values.append(time.perf_counter() - begin)
    beside = f"each by itself: {min(alone):.1f} to {max(alone):.1f} s"
    yield Row("four workloads of scikit-learn, loaded", kept, "s", None, beside)
    yield Row("the same, in pairs", [a / b for a, b in zip(kept, alone, strict=True)], "×")
    yield Row("a survey of them", whole, "s", None, f"{min(rounds)} to {max(rounds)} rounds each")


def _import_ms(names: str) -> float:
    code = f"import time; t = time.perf_counter(); import {names}; print(time.perf_counter() - t)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(out.stdout) * 1e3
