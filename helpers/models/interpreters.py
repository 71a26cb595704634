"""A pool of subinterpreters: one process, a GIL for each; Python 3.14 or newer."""

from __future__ import annotations

import sys
from concurrent import futures
from typing import Any

FORM = "remote"
NEEDS = (3, 14)


def available() -> bool:
    """Whether this Python has a pool of interpreters."""
    return sys.version_info >= NEEDS and hasattr(futures, "InterpreterPoolExecutor")


def missing() -> str:
    """Why there is none, in a sentence."""
    have, need = (".".join(map(str, v)) for v in (sys.version_info[:2], NEEDS))
    return f"Subinterpreters in a pool need Python {need} or newer; this is {have}."


def run(one, numbers, cap):
    """Submit every task to a pool of `cap` interpreters, and keep what each one recorded.

    `one` is sent to each interpreter once. What fails there, such as the import of a
    library that supports one interpreter only, is noted as the task's failure.
    """
    pools: Any = futures  # which has this one only from 3.14 on
    with pools.InterpreterPoolExecutor(cap, initializer=_adopt, initargs=(one,)) as pool:
        waiting = [(number, pool.submit(_call, number)) for number in numbers]
        for number, future in waiting:
            try:
                one.keep(future.result())
            except Exception as error:  # also a broken pool: nothing came back for this task
                one.lost(number, error)


#: What `_adopt` was given. Not a global that it assigns: CPython takes a function that reads no
#: global for one that needs none, and runs its code in the interpreter's `__main__`, so that
#: the assignment ends up there (seen with 3.14.7; CPython's pull request 133957 has it too).
_kept: list[Any] = []


def _adopt(one):
    _kept[:] = [one]


def _call(number):
    return _kept[0](number)
