"""The peers: what a person would write without the course. Called in the worker."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from helpers.measure.recorder import Board
from helpers.worker.job import execute, quiet_gc
from helpers.workloads import work


def bare_gather(tasks: int, ms: float, steps: int = 0) -> float:
    """Seconds of `asyncio.gather` over `tasks` coroutines that sleep, or take `steps`."""

    async def one():
        if steps:
            for _ in range(steps):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(ms / 1000)

    async def main(count):
        await asyncio.gather(*(one() for _ in range(count)))

    asyncio.run(main(2))
    with quiet_gc():
        begin = perf_counter()
        asyncio.run(main(tasks))
        return perf_counter() - begin


def gather_in_viztracer(tasks: int, steps: int) -> float:
    """Seconds of `bare_gather` while viztracer records every call; nothing is written."""
    from viztracer import VizTracer

    tracer = VizTracer(tracer_entries=200 * tasks, verbose=0)
    tracer.start()
    try:
        return bare_gather(tasks, 0, steps)
    finally:
        tracer.stop()
        tracer.clear()


def bare_pool(tasks: int, ms: float, workers: int) -> float:
    """Seconds of a `ThreadPoolExecutor` over `tasks` sleeps."""

    def main(count):
        with ThreadPoolExecutor(workers) as pool:
            for future in [pool.submit(time.sleep, ms / 1000) for _ in range(count)]:
                future.result()

    main(2)
    with quiet_gc():
        begin = perf_counter()
        main(tasks)
        return perf_counter() - begin


def recorded(model: str, tasks: int, ms: float, workers: int, detail: bool = False) -> float:
    """Seconds of the course's run of the same."""
    request = {"model": model, "tasks": tasks, "cap": workers, "detail": detail}
    return execute(work.sleep(ms), request, bytearray(Board.size(tasks))).wall_s


def recorded_steps(tasks: int, steps: int) -> float:
    """Seconds of a run of `tasks` tasks of `steps` steps, every step traced."""
    from helpers.measure.recorder import Recorder
    from helpers.measure.steps import watch_steps
    from helpers.models import event_loop

    async def task(number):
        for _ in range(steps):
            await asyncio.sleep(0)

    event_loop.run(Recorder(2).coroutine(task), range(2), 2)
    with quiet_gc():
        recorder = Recorder(tasks, detail=True)
        one = recorder.coroutine(task)
        with watch_steps():
            begin = perf_counter()
            event_loop.run(one, recorder.numbers, tasks)
            return perf_counter() - begin
