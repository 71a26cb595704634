"""Rows on the measuring core: what a run costs beside the bare call, the worker, verdicts."""

from __future__ import annotations

import importlib.util
import json
import pickle
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

from helpers.experiment import Experiment, make_request
from helpers.measure.recorder import Board
from helpers.measure.run import Run
from helpers.measure.statistics import compare_times
from helpers.measure.trace import Trace
from helpers.measure.usage import Usage
from helpers.worker.client import Worker
from helpers.workloads import work

from .rows import Row, in_pairs

PAIRS = 9


def ratios(ours: Callable[[], float], peer: Callable[[], float], pairs: int = PAIRS) -> list[float]:
    """``ours / peer``, pair by pair, in alternating order."""
    found = []
    for number in range(pairs):
        if number % 2:
            b, a = peer(), ours()
        else:
            a, b = ours(), peer()
        found.append(a / b)
    return found


def runs(worker: Worker) -> Iterator[Row]:
    """The course's runs beside the bare call, same work, same quiet collector."""

    def call(name, *args):
        return worker.call(f"benchmarks.bare:{name}", *args)["value"]

    targets = {1_000: 1.05, 10_000: 1.15}
    for tasks in (10, 100, 1_000, 10_000):
        yield Row(
            f"asyncio run, {tasks:,} × 20 ms, start and end stamps",
            ratios(partial(call, "recorded", "asyncio", tasks, 20, tasks),
                   partial(call, "bare_gather", tasks, 20)),
            "×", targets.get(tasks), "bare asyncio.gather",
        )  # fmt: skip
    for tasks in (1_000, 10_000):
        yield Row(
            f"the same with tasks that do nothing, {tasks:,}: the worst case",
            ratios(partial(call, "recorded", "asyncio", tasks, 0, tasks),
                   partial(call, "bare_gather", tasks, 0)),
            "×", None, "bare asyncio.gather",
        )  # fmt: skip
    for tasks, workers, ms in ((10, 10, 20), (100, 100, 20), (1_000, 100, 5), (2_000, 100, 5),
                               (10_000, 100, 1)):  # fmt: skip
        yield Row(
            f"threaded run, {tasks:,} × {ms} ms on {workers} threads",
            ratios(partial(call, "recorded", "threads", tasks, ms, workers),
                   partial(call, "bare_pool", tasks, ms, workers)),
            "×", 1.02 if tasks == 2_000 else None, "bare ThreadPoolExecutor",
        )  # fmt: skip
    yield from traced(call)


def traced(call: Callable[..., float]) -> Iterator[Row]:
    """Every step of every task on record, beside the bare call and beside viztracer."""
    tasks, steps = 10_000, 5
    with_viztracer = importlib.util.find_spec("viztracer") is not None
    if not with_viztracer:
        print("(no row on viztracer: it is not installed; pip install viztracer)")
    bare, ours, peers = [], [], []
    for _ in range(PAIRS):
        bare.append(call("bare_gather", tasks, 0, steps))
        ours.append(call("recorded_steps", tasks, steps))
        if with_viztracer:
            peers.append(call("gather_in_viztracer", tasks, steps))
    name = f"{tasks:,} tasks × {steps + 1} steps"
    yield Row(f"every step traced, {name}", in_pairs(ours, bare), "×", 1.25, "bare asyncio.gather")
    extra = [(a - b) / (tasks * (steps + 1)) * 1e9 for a, b in zip(ours, bare, strict=True)]
    yield Row("one step traced", extra, "ns", 200, "the same")
    if with_viztracer:
        yield Row(f"every call traced by viztracer, {name}", in_pairs(peers, bare), "×", None,
                  "bare asyncio.gather")  # fmt: skip


def worker_start() -> Iterator[Row]:
    """What stands between the wish to measure and the measurement."""
    cold: list[float] = []
    warm: list[float] = []
    bare: list[float] = []
    warm_pairs: list[float] = []
    for _ in range(7):
        begin = time.perf_counter()
        worker = Worker()
        worker.start()
        cold.append((time.perf_counter() - begin) * 1e3)
        worker.load(work.sleep(0))
        for _ in range(5):
            begin = time.perf_counter()
            run = worker.run("sequential", 1, 1)
            warm.append((time.perf_counter() - begin - run.wall_s) * 1e3)
        worker.close()
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        bare.append((time.perf_counter() - begin) * 1e3)
        warm_pairs.append(median(warm[-5:]) / bare[-1])
    beside = f"python -c pass: {median(bare):.0f} ms"
    yield Row("one measurement there and back, warm worker", warm, "ms", 5, beside)
    yield Row("the same, in pairs", warm_pairs, "×", None, "python -c pass")
    yield Row("start of a worker, cold", cold, "ms", 100, beside)
    yield Row("the same, in pairs", in_pairs(cold, bare), "×", None, "python -c pass")


