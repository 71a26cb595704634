"""Functions whose best model is known, among them ones that mislead; for `advise`.

Each entry of `KNOWN` names the answers that are right and why. Importable, so that a pool of
processes finds the functions by name; benchmarks/advice.py also defines them anew, as a
notebook does.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import random
import sqlite3
import subprocess
import threading
import time
import zlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Known:
    """A function with sample arguments, the right answers, and why they are right.

    `needs_core`: a gain, or its absence, shows only where a second core is free. Only then is
    "can't tell" right as well, and only where none was. `misleads`: what one might think.
    """

    function: Any
    args: tuple
    right: tuple[str, ...]
    why: str
    needs_core: bool = False
    misleads: str = ""

    @property
    def name(self) -> str:
        """The function's name; the blocking one's of a pair."""
        return (self.function[0] if isinstance(self.function, tuple) else self.function).__name__


# --- waiting ----------------------------------------------------------------------------------


def ask_a_server(ms):
    time.sleep(ms / 1000)
    return ms


def ask_and_parse(ms):
    time.sleep(ms / 1000)
    return len(json.loads(json.dumps([{"id": k, "price": k * 1.5} for k in range(300)])))


def tiny_wait():
    time.sleep(0.0003)


def run_a_program():
    return subprocess.run(["sleep", "0.02"], check=True).returncode


async def ask_async(ms):
    await asyncio.sleep(ms / 1000)
    return ms


async def ask_and_parse_async(ms):
    await asyncio.sleep(ms / 1000)
    return len(json.loads(json.dumps([{"id": k, "price": k * 1.5} for k in range(300)])))


async def async_in_name_only(ms):
    time.sleep(ms / 1000)  # noqa: ASYNC251 - that is its point
    return ms


_door = threading.Lock()


def one_at_a_time(ms):
    with _door:
        time.sleep(ms / 1000)
    return ms


# --- computing in Python ------------------------------------------------------------------------


def count(steps):
    value = 1
    for _ in range(steps):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value


def small_task(number):
    return sum(k * k for k in range(number))


def small_messages(rounds):
    digest = b""
    for _ in range(rounds):
        digest = hashlib.sha256(digest + b"a short message").digest()
    return digest


def count_with_the_lock(steps):
    with _door:
        return count(steps)


async def count_async(steps):
    return count(steps)


def mostly_parsing(ms, steps):
    """A "download" that is mostly parsing."""
    time.sleep(ms / 1000)
    return count(steps)


nameless = lambda steps: count(steps)  # noqa: E731


def gives_a_generator(steps):
    value = count(steps)
    return (value + k for k in range(3))


# --- computing in C ----------------------------------------------------------------------------


def hash_block(block):
    return hashlib.sha256(block).hexdigest()


_packed = zlib.compress(b"".join(b"%d,%d;" % (k, k * k % 977) for k in range(12_000)) * 25, 1)


def mostly_decompression(ms):
    """A "download" that is mostly decompression."""
    time.sleep(ms / 1000)
    return len(zlib.decompress(_packed))


def c_that_keeps_the_gil(count):
    return sum(range(count))


_draw = random.Random(7)
_numbers = [_draw.random() for _ in range(50_000)]


def sort_numbers():
    return sorted(_numbers)[0]


def count_letters(text):
    return text.count(b"x")


def tiny_array():
    import numpy as np

    return float(np.sin(_tiny_numbers()).sum())


def large_array():
    import numpy as np

    return float(np.sin(_many_numbers()).sum())


@functools.cache
def _tiny_numbers():
    import numpy as np

    return np.arange(8.0)


@functools.cache
def _many_numbers():
    import numpy as np

    return np.arange(600_000.0)


def fetch_rows():
    line = sqlite3.connect(":memory:")
    try:
        rows = line.execute(
            "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k+1 FROM n WHERE k < 40000) "
            "SELECT k, k * 2 FROM n"
        ).fetchall()
    finally:
        line.close()
    return len(rows)


# --- first calls, shared state -------------------------------------------------------------------


@functools.lru_cache(maxsize=None)  # noqa: UP033 - as it stands in older code
def kept_result(steps):
    return count(steps)


_table: dict = {}


def builds_a_table(key):
    if not _table:
        _table.update((k, count(20)) for k in range(60_000))
    return _table[key]


_basket: list = []


def shares_a_list(items):
    """Wrong in threads: all of them fill the same list."""
    _basket.clear()
    for k in range(items):
        _basket.append(k)
        time.sleep(0.001)
    return sum(_basket)


def appends_to_its_argument(numbers):
    numbers.append(count(100_000))
    return len(numbers)


KNOWN = [
    Known(ask_a_server, (20,), ("threads",), "it waits, and a waiting thread needs no core"),
    Known(ask_and_parse, (20,), ("threads",), "it waits, then computes a little"),
    Known(tiny_wait, (), ("threads",), "even a short wait overlaps",
          misleads="too small to bother"),
    Known(run_a_program, (), ("threads",), "it waits for another program"),
    Known(ask_async, (20,), ("asyncio",), "it waits, and lets go of the loop"),
    Known(ask_and_parse_async, (20,), ("asyncio",), "it waits, then computes a little"),
    Known((ask_a_server, ask_async), (20,), ("asyncio", "threads"), "both forms overlap"),
    Known(async_in_name_only, (20,), ("threads",), "it blocks its loop",
          misleads="it says async"),
    Known(one_at_a_time, (20,), ("sequential",), "a lock lets in one at a time",
          misleads="it waits all the time"),
    Known(count, (400_000,), ("processes",), "Python code keeps the GIL", needs_core=True),
    Known(small_task, (40,), ("sequential",), "handing it over costs more than it does",
          misleads="it computes in Python, so a process pool"),
    Known(small_messages, (30_000,), ("processes",), "small hashes keep the GIL",
          needs_core=True, misleads="hashlib lets go of the GIL"),
    Known(count_with_the_lock, (400_000,), ("sequential",), "a lock lets in one at a time",
          needs_core=True, misleads="it computes in Python, so a process pool"),
    Known(count_async, (400_000,), ("processes",), "it never lets go of the loop",
          needs_core=True, misleads="it says async"),
    Known(mostly_parsing, (3, 500_000), ("processes",), "nearly all of it is Python code",
          needs_core=True, misleads="it is a download, so it waits"),
    Known(nameless, (400_000,), ("sequential",), "a lambda can't travel to a process",
          needs_core=True, misleads="it computes in Python, so a process pool"),
    Known(gives_a_generator, (400_000,), ("sequential",), "its result can't travel",
          needs_core=True, misleads="it computes in Python, so a process pool"),
    Known(hash_block, (bytes(8_000_000),), ("threads",), "large hashes let go of the GIL",
          needs_core=True),
    Known(mostly_decompression, (1,), ("threads", "processes"), "zlib lets go of the GIL",
          needs_core=True, misleads="it is a download, so it waits"),
    Known(c_that_keeps_the_gil, (1_500_000,), ("processes",), "one long call in C, with the GIL",
          needs_core=True, misleads="it is C code, so threads"),
    Known(sort_numbers, (), ("processes",), "sorting keeps the GIL", needs_core=True,
          misleads="it is C code, so threads"),
    Known(count_letters, (b"a" * 20_000_000,), ("sequential",),
          "sending 20 MB costs more than counting in them", needs_core=True,
          misleads="it computes, so a process pool"),
    Known(tiny_array, (), ("sequential",), "eight numbers: the call is the cost",
          misleads="NumPy lets go of the GIL"),
    Known(large_array, (), ("threads", "processes"), "NumPy lets go of the GIL",
          needs_core=True),
    Known(fetch_rows, (), ("processes",), "making the rows is Python objects",
          needs_core=True, misleads="it is a database, so it waits"),
    Known(kept_result, (1_500_000,), ("sequential",), "its first call is its cost",
          misleads="the first call computes in Python"),
    Known(builds_a_table, (7,), ("sequential",), "its first call is its cost",
          misleads="the first call computes in Python"),
    Known(shares_a_list, (10,), ("sequential", "processes"), "threads mix up each other's items",
          misleads="it waits, so threads"),
    Known(appends_to_its_argument, ([],), ("sequential", "can't tell"),
          "its calls are not the same work", misleads="it computes in Python"),
]  # fmt: skip
