"""Stop everything that can be stopped, at random moments, many times.

A command: ``python -m tests.harness.stops [--stops 200] [--seed 1] [--only PART]``. It takes what
has a Stop button, and what ends by the kernel's interrupt, in turn, and stops each so long after
its start: from "not begun" to "just done". Buttons are the panels' own `start` and `stop`; an
interrupt is what it is in a cell, an exception in the awaited call.

After each stop: the status says stopped or done; a run in the same worker works at once; there are
no more processes, threads, tasks of the loop, descriptors or files than before.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
from matplotlib import font_manager

from helpers import advise, cluster, compare, lab, shipping, survey, sweep, who_wins, work
from helpers.widgets import Panel
from helpers.widgets.connections import ConnectionsPanel
from helpers.widgets.pipeline import PipelinePanel
from helpers.worker.registry import shared_worker
from tests.harness.faults import OWN, Left
from tests.harness.sample_pipeline import pipeline, turn

#: Seconds until all is over after a Stop; a lab's thread may wait longest.
PATIENCE_S = 6.0
#: The latest moment, in seconds: some experiments take half a minute.
LATEST_S = 4.0


def fetch() -> None:
    """What `advise` is asked about."""
    time.sleep(0.05)


def slow_start(jobs: list[Callable]) -> None:
    """A lab's first step, solved wrongly: what it starts takes a while."""
    for job in jobs:
        time.sleep(0.3)
        job()


class Stops:
    """The things that are stopped, each by its name; made where a loop runs."""

    def __init__(self) -> None:
        self.parts: dict[str, Callable[[float], Awaitable[list[str]]]] = {}
        self.took: dict[str, float] = {}
        for model in ("sequential", "asyncio", "threads", "asyncio+threads", "processes"):
            panel = Panel("20 waits")
            panel.controls.tasks.value, panel.controls.size.value = 6, 50.0
            for name, box in panel.controls.models.items():
                box.value = name == model
            self.parts[f"panel, {model}"] = self._pressed(panel)
        for name, how in OWN.items():
            self.parts[f"compare, {name}"] = self._ended(
                lambda how=how: compare(work.sleep(50), 6, models=[how])
            )
        connections = ConnectionsPanel()
        connections.count.value = 20
        self.parts["panel of connections"] = self._pressed(connections)
        self.parts["panel of the pipeline"] = self._pressed(PipelinePanel(pipeline, [turn]))
        self.parts["survey"] = self._ended(lambda: survey([work.sleep(20), work.compute(20)]))
        self.parts["sweep"] = self._ended(lambda: sweep(work.sleep(10), [2, 4]))
        self.parts["who_wins"] = self._ended(lambda: who_wins(budget_s=4))
        self.parts["advise"] = self._ended(lambda: advise(fetch))
        self.parts["a lab's check"] = self._ended(lambda: lab(1).check(1, slow_start))
        self.cluster = cluster(scheduler="local")
        self.parts["cluster"] = self._ended(lambda: shipping(self.cluster, sizes=[1_000]))

    def _pressed(self, panel: object) -> Callable[[float], Awaitable[list[str]]]:
        async def stop(wait_s: float) -> list[str]:
            panel.start()
            if wait_s:
                await asyncio.sleep(wait_s)
            panel.stop()
            end = time.monotonic() + PATIENCE_S
            while not panel._idle.is_set():
                if time.monotonic() > end:
                    return ["it hangs"]
                await asyncio.sleep(0.005)
            await asyncio.sleep(0)
            words = re.sub("<[^>]*>", "", panel.status.value).strip()
            if not words.startswith(("Stopped.", "Done.")):
                return [f"the status says: {words}"]
            return [] if panel.stop_button.disabled else ["Stop can still be pressed"]

        return stop

    def _ended(self, make: Callable[[], Awaitable]) -> Callable[[float], Awaitable[list[str]]]:
        async def stop(wait_s: float) -> list[str]:
            task = asyncio.ensure_future(make())
            if wait_s:
                await asyncio.sleep(wait_s)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
            if not done:
                return ["it hangs"]
            if not task.cancelled() and task.exception() is not None:
                return [f"it raised {type(task.exception()).__name__}: {task.exception()}"]
            return []

        return stop


class Whole(Left):
    """As `Left`, with tasks of the loop, listening sockets and the entries of TMPDIR."""

    @staticmethod
    def _now() -> dict[str, int]:
        # Matplotlib keeps the files of 64 fonts open, each for the one thread that drew with it:
        # four descriptors for each thread of a panel, until an older one makes room. What else
        # stays open is counted once they are closed.
        font_manager._get_font.cache_clear()
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        sockets = 0
        for process in family:
            try:
                found = process.net_connections("tcp")
            except psutil.Error:
                continue
            sockets += sum(one.status == psutil.CONN_LISTEN for one in found)
        # what a task of the cluster's own does comes and goes: the loop's own tasks only
        return {
            **Left._now(),
            "listening sockets": sockets,
            "tasks": len(asyncio.all_tasks()),
            "files": len(list(Path(tempfile.gettempdir()).iterdir())),
        }

    async def more_of(self, patience: float = PATIENCE_S) -> list[str]:
        """As `more`, with turns for the loop."""
        end = time.monotonic() + patience
        while (found := self.more(0)) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        return found


async def stop_all(stops: int, seed: int, only: str) -> int:
    """Stop so many times; how often something was wrong."""
    chance, all_parts, wrong = random.Random(seed), Stops(), 0
    parts = {name: stop for name, stop in all_parts.parts.items() if only in name}
    for name, stop in parts.items():
        print(f"first {name}: {await stop(1.0) or 'well'}", flush=True)
    shared_worker().load(work.sleep(1))  # as after each stop: with a workload
    gc.collect()
    await asyncio.sleep(0.5)
    before, began = Whole(), time.monotonic()
    print(f"before: {before._before}", flush=True)
    names = list(parts)
    for number in range(stops):
        name = names[number % len(names)]
        # a sixth before it begins; more early moments than late ones
        wait_s = 0.0 if chance.random() < 1 / 6 else LATEST_S * chance.random() ** 2
        problems = await parts[name](wait_s)
        worker = shared_worker()
        try:
            worker.load(work.sleep(1))
            if worker.run("threads", 2, 2).failed:
                problems.append("the next run failed")
        except Exception as error:
            problems.append(f"the next run: {type(error).__name__}: {error}")
        gc.collect()
        problems += await before.more_of()
        wrong += bool(problems)
        print(f"{number + 1} {name} after {wait_s:.3f} s: {'; '.join(problems) or 'well'}",
              flush=True)  # fmt: skip
    print(f"{stops} stops, seed {seed}, {time.monotonic() - began:.0f} s: {wrong} went wrong.")
    print(f"before {before._before}, after {before._now()}")
    all_parts.cluster.close()
    return wrong


def main() -> int:
    """Read the command line; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the name of what is stopped")
    asked = parser.parse_args()
    folder = tempfile.mkdtemp()
    Path(folder, "course").mkdir()  # the diary begins with the first result
    os.environ["TMPDIR"], os.environ["COURSE_FOLDER"] = folder, str(Path(folder, "course"))
    tempfile.tempdir = folder
    try:
        return 1 if asyncio.run(stop_all(asked.stops, asked.seed, asked.only)) else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
