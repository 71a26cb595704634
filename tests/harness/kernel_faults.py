"""Interrupt, restart and kill a kernel at random moments of a run, in every model.

A command: ``python -m tests.harness.kernel_faults [--each 2] [--seed 1]``. A line for each
fault, with its moment; 1 if anything went wrong.

After an interrupt and a restart the next run works at once. After an interrupt, and again after the
next run, the kernel and its processes have no more processes, threads, descriptors and files than
before. After the other faults no process that the kernel started runs (so none listens on a port,
and none holds a socket), and nothing is left in its folder for temporary files. Killed is the
kernel alone, as by a crash: its manager would signal the whole group, and so clear up what the
course has to.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import queue
import random
import re
import shutil
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from helpers import models
from tests.harness.faults import descendants, open_here
from tests.harness.labserver import REPO
from tests.harness.run_all import MARK, _marked, running_kernel

BEGIN = """
import asyncio
from concurrent.futures import ProcessPoolExecutor
from helpers import cluster, compare, shipping, work
from helpers.models.processes import adopt, call

def own_pool(one, numbers):
    with ProcessPoolExecutor(2, initializer=adopt, initargs=(one.remote,)) as pool:
        for record in pool.map(call, numbers):
            one.keep(record)

async def own_tasks(one, numbers):
    await asyncio.gather(*map(one, numbers))
"""
#: The names of all threads of the kernel.
THREADS = "[thread.name for thread in __import__('threading').enumerate()]"
#: A cell that runs for long, and one that is soon over, for each way to run tasks.
LONG = "await compare(work.sleep(900), 12, workers=2, models=[{}])"
SHORT = "(await compare(work.sleep(1), 2, models=[{}])).models"
#: A second of rounds on all executors, the cluster among them, and a batch that waits.
DASK = (
    "with cluster(scheduler='local') as dask:\n"
    "    list(dask.executor().map(__import__('time').sleep, [0.2] * 200))"
)
DASK_SHORT = (
    "with cluster(scheduler='local') as dask:\n"
    "    assert list(dask.executor().map(abs, [-1, -2])) == [1, 2]"
)


def cells() -> dict[str, tuple[str, str]]:
    """By model: a cell that goes on for seconds, and one that is to work afterwards."""
    names = {name: repr(name) for name in models.MODELS}
    names |= {"own function": "own_pool", "own async function": "own_tasks"}
    found = {name: (LONG.format(code), SHORT.format(code)) for name, code in names.items()}
    return {**found, "dask": (DASK, DASK_SHORT)}


class Kernel:
    """A kernel whose processes are known by a mark, with a folder for temporary files.

    `course` is the learner's folder.
    """

    def __init__(
        self, manager: object, client: object, mark: str, scratch: Path, course: Path
    ) -> None:
        self.manager, self.client, self.mark = manager, client, mark
        self.scratch, self.course = scratch, course

    def run(self, code: str, timeout: float = 40) -> str:
        """Run a cell: "ok", or the error's name and words."""
        return self.answer(self.client.execute(code), timeout)

    def answer(self, key: str, timeout: float = 40) -> str:
        """What a cell that was sent answers; "no answer" after `timeout` seconds."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                message = self.client.get_shell_msg(timeout=0.2)
                if message["parent_header"].get("msg_id") == key:
                    content = message["content"]
                    if content["status"] == "error":
                        return f"{content['ename']}: {content['evalue']}"
                    return content["status"]
        return "no answer"

    def begin(self, code: str, wait_s: float) -> str:
        """Send a cell, and come back so many seconds after the kernel began it; its key."""
        key = self.client.execute(code, stop_on_error=False)
        while True:
            message = self.client.get_iopub_msg(timeout=30)
            if (
                message["msg_type"] == "execute_input"
                and message["parent_header"].get("msg_id") == key
            ):
                time.sleep(wait_s)
                return key

    def restart(self) -> None:
        """Restart it, at once, as a page does; come back when it answers."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)

    def processes(self) -> set[int]:
        """Those that carry the mark, without the kernel itself."""
        return {process.pid for process in _marked(self.mark)} - {self.manager.provisioner.pid}

    def has(self) -> Counter[str]:
        """What there is now: threads of the kernel by name, descriptors by kind, processes, files.

        Descriptors are those of the kernel and of its processes. Numbers are left out of names.
        """
        asked = {"threads": THREADS}
        reply = self.client.execute("", silent=True, user_expressions=asked, reply=True, timeout=60)
        names = ast.literal_eval(
            reply["content"]["user_expressions"]["threads"]["data"]["text/plain"]
        )
        found = Counter(f"thread {re.sub('[0-9]+', '', name)}" for name in names)
        own = self.manager.provisioner.pid
        # those that have ended, and that nobody has waited for, have no mark any more
        processes = self.processes() | descendants(own)
        found["process"] = len(processes)
        for pid in (own, *processes):
            for kind, count in open_here(pid).items():
                found[f"descriptor {re.sub(r'^/.*#[0-9]+ ', 'file ', kind)}"] += count
        for folder in (self.scratch, self.course):
            found.update(f"file {path.relative_to(folder)}" for path in folder.rglob("*"))
        return found

    def more(self, before: Counter[str], patience: float = 6.0) -> list[str]:
        """What there is more than before, after `patience` seconds at the latest."""
        end = time.monotonic() + patience
        while (came := self.has() - before) and time.monotonic() < end:
            time.sleep(0.05)
        return [f"{count} × {what} more" for what, count in came.items()]

    def left(self, patience: float = 6.0) -> list[str]:
        """What is left of processes and files."""
        end = time.monotonic() + patience
        while True:
            processes = self.processes()
            files = [path.name for path in self.scratch.iterdir()]
            if not processes and not files:
                return []
            if time.monotonic() > end:
                named = []
                for pid in processes:
                    with contextlib.suppress(psutil.Error):
                        named.append(f"left: {' '.join(psutil.Process(pid).cmdline())[-90:]}")
                return named + [f"left: file {name}" for name in files]
            time.sleep(0.05)


