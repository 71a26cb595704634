"""Kill a process of the worker at a random moment of a run, in every model, many times.

A command: ``python -m tests.harness.faults [--kills 20] [--seed 1]``. It prints a line for each
kill, with its moment, and what went wrong; it ends with 1 if anything did.

After each kill: the run comes to its end, with a result or with one sentence; the next run
works; no process, descriptor or thread is left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil

from helpers import models
from helpers.models.processes import adopt, call
from helpers.worker.client import Worker
from helpers.worker.errors import RunError
from helpers.workloads import work
from tests.harness.waiting import wait_until

#: Who is killed: the warm process, the one that holds the workload, the one of the run, and a
#: process that the run has started.
VICTIMS = ("zygote", "host", "run", "child")
TASKS, CAP, MS = 6, 2, 100
#: Seconds after which a run that has not ended hangs: no run here takes two.
HANGS_S = 12.0


def own_pool(one, numbers):
    """A learner's own model that starts processes."""
    with ProcessPoolExecutor(CAP, initializer=adopt, initargs=(one.remote,)) as pool:
        for record in pool.map(call, numbers):
            one.keep(record)


async def own_tasks(one, numbers):
    """A learner's own model that runs tasks on a loop."""
    await asyncio.gather(*map(one, numbers))


OWN = {"own function": own_pool, "own async function": own_tasks}
#: Every way to run tasks that there is here; processes of these models are children of the run.
MODELS = (*models.MODELS, *OWN)
WITH_CHILDREN = ("processes", "own function")


def cases() -> list[tuple[str, str]]:
    """All pairs of a model and a victim that it has."""
    return [
        (model, victim)
        for model in MODELS
        for victim in VICTIMS
        if victim != "child" or model in WITH_CHILDREN
    ]


def open_here(pid: int | str = "self") -> Counter[str]:
    """What each descriptor of a process stands for, counted; numbers of sockets left out."""
    found: Counter[str] = Counter()
    with contextlib.suppress(OSError):  # no such folder: it has ended, or this is not Linux
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found[re.sub(r":\[.*", "", str(link.readlink()))] += 1
    return found


class Left:
    """What this process has: descriptors, threads and descendants; `more` says what came."""

    def __init__(self) -> None:
        self._before, self._open = self._now(), open_here()

    @staticmethod
    def _now() -> dict[str, int]:
        me = psutil.Process()
        return {
            "descriptors": me.num_fds(),
            "threads": threading.active_count(),
            "processes": len(me.children(recursive=True)),
        }

    def more(self, patience: float = 5.0) -> list[str]:
        """What there is more than before, after `patience` seconds at the latest."""
        end = time.monotonic() + patience
        while True:
            now = self._now()
            found = [
                f"{now[what] - count} {what} more"
                for what, count in self._before.items()
                if now[what] > count
            ]
            if not found or time.monotonic() > end:
                came = open_here() - self._open if found else {}
                return found + [f"{count} × {name}" for name, count in came.items()]
            time.sleep(0.02)


def alive(pids: set[int]) -> set[int]:
    """Those of the processes that run."""
    found = set()
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.add(pid)
    return found


def kill_process(pid: int) -> None:
    """End a process as the system does where memory is short: its owner does not hear of it."""
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not alive({pid}))


class Outcome:
    """A run that was followed: `words` of its error, `run` if it gave a result."""

    def __init__(self) -> None:
        self.run, self.words, self.over = None, "", threading.Event()

    def of(self, work: Callable) -> None:
        """Call `work`, and keep what comes of it."""
        try:
            self.run = work()
        except RunError as error:
            self.words = str(error)
        except Exception as error:
            self.words = f"UNEXPECTED {type(error).__name__}: {error}"
        finally:
            self.over.set()


def descendants(pid: int) -> set[int]:
    """Ids of all processes below one."""
    with contextlib.suppress(psutil.Error):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def kill_in_run(
    worker: Worker, model: str, victim: str, wait_s: float, ms: float = MS
) -> tuple[str, list[str]]:
    """Kill `victim` so long after the start of a run in `model`: what was said, the problems.

    Each task waits `ms` milliseconds; with long ones the kill comes in the middle of the run,
    not before it has begun and not after its end.
    """
    worker.load(work.sleep(ms), OWN)
    outcome, problems = Outcome(), []
    boards, new_board = [], worker._new_board
    worker._new_board = lambda tasks: boards.append(new_board(tasks)) or boards[-1]
    thread = threading.Thread(target=outcome.of, args=(lambda: worker.run(model, TASKS, CAP),))
    zygote, host = worker.processes()
    thread.start()
    while worker._running is None and not outcome.over.is_set():
        time.sleep(0.001)
    run = worker._running
    del worker._new_board
    while ms > MS and not boards[0].begun() and not outcome.over.is_set():
        time.sleep(0.001)
    if victim == "child":
        while run and not descendants(run) and not outcome.over.is_set():
            time.sleep(0.001)
    time.sleep(wait_s)
    family = {run, *descendants(run)} if run else set()
    below = sorted(family - {run})
    pid = {"zygote": zygote, "host": host, "run": run, "child": below[0] if below else None}[victim]
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not outcome.over.wait(HANGS_S):
        problems.append("the run hangs")
        worker._channel.process.kill()
        outcome.over.wait(HANGS_S)
    thread.join(5)
    if not wait_until(lambda: not alive(family), 5.0):
        problems.append(f"left running: {len(alive(family))} processes of the run")
        for left in alive(family):
            os.kill(left, signal.SIGKILL)
    if outcome.words.startswith("UNEXPECTED"):
        problems.append(outcome.words)
    elif outcome.words and not outcome.words.endswith("."):
        problems.append(f"no sentence: {outcome.words}")
    # A kill takes a moment. Until then the next run would be the one that is hit.
    if pid is not None and not wait_until(lambda: not alive({pid}), 5.0):
        problems.append(f"the {victim} lives on")
    again = Outcome()
    if ms > MS:
        worker.load(work.sleep(1), OWN)
    again.of(lambda: worker.run(model, 2, 2))
    if again.run is None or again.run.failed:
        problems.append(f"the next run failed: {again.words or again.run.failures}")
    said = outcome.words
    if not said:
        lost = outcome.run.failures[0]["type"] if outcome.run.failures else ""
        said = f"a result, {outcome.run.failed} tasks failed {lost}".strip()
    return said, problems


def main() -> int:
    """Run all cases in turn until there were so many kills; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="for each victim of each model")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance, worker, wrong, words = random.Random(asked.seed), Worker(), 0, {}
    worker.load(work.sleep(1))
    kill_in_run(worker, "threads", "run", 0.0)
    left, began = Left(), time.monotonic()
    for model, victim in cases():
        for _ in range(asked.kills):
            # from the first moment to just after the end: three turns of two tasks take 0.3 s
            wait_s = chance.uniform(0.0, 0.7 if model == "sequential" else 0.4)
            said, problems = kill_in_run(worker, model, victim, wait_s)
            problems += left.more()
            words[said] = words.get(said, 0) + 1
            wrong += bool(problems)
            print(f"{model}, {victim} after {wait_s * 1e3:.0f} ms: {said} {problems or ''}",
                  flush=True)  # fmt: skip
    worker.close()
    print(f"\n{asked.kills * len(cases())} kills, seed {asked.seed}, "
          f"{time.monotonic() - began:.0f} s: {wrong} went wrong.")  # fmt: skip
    for said, count in sorted(words.items(), key=lambda item: -item[1]):
        print(f"{count:5} {said}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
