"""Rows on the workloads: what one task of each costs, and what stands before it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from helpers.worker.client import Worker
from helpers.workloads import Workload, work
from helpers.workloads.catalog import ENTRIES

from .rows import Row, in_pairs

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


class _Forgetful(Worker):
    """A worker that keeps no library from one workload to the next, as it was once."""

    def load(self, workload: Workload, own_models: dict[str, Callable] | None = None) -> None:
        super().load(work.sleep(0))
        super().load(workload, own_models)


def surveys(worker: Worker) -> Iterator[Row]:
    """What a survey's workloads wait for before their first round, and the whole of it.

    Its peer is the same in a worker that keeps no library: each survey and each load in turn.
    """
    from helpers.experiment.surveys.survey import RowExperiment, run_survey

    forgetful = _Forgetful()
    loads: dict[Worker, list[float]] = {worker: [], forgetful: []}
    whole: dict[Worker, list[float]] = {worker: [], forgetful: []}
    rounds: dict[Worker, list[int]] = {worker: [], forgetful: []}
    try:
        for number in range(SURVEYS):
            for one in (worker, forgetful)[:: -1 if number % 2 else 1]:
                one.load(work.sleep(0))
                begin = time.perf_counter()
                for name in LEARNING:
                    one.load(getattr(work, name)(ms=MS))
                loads[one].append(time.perf_counter() - begin)
                one.load(work.sleep(0))
                begin = time.perf_counter()
                found = run_survey(
                    RowExperiment(one), [getattr(work, name)(ms=MS) for name in LEARNING]
                )
                whole[one].append(time.perf_counter() - begin)
                rounds[one] += [len(row.comparison.repeats["threads"])
                                for row in found.rows.values() if row.comparison]  # fmt: skip
    finally:
        forgetful.close()
    for name, values in (("four workloads of scikit-learn, loaded", loads),
                         ("a survey of them", whole)):  # fmt: skip
        mine, peers = values[worker], values[forgetful]
        beside = f"a worker that keeps no library: {min(peers):.1f} to {max(peers):.1f} s"
        yield Row(name, mine, "s", None, beside)
        yield Row("the same, in pairs", in_pairs(mine, peers), "×", None,
                  "a worker that keeps no library")  # fmt: skip
    fewest = f"in a worker that keeps no library: {sorted(rounds[forgetful])}"
    yield Row("rounds of a row", [float(n) for n in rounds[worker]], "", None, fewest)


def _import_ms(names: str) -> float:
    code = f"import time; t = time.perf_counter(); import {names}; print(time.perf_counter() - t)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(out.stdout) * 1e3