@contextlib.contextmanager
def kernel(python: str, course: Path | None = None) -> Iterator[Kernel]:
    """A kernel that has imported what the cells need; `course` is the learner's folder."""
    scratch, mark = Path(tempfile.mkdtemp()), uuid.uuid4().hex
    own = Path(tempfile.mkdtemp())
    course = course or own
    env = {"TMPDIR": str(scratch), "COURSE_FOLDER": str(course), MARK: mark}
    try:
        with running_kernel(REPO, python, env) as (manager, client):
            one = Kernel(manager, client, mark, scratch, course)
            if one.run(BEGIN) != "ok":
                raise RuntimeError("the kernel can't import the course")
            yield one
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(own, ignore_errors=True)


def interrupt(one: Kernel, name: str, wait_s: float) -> list[str]:
    """Interrupt a run, and run again."""
    long, short = cells()[name]
    if one.run(short) != "ok":
        return ["the model does not run"]
    # What lasts from one run to the next is there now, and may be there afterwards: the worker's
    # two processes, their pipes and shared memory, the thread that reads what they say, and the
    # learner's diary. Each process that holds a workload follows another: they are counted.
    lasting = one.has()
    key = one.begin(long, wait_s)
    one.manager.interrupt_kernel()
    said = one.answer(key)
    problems = [] if said.startswith(("KeyboardInterrupt", "CancelledError")) else [said]
    problems += one.more(lasting)
    again = one.run(short)
    if again != "ok":
        problems.append(f"the next run: {again}")
    return problems + [f"after the next run {what}" for what in one.more(lasting)]


def restart(one: Kernel, name: str, wait_s: float) -> list[str]:
    """Restart the kernel in a run, and run again."""
    long, short = cells()[name]
    one.begin(long, wait_s)
    one.restart()
    problems = one.left()
    one.run(BEGIN)
    again = one.run(short)
    return problems + ([] if again == "ok" else [f"the next run: {again}"])


def kill(one: Kernel, name: str, wait_s: float) -> list[str]:
    """Kill the kernel alone in a run; it has to be started again."""
    long, short = cells()[name]
    one.begin(long, wait_s)
    psutil.Process(one.manager.provisioner.pid).kill()
    problems = one.left()
    one.restart()
    one.run(BEGIN)
    again = one.run(short)
    return problems + ([] if again == "ok" else [f"the next run: {again}"])


FAULTS = {"interrupt": interrupt, "restart": restart, "kill": kill}


def main() -> int:
    """All models and faults in turn; 1 if anything went wrong."""
    import sys

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=2, help="faults of each kind in each model")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance, wrong, number, began = random.Random(asked.seed), 0, 0, time.monotonic()
    with kernel(sys.executable) as one:
        for _ in range(asked.each):
            for name in cells():
                for fault, make in FAULTS.items():
                    wait_s = chance.uniform(0.0, 2.0)
                    problems = make(one, name, wait_s)
                    number, wrong = number + 1, wrong + bool(problems)
                    print(f"{name}, {fault} after {wait_s:.2f} s: {'; '.join(problems) or 'well'}",
                          flush=True)  # fmt: skip
    print(f"{number} faults, seed {asked.seed}, {time.monotonic() - began:.0f} s: "
          f"{wrong} went wrong.")  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
