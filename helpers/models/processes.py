"""A pool of processes, each with an interpreter and a GIL of its own."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

FORM = "remote"

#: Forking is safe here because a run has its process to itself, with one thread; where
#: there is no fork, or none that system libraries survive, processes are spawned.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"

_one: Any = None  # what `adopt` was given


def run(one, numbers, cap):
    """Submit every task to a pool of `cap` processes, and keep what each one recorded."""
    context = multiprocessing.get_context(START_METHOD)
    with ProcessPoolExecutor(cap, context, initializer=adopt, initargs=(one,)) as pool:
        futures = []
        for number in numbers:
            try:
                futures.append((number, pool.submit(call, number)))
            except BrokenProcessPool as error:
                one.lost(number, error)
        for number, future in futures:
            try:
                one.keep(future.result())
            except BrokenProcessPool as error:
                one.lost(number, error)


def adopt(one):
    """Keep `one` in this process, for `call`."""
    global _one
    _one = one


def call(number):
    """Do the task of that number here, and give what was recorded."""
    return _one(number)