def way_back() -> Iterator[Row]:
    """100,000 events from the worker into the kernel."""
    events = 100_000
    trace = Trace(1, 1, cells=array("q", range(events * 4)))
    for name in ("submitted", "started", "ended", "lanes"):
        setattr(trace, name, array("q", [1]))
    run = Run("threads", 1, 1, 1.0, Usage(1.0, 0.0, 0.0), results=[None], trace=trace)
    ours: list[float] = []
    pickled: list[float] = []
    as_json: list[float] = []
    rows = [tuple(trace.cells[k : k + 4]) for k in range(0, events * 4, 4)]
    ways: list[tuple[list[float], Callable[[], Any], Callable[[Any], Any]]] = [
        (ours, run.pack, Run.unpack),
        (pickled, lambda: pickle.dumps(rows), pickle.loads),
        (as_json, lambda: json.dumps(rows), json.loads),
    ]
    for _ in range(PAIRS):
        for times, pack, unpack in ways:
            begin = time.perf_counter()
            unpack(pack())
            times.append((time.perf_counter() - begin) * 1e3)
    beside = f"pickle {median(pickled):.0f} ms, JSON {median(as_json):.0f} ms"
    yield Row("100,000 events packed and unpacked", ours, "ms", 20, beside)
    yield Row("the same, in pairs", in_pairs(ours, pickled), "×", None, "pickle")
    yield Row("the same, in pairs", in_pairs(ours, as_json), "×", None, "JSON")


def predictions(worker: Worker) -> Iterator[Row]:
    """How far the simple model is off, over workloads and models."""
    errors = []
    experiment = Experiment(worker)
    cases = [
        (work.sleep(50), 20, None), (work.sleep(20), 50, 10), (work.sleep(100), 200, None),
        (work.compute(40), 4, None), (work.mixed(50, 5), 10, None),
        (work.blocking_sleep(20), 10, None), (work.hashing(40), 4, None),
    ]  # fmt: skip
    for workload, tasks, workers in cases:
        names = ["asyncio", "threads"] + (["sequential"] if tasks <= 20 else [])
        result = experiment.run(make_request(workload, tasks, workers=workers, models=names),
                                rounds=5, budget_s=2.0)  # fmt: skip
        said = [(result.predicted(m), result.wall(m)) for m in result.models]
        errors += [abs(p / wall - 1) * 100 for p, wall in said if p is not None]
    yield Row("predicted against measured wall time, error", errors, "%", 5)


def verdicts(worker: Worker) -> Iterator[Row]:
    """How long a verdict takes, and how often equals are called different."""
    seconds = []
    experiment = Experiment(worker)
    for _ in range(3):
        request = make_request(work.sleep(50), 20)
        begin = time.perf_counter()
        experiment.run(request)
        seconds.append(time.perf_counter() - begin)
    yield Row("a comparison of 20 × 50 ms in three models", seconds, "s", 5)
    worker.load(work.compute(5))
    walls = [worker.run("threads", 4, 4).wall_s for _ in range(300)]
    rng, false, by_bootstrap = random.Random(1), [], []
    for _ in range(500):
        start = rng.randrange(len(walls) - 18)
        chunk = walls[start : start + 18]
        pairs = [(chunk[k], chunk[k + 1]) if k % 4 else (chunk[k + 1], chunk[k])
                 for k in range(0, 18, 2)]  # fmt: skip
        false.append(compare_times("a", "b", pairs).claim in ("faster", "slower"))
        by_bootstrap.append(bootstrap_differs(pairs))
    share = 100 * sum(by_bootstrap) / len(by_bootstrap)
    yield Row("verdicts that name a winner, A against A", [100 * sum(false) / len(false)], "%", 1,
              f"percentile bootstrap of the same pairs: {share:.1f} %")  # fmt: skip


def bootstrap_differs(pairs: list[tuple[float, float]], resamples: int = 2_000) -> bool:
    """Whether a percentile bootstrap calls the two different: its 95 % interval leaves 1 out.

    The peer of `compare_times`: what a person would write first (Efron 1979).
    """
    import numpy as np

    logs = np.log([b / a for a, b in pairs])
    drawn = np.random.default_rng(1).choice(logs, size=(resamples, len(logs)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return bool(low > 0 or high < 0)


def board_cost() -> Iterator[Row]:
    """One stamp into the board."""
    board, count, values = Board(1_000), 1_000, []
    now = time.perf_counter_ns
    for _ in range(PAIRS):
        begin = now()
        for number in range(count):
            board.started[number] = now()
        values.append((now() - begin) / count)
    yield Row("one stamp (loop and clock included)", values, "ns")
