"""Settles a question by running its code; and what that code shares.

Each runs in a Python of its own, so that nothing of it can leak. The helpers here see
structure: whether somebody else ran, not how long something took.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ..place import PROJECT
from .plan import Question

#: Nothing that settles a question takes nearly so long, on a busy machine either.
TIME_BOX_S = 100.0
_MARK = "settled:"
_TAIL = f"\nimport json as _json\nprint({_MARK!r} + _json.dumps(answer))\n"


class Unsettled(RuntimeError):
    """The code did not come to an answer; the message is what it printed last."""


def settled(question: Question, time_box: float = TIME_BOX_S) -> Any:
    """The answer that a question's code computes, in a fresh Python.

    An option's id or a number. Raises Unsettled if the code fails, takes over `time_box`
    seconds, or sets no ``answer``.
    """
    # -c, not a file: a process that it starts must not run it again
    command = [sys.executable, "-c", question.settle + _TAIL]
    try:
        done = subprocess.run(command, cwd=PROJECT, stdin=subprocess.DEVNULL, timeout=time_box,
                              capture_output=True, text=True, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unsettled(f"{question.id}: no answer after {time_box:g} s.") from None
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith(_MARK):
        raise Unsettled(f"{question.id}: no answer. {done.stderr.strip()[-2_000:]}")
    return json.loads(last.removeprefix(_MARK))


def agrees(question: Question, found: Any) -> bool:
    """Whether what the code found is the answer that is marked as right.

    A number must be the very number, to a thousandth, and not only within the tolerance
    for people.
    """
    if not question.numeric:
        return found == question.solution
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return math.isclose(found, question.number, rel_tol=1e-3)


def lets_go(step: Callable[[], Any], most: int = 20_000) -> bool:
    """Whether `step` lets go of the GIL: whether this thread runs while another repeats it.

    The other thread does so until it is seen, or `most` times. Nobody is made to hand the
    GIL over meanwhile, so only a step that lets go of it can be interrupted.
    """
    seen: list[Any] = []
    ended: list[Any] = []

    def repeat() -> None:
        for _ in range(most):
            step()
            if seen:
                break
        ended.append(True)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    try:
        thread = threading.Thread(target=repeat)
        thread.start()
        between = not ended
        seen.append(True)
        thread.join()
    finally:
        sys.setswitchinterval(before)
    return between


def cores_used(work: Callable[[], Any], threads: int = 2) -> float:
    """Cores used, CPU time by wall time, while so many threads call `work` at once.

    On a busy machine it is less than it might be, and never more.
    """
    meet = threading.Barrier(threads + 1)

    def one() -> None:
        meet.wait()
        work()

    crew = [threading.Thread(target=one) for _ in range(threads)]
    for thread in crew:
        thread.start()
    wall, cpu = time.perf_counter(), time.process_time()
    meet.wait()
    for thread in crew:
        thread.join()
    return (time.process_time() - cpu) / (time.perf_counter() - wall)
