"""Every check of the labs against every right and wrong solution: who is judged how.

    python -m tests.harness.matrix --runs 200 --busy 2 [LAB ...]

runs each pair so often, with so many processes that keep cores busy, and prints each verdict
that is wrong. The solutions are in tests/labs/; what a wrong one is told must hold a word.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import multiprocessing
import os
import queue
import selectors
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from helpers.checks import RIGHT, WRONG
from helpers.checks.grade import grade
from helpers.checks.labs import NUMBERS
from helpers.notebook.labs import TIME_BOX_S
from helpers.worker.client import Worker
from helpers.worker.errors import RunError
from helpers.worker.sources import sources_of
from helpers.worker.travel import as_code


@dataclass(frozen=True)
class Case:
    """A solution of a step; `word` must be in what is observed, empty for a right solution."""

    lab: int
    step: int
    solution: tuple
    word: str = ""

    @property
    def name(self) -> str:
        """Lab, step and the solution's own name."""
        own = ", ".join(getattr(one, "__name__", repr(one)) for one in self.solution)
        return f"lab {self.lab}, step {self.step}, {own}"


def cases(lab: int) -> list[Case]:
    """All solutions of a lab. Raises ImportError where tests/labs/ has none."""
    module = importlib.import_module(f"tests.labs.lab{lab}")
    right = [Case(lab, step, one) for step, all_ in module.RIGHT.items() for one in all_]
    wrong = [Case(lab, step, *pair) for step, all_ in module.WRONG.items() for pair in all_]
    return right + wrong


def packed(case: Case) -> bytes:
    """A case's solution as it travels."""
    return as_code((case.solution, sources_of(case.solution)))


def complaint(case: Case, found: Mapping[str, str]) -> str:
    """What is wrong with the verdict `found` on a case; empty if it is the right one."""
    if found["status"] == (WRONG if case.word else RIGHT) and case.word in found["observed"]:
        return ""
    expected = f"wrong, with {case.word!r}" if case.word else "right"
    return f"{case.name}: expected {expected}; was {found['status']}: {found['observed']}"


def complaints(chosen: Sequence[Case], at_once: int) -> list[str]:
    """The wrong verdicts on all cases, each once, as a learner's check runs: in a worker.

    `at_once` of them at a time, since most of them wait.
    """
    workers: queue.Queue[Worker] = queue.Queue()
    for _ in range(at_once):
        workers.put(Worker())

    def one(case: Case) -> str:
        worker = workers.get()
        try:
            answer = worker.call(grade, case.lab, case.step, packed(case), time_box=TIME_BOX_S)
            return complaint(case, answer["value"])
        except RunError as error:  # the learner is told this sentence
            return complaint(case, {"status": WRONG, "observed": str(error)})
        finally:
            workers.put(worker)

    try:
        with ThreadPoolExecutor(at_once) as pool:
            return [text for text in pool.map(one, chosen) if text]
    finally:
        while not workers.empty():
            workers.get().close()


# --- many times: forks of this process, which start sooner than a worker's ----------------


def _fork(case: Case, code: bytes) -> tuple[int, int]:
    """Grade a case in a child; its process id, and where to read the finding."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            quiet = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(quiet, stream)
            os.write(there, json.dumps(grade(case.lab, case.step, code)).encode())
        finally:
            os._exit(0)
    os.close(there)
    return child, here


def _finding(child: int, here: int) -> dict[str, str]:
    """What a child has found; it and all that it started are gone afterwards."""
    text = os.read(here, 1 << 20)
    os.close(here)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(text) if text else {"status": WRONG, "observed": "the process ended"}


def forked(chosen: Iterable[Case], at_once: int) -> Iterator[str]:
    """As `complaints`, for any number of cases, from a process without threads."""
    codes: dict[Case, bytes] = {}
    waiting = selectors.DefaultSelector()
    due = iter(chosen)
    while True:
        for case in itertools.islice(due, at_once - len(waiting.get_map())):
            code = codes.setdefault(case, packed(case))
            child, here = _fork(case, code)
            waiting.register(here, selectors.EVENT_READ, (case, child, time.monotonic()))
        if not waiting.get_map():
            return
        ready = [key for key, _ in waiting.select(1.0)]
        late = [k for k in waiting.get_map().values() if time.monotonic() - k.data[2] > TIME_BOX_S]
        for key in {k.fd: k for k in (*ready, *late)}.values():
            case, child, _ = key.data
            if key not in ready:  # nothing to read: what hangs is killed first
                os.killpg(child, signal.SIGKILL)
            waiting.unregister(key.fd)
            if text := complaint(case, _finding(child, key.fd)):
                yield text


def _burn() -> None:
    while True:
        pass


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """So many processes that compute all the while."""
    burning = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(cores)]
    for process in burning:
        process.start()
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.join()


def main(argv: Sequence[str] | None = None) -> int:
    """The command; the number of wrong verdicts, at most 100, is its exit code."""
    parser = argparse.ArgumentParser(description="All checks against all solutions, many times.")
    parser.add_argument("labs", nargs="*", type=int, default=[], help="which labs, by number")
    parser.add_argument("--runs", type=int, default=1, help="how often each (default: 1)")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside it")
    parser.add_argument("--at-once", type=int, default=12, help="checks at a time (default: 12)")
    asked = parser.parse_args(argv)
    chosen: list[Any] = [one for lab in asked.labs or NUMBERS for one in cases(lab)]
    print(f"{len(chosen)} solutions, {asked.runs} times, {asked.busy} busy beside them", flush=True)
    total, wrong, began = asked.runs * len(chosen), 0, time.monotonic()

    def told() -> Iterator[Case]:
        for number, case in enumerate(itertools.chain.from_iterable([chosen] * asked.runs), 1):
            yield case
            if number % (10 * len(chosen)) == 0:
                print(f"{number:,} begun, {time.monotonic() - began:.0f} s", flush=True)

    with busy(asked.busy):
        for text in forked(told(), asked.at_once):
            wrong += 1
            print(text, flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{wrong} of {total:,} verdicts wrong")
    return min(wrong, 100)


if __name__ == "__main__":
    sys.exit(main())
