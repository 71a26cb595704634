"""The built-in workloads: waiting, computing in Python, computing in C, and mixtures.

Each factory gives a `Workload` whose two forms do the same work and return the same value.
`ms` is about how many milliseconds one task takes. Computation is a fixed number of steps, never
"until the clock says so": every model gets the same work. `steps` sets that number exactly; without
it, as many are taken as fill `ms` here.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from time import perf_counter_ns as now
from typing import Any

from . import catalog
from .base import Workload
from .catalog import *  # noqa: F403 - what needs a library, for `work.` and Tab
from .marks import NATIVE, PYTHON, WAIT, Stamps, note

__all__ = ["blocking_sleep", "compression", "compute", "hashing", "hashing_small", "mixed",
           "sleep", "uneven", *catalog.__all__]  # fmt: skip


def __dir__() -> list[str]:  # what a learner sees after typing `work.` and Tab
    return __all__


STEPS_A_STAMP = 500  # about 30-50 µs of Python code
HASH_BLOCK = 256 * 1024  # above 2047 bytes hashlib releases the GIL
ZIP_BLOCK = 16 * 1024
MESSAGE, MESSAGES_A_STAMP = 64, 50


# --- the work itself ---------------------------------------------------------------


def count_steps(steps: int) -> int:
    """Compute `steps` steps of a small generator of pseudo-random numbers, in Python."""
    stamps, value = Stamps(), 1
    # Integers of the task's own: a free-threaded 3.13 counts the references to a function's
    # constants, and threads that share them slow one another down to the speed of one.
    factor, term, mask = map(int, ("1103515245", "12345", "2147483647"))
    for begin in range(0, steps, STEPS_A_STAMP):
        for _ in range(min(STEPS_A_STAMP, steps - begin)):
            value = (value * factor + term) & mask
        stamps.stamp()
    stamps.done(PYTHON)
    return value


@cache
def _block(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@cache
def _text(size: int) -> bytes:
    words = [b"async", b"thread", b"await", b"lock", b"loop", b"core", b"wait", b"run"]
    draw = random.Random(size)
    return b" ".join(draw.choice(words) for _ in range(size // 5))[:size]


def hash_blocks(blocks: int) -> str:
    """SHA-256 of `blocks` blocks of 256 KB: C code that runs without the GIL."""
    stamps, digest, block = Stamps(), hashlib.sha256(), _block(HASH_BLOCK)
    for _ in range(blocks):
        digest.update(block)
        stamps.stamp()
    stamps.done(NATIVE)
    return digest.hexdigest()


def hash_messages(messages: int) -> str:
    """SHA-256 of `messages` messages of 64 bytes, each by itself: too small to release the GIL."""
    stamps, message, digest = Stamps(), _block(MESSAGE), ""
    for begin in range(0, messages, MESSAGES_A_STAMP):
        for _ in range(min(MESSAGES_A_STAMP, messages - begin)):
            digest = hashlib.sha256(message).hexdigest()
        stamps.stamp()
    stamps.done(PYTHON)
    return digest


def compress_blocks(blocks: int) -> int:
    """zlib over `blocks` blocks of 16 KB of text: C code that runs without the GIL."""
    stamps, total, text = Stamps(), 0, _text(ZIP_BLOCK)
    for _ in range(blocks):
        total += len(zlib.compress(text, 6))
        stamps.stamp()
    stamps.done(NATIVE)
    return total


def wait_blocking(seconds: float) -> None:
    """``time.sleep``, noted: the thread waits, and gives up the GIL while it does."""
    begin = now()
    time.sleep(seconds)
    end = now()
    note((WAIT, begin, min(end, begin + int(seconds * 1e9)), end))


# --- how many steps a millisecond holds ----------------------------------------------


def steps_in_a_ms(name: str) -> float:
    """How many steps of the workload `name` this interpreter does in 1 ms; best of five.

    The best, because another program can only slow a trial down. About 25 ms.
    """
    work, steps = _COMPUTING[name]
    work(steps)
    best = float("inf")
    for _ in range(5):
        begin = now()
        work(steps)
        best = min(best, (now() - begin) / 1e6)
    return steps / best


_COMPUTING = {
    "compute": (count_steps, 40_000),
    "hashing": (hash_blocks, 12),
    "hashing_small": (hash_messages, 4_000),
    "compression": (compress_blocks, 12),
}
_COMPUTING["mixed"] = _COMPUTING["compute"]


@cache
def _steps(name: str, ms: float) -> int:
    return max(1, round(steps_in_a_ms(name) * ms))


# --- workloads -----------------------------------------------------------------------


def sleep(ms: float = 50) -> Workload:
    """Wait `ms` milliseconds and compute nothing: what waiting for a network is like."""
    seconds = ms / 1000

    def blocking() -> float:
        wait_blocking(seconds)
        return ms

    async def coroutine() -> float:
        await asyncio.sleep(seconds)
        return ms

    return Workload("sleep", f"wait {ms:g} ms", blocking, coroutine, "waiting", seconds, 0.0,
                    spec={"name": "sleep", "ms": ms})  # fmt: skip


def uneven(ms: float = 50, seed: int = 0) -> Workload:
    """Wait between half and one and a half of `ms`: each number's wait is fixed by `seed`.

    Number 0 waits `ms`, so that one task alone stands for all of them.
    """

    def wait_ms(number: int) -> float:
        # from text, so that it is the same in every process, order and version of Python
        drawn = zlib.crc32(f"{seed} {number}".encode()) / 2**32
        return round(ms * (0.5 + drawn), 3) if number else ms

    def blocking(number: int) -> float:
        wait = wait_ms(number)
        wait_blocking(wait / 1000)
        return wait

    async def coroutine(number: int) -> float:
        wait = wait_ms(number)
        await asyncio.sleep(wait / 1000)
        return wait

    return Workload("uneven", f"wait {ms / 2:g} to {ms * 1.5:g} ms (seed {seed})", blocking,
                    coroutine, "waiting", ms / 1000, 0.0, takes_number=True,
                    spec={"name": "uneven", "ms": ms, "seed": seed})  # fmt: skip


def blocking_sleep(ms: float = 50) -> Workload:
    """Wait with ``time.sleep``, also inside the coroutine, where it stops the whole loop."""
    seconds = ms / 1000

    def blocking() -> float:
        wait_blocking(seconds)
        return ms

    async def coroutine() -> float:
        return blocking()

    return Workload("blocking_sleep", f"time.sleep of {ms:g} ms", blocking, coroutine,
                    "waiting", seconds, 0.0, loop_waits=False,
                    spec={"name": "blocking_sleep", "ms": ms})  # fmt: skip


def compute(ms: float = 20, *, steps: int | None = None) -> Workload:
    """Compute in pure Python for about `ms` milliseconds, in exactly `steps` steps."""
    return _computation("compute", f"{ms:g} ms of Python", count_steps, "python", ms, steps)


def hashing(ms: float = 20, *, steps: int | None = None) -> Workload:
    """SHA-256 of large blocks for about `ms` milliseconds: C code without the GIL."""
    _block(HASH_BLOCK)  # made here, in the worker's host: else in each run anew
    return _computation("hashing", f"{ms:g} ms of SHA-256", hash_blocks, "native", ms, steps)


def hashing_small(ms: float = 20, *, steps: int | None = None) -> Workload:
    """SHA-256 of messages of 64 bytes for about `ms` milliseconds: the GIL is kept."""
    return _computation("hashing_small", f"{ms:g} ms of SHA-256 of 64 bytes", hash_messages,
                        "python", ms, steps)  # fmt: skip


def compression(ms: float = 20, *, steps: int | None = None) -> Workload:
    """zlib for about `ms` milliseconds: C code without the GIL."""
    _text(ZIP_BLOCK)
    return _computation("compression", f"{ms:g} ms of zlib", compress_blocks, "native", ms, steps)


def _computation(
    name: str, title: str, function: Callable[[int], Any], kind: str, ms: float, steps: int | None
) -> Workload:
    steps = steps or _steps(name, ms)

    def blocking():
        return function(steps)

    async def coroutine():
        return function(steps)

    return Workload(name, title, blocking, coroutine, kind, 0.0, ms / 1000,
                    spec={"name": name, "ms": ms, "steps": steps})  # fmt: skip


def mixed(wait_ms: float = 40, compute_ms: float = 5, *, steps: int | None = None) -> Workload:
    """Compute, wait, compute: milliseconds, half of `compute_ms` before and after `wait_ms`."""
    steps = steps or _steps("mixed", compute_ms)
    half, seconds = steps // 2, wait_ms / 1000

    def blocking() -> int:
        before = count_steps(half)
        wait_blocking(seconds)
        return before + count_steps(steps - half)

    async def coroutine() -> int:
        before = count_steps(half)
        await asyncio.sleep(seconds)
        return before + count_steps(steps - half)

    title = f"wait {wait_ms:g} ms, compute {compute_ms:g} ms"
    return Workload("mixed", title, blocking, coroutine, "mixed", seconds, compute_ms / 1000,
                    spec={"name": "mixed", "wait_ms": wait_ms, "compute_ms": compute_ms,
                          "steps": steps})  # fmt: skip


_OWN = (sleep, uneven, blocking_sleep, compute, hashing, hashing_small, compression, mixed)
BUILTIN = {f.__name__: f for f in _OWN}
BUILTIN |= {name: getattr(catalog, name) for name in catalog.ENTRIES}


def rebuild(spec: Mapping[str, Any]) -> Workload:
    """The workload that a spec names, ready to run, e.g. ``{"name": "sleep", "ms": 50}``.

    Raises `catalog.NotInstalled` where it needs a library that is not there.
    """
    if spec["name"] in catalog.ENTRIES:
        spec = catalog.prepare(spec)
    sizes = {key: value for key, value in spec.items() if key != "name"}
    return BUILTIN[spec["name"]](**sizes)
