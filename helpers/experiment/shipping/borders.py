"""In a process of its own: every executor side by side, jobs handed to each in turn."""

from __future__ import annotations

import multiprocessing
import random
import time
import warnings
from collections.abc import Iterator
from concurrent import futures
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import Any

from ...models import interpreters
from ...models.processes import START_METHOD
from ...services.cluster import jobs
from ...services.cluster.local import hush
from .turns import own_processes, take_turns

THREADS, PROCESSES, INTERPRETERS, CLUSTER = "threads", "processes", "interpreters", "cluster"
LOOP = "plain loop"
#: A round hands over a payload so many times; what is kept is the median.
CALLS = {0: 9, 1_000: 7, 10_000: 7, 100_000: 5, 1_000_000: 3}
#: A batch of tasks of one size: about so many seconds of work, in so many tasks a worker at
#: least and so many in all at most.
WORK_S, LEAST_A_WORKER, MOST_TASKS = 0.06, 2, 40


@contextmanager
def executors(address: str | None, workers: int) -> Iterator[dict[str, Executor]]:
    """Every kind of executor this Python has, each with `workers` workers, started and warm.

    `address` is a scheduler's; without one there is no cluster.
    """
    with ExitStack() as stack:
        found: dict[str, Executor] = {}
        # The processes come first: there is but one thread yet, so a fork is safe.
        context = multiprocessing.get_context(START_METHOD)
        pool = stack.enter_context(ProcessPoolExecutor(workers, context))
        _warm(pool, workers)
        found[THREADS] = stack.enter_context(ThreadPoolExecutor(workers))
        found[PROCESSES] = pool
        if interpreters.available():
            pools: Any = futures  # which has this one only from 3.14 on
            made = pools.InterpreterPoolExecutor(workers)
            found[INTERPRETERS] = stack.enter_context(made)
        if address:
            from distributed import Client

            hush()
            warnings.filterwarnings("ignore", message="Sending large graph")
            client = stack.enter_context(Client(address, set_as_default=False, timeout=5))
            found[CLUSTER] = client.get_executor(pure=False)  # equal jobs are jobs
        for executor in found.values():
            _warm(executor, workers)
        yield found


def _warm(executor: Executor, workers: int) -> None:
    for _ in range(3):
        for future in [executor.submit(jobs.who, n) for n in range(2 * workers)]:
            future.result()


def payload_times(address: str | None, workers: int, sizes: list[int], rounds: int,
                  budget_s: float, others: list[int]) -> dict[str, Any]:  # fmt: skip
    """Seconds until a job that gets so many bytes has come back, by ``(executor, size)``.

    A job at a time: ``times`` holds one median a round. `others` are processes whose work
    is no foreign load.
    """
    payloads = {size: random.Random(size).randbytes(size) for size in sizes}

    def one(executor: Executor, size: int) -> float:
        payload, taken = payloads[size], []
        for _ in range(CALLS.get(size, 1)):
            began = time.perf_counter()
            arrived = executor.submit(jobs.size_of, payload).result()
            taken.append(time.perf_counter() - began)
            if arrived != size:
                raise RuntimeError(f"{arrived} bytes arrived of {size}")
        return median(taken)

    with executors(address, workers) as known:
        steps = {(name, size): partial(one, executor, size)
                 for size in sizes for name, executor in known.items()}  # fmt: skip
        for step in steps.values():
            step()
        times, foreign = take_turns(steps, rounds, budget_s=budget_s,
                                    own=lambda: own_processes(others))  # fmt: skip
    return {"times": times, "foreign": foreign, "executors": list(known)}


def task_times(address: str | None, workers: int, sizes: list[float], rounds: int,
               budget_s: float, others: list[int]) -> dict[str, Any]:  # fmt: skip
    """Seconds for a batch of tasks of each size, by ``(executor or LOOP, size)``.

    Sizes are milliseconds of Python code; ``tasks`` is how many a batch has. The loop does
    them one after the other, without any executor.
    """
    per_ms = _steps_a_ms()
    tasks = {size: min(MOST_TASKS, max(LEAST_A_WORKER * workers, round(WORK_S * 1e3 / size)))
             for size in sizes}  # fmt: skip

    def one(executor: Executor | None, size: float) -> float:
        steps, number = round(per_ms * size), tasks[size]
        began = time.perf_counter()
        if executor is None:
            found = [jobs.count(steps) for _ in range(number)]
        else:
            waiting = [executor.submit(jobs.count, steps) for _ in range(number)]
            found = [future.result() for future in waiting]
        taken = time.perf_counter() - began
        if len(set(found)) != 1:
            raise RuntimeError("equal tasks gave different results")
        return taken

    with executors(address, workers) as known:
        ways = {LOOP: None, **known}
        steps = {(name, size): partial(one, executor, size)
                 for size in sizes for name, executor in ways.items()}  # fmt: skip
        times, foreign = take_turns(steps, rounds, budget_s=budget_s,
                                    own=lambda: own_processes(others))  # fmt: skip
    return {"times": times, "foreign": foreign, "executors": list(known), "tasks": tasks}


def _steps_a_ms() -> float:
    """How many steps of `jobs.count` a millisecond holds here; best of five."""

    def seconds(steps: int) -> float:
        began = time.perf_counter()
        jobs.count(steps)
        return time.perf_counter() - began

    return 20_000 / (min(seconds(20_000) for _ in range(5)) * 1e3)
