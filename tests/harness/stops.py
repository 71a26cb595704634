"""Stop everything that can be stopped, at random moments, many times.

A command: ``python -m tests.harness.stops [--stops 200] [--seed 1] [--only PART]``. It takes what
has a Stop button, and what ends by the kernel's interrupt, and stops each so long after its start:
from "not begun" to "just done". A press is the panel's own `start` and `stop`; a cancel is what an
interrupt is in a cell, an exception in the awaited call.

It goes on until so many stops have hit work that was going on, as many in each part. A stop that
comes before anything has begun, or when all is done, is tried as well, and counted apart; an error
are so many of them that the hits do not come.

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
from collections import Counter
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
#: Seconds after a press in which a run may still come to its own end: that was in it already.
AT_ITS_END_S = 0.3
#: So many times as many tries as hits are asked for, and a few: more are an error.
TRIES, FEW_TRIES = 4, 20
#: What a stop met, and the two ways to stop.
HIT, EARLY, LATE = "hit", "too early", "too late"
PRESS, CANCEL = "press", "cancel"


def fetch() -> None:
    """What `advise` is asked about."""
    time.sleep(0.05)


def slow_start(jobs: list[Callable]) -> None:
    """A lab's first step, solved wrongly: what it starts takes a while."""
    for job in jobs:
        time.sleep(0.3)
        job()


def measures(experiment: object) -> bool:
    """Whether a panel's experiment holds a worker, or has a process of its own."""
    crew = getattr(experiment, "_crew", None)  # that of the connections
    return bool(getattr(experiment, "_held", None) or (crew and crew._members))


#: Stops something so many seconds after its start: what it met, and what went wrong.
Stop = Callable[[float], Awaitable[tuple[str, list[str]]]]


class Stops:
    """The things that are stopped, each by its name; made where a loop runs.

    `ways` says of each part whether it is a press or a cancel.
    """

    def __init__(self) -> None:
        self.parts: dict[str, Stop] = {}
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

        self.ways = {name: PRESS if name.startswith("panel") else CANCEL for name in self.parts}

    def _pressed(self, panel: object) -> Stop:
        async def stop(wait_s: float) -> tuple[str, list[str]]:
            panel.start()
            if wait_s:
                await asyncio.sleep(wait_s)
            experiment = panel._experiment
            met = LATE if experiment is None else HIT
            panel.stop()
            pressed = measured = time.monotonic()
            while not panel._idle.is_set():
                now = time.monotonic()
                if now > pressed + PATIENCE_S:
                    return met, ["it hangs"]
                if measures(experiment):
                    measured = now
                await asyncio.sleep(0.005)
            await asyncio.sleep(0)
            words = re.sub("<[^>]*>", "", panel.status.value).strip()
            if not words.startswith(("Stopped.", "Done.")):
                return met, [f"the status says: {words}"]
            problems = [] if panel.stop_button.disabled else ["Stop can still be pressed"]
            if words.startswith("Done."):
                if measured - pressed > AT_ITS_END_S:
                    problems.append(f"it measured for {measured - pressed:.1f} s after Stop")
                else:
                    met = LATE  # what it had measured was being drawn
            return met, problems

        return stop

    def _ended(self, make: Callable[[], Awaitable]) -> Stop:
        async def stop(wait_s: float) -> tuple[str, list[str]]:
            task = asyncio.ensure_future(make())
            if wait_s:
                await asyncio.sleep(wait_s)
            # without a turn of the loop nothing of it has run
            met = EARLY if not wait_s else LATE if task.done() else HIT
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
            if not done:
                return met, ["it hangs"]
            if not task.cancelled() and task.exception() is not None:
                return met, [f"it raised {type(task.exception()).__name__}: {task.exception()}"]
            went_on = met == HIT and not task.cancelled()
            return met, ["it went on to its end"] if went_on else []

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


def summary(seen: dict[str, Counter[str]], ways: dict[str, str]) -> list[str]:
    """A line for each part, for presses and cancels, and for all: what stops met."""
    rows = dict(seen)
    for way in (PRESS, CANCEL):
        of = [seen[name] for name in seen if ways[name] == way]
        rows[f"all {len(of)} parts stopped by a {way}"] = sum(of, Counter())
    rows["all"] = sum(seen.values(), Counter())
    width = max(len(name) for name in rows)
    kinds = (HIT, EARLY, LATE, "went wrong")
    return [
        f"{name:{width}}: {', '.join(f'{found[kind]} {kind}' for kind in kinds)}"
        for name, found in rows.items()
    ]


async def stop_all(stops: int, seed: int, only: str) -> int:
    """Stop until so many stops have hit; 1 if something was wrong, or too few have."""
    chance, all_parts = random.Random(seed), Stops()
    parts = {name: stop for name, stop in all_parts.parts.items() if only in name}
    wrong = 0
    for name, stop in parts.items():
        _, problems = await stop(1.0)
        wrong += bool(problems)
        print(f"first {name}: {problems or 'well'}", flush=True)
    shared_worker().load(work.sleep(1))  # as after each stop: with a workload
    gc.collect()
    await asyncio.sleep(0.5)
    before, began = Whole(), time.monotonic()
    print(f"before: {before._before}", flush=True)
    seen: dict[str, Counter[str]] = {name: Counter() for name in parts}
    tries = hits = 0
    while hits < stops and tries < TRIES * stops + FEW_TRIES:
        name = min(parts, key=lambda name: seen[name][HIT])  # the first of those that lack most
        # a sixth before it begins; more early moments than late ones
        wait_s = 0.0 if chance.random() < 1 / 6 else LATEST_S * chance.random() ** 2
        met, problems = await parts[name](wait_s)
        worker = shared_worker()
        try:
            worker.load(work.sleep(1))
            if worker.run("threads", 2, 2).failed:
                problems.append("the next run failed")
        except Exception as error:
            problems.append(f"the next run: {type(error).__name__}: {error}")
        gc.collect()
        problems += await before.more_of()
        seen[name].update([met, *["went wrong"] * bool(problems)])
        tries, hits, wrong = tries + 1, hits + (met == HIT), wrong + bool(problems)
        print(f"{tries} {name} after {wait_s:.3f} s, {met}: {'; '.join(problems) or 'well'}",
              flush=True)  # fmt: skip
    print(*summary(seen, all_parts.ways), sep="\n")
    print(f"{hits} of {tries} stops hit, seed {seed}, {time.monotonic() - began:.0f} s: "
          f"{wrong} went wrong.")  # fmt: skip
    print(f"before {before._before}, after {before._now()}")
    all_parts.cluster.close()
    if hits < stops:
        print(f"Too few: {stops} hits were asked for.")
    return 1 if wrong or hits < stops else 0


def main() -> int:
    """Read the command line; 1 if anything went wrong, or too few stops hit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stops", type=int, default=200, help="so many that hit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the name of what is stopped")
    asked = parser.parse_args()
    folder = tempfile.mkdtemp()
    Path(folder, "course").mkdir()  # the diary begins with the first result
    os.environ["TMPDIR"], os.environ["COURSE_FOLDER"] = folder, str(Path(folder, "course"))
    tempfile.tempdir = folder
    try:
        return asyncio.run(stop_all(asked.stops, asked.seed, asked.only))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
