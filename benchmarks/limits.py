"""Rows on the memory cap: how far a run gets above it before it is ended."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from helpers.worker.client import Worker
from helpers.worker.errors import MemoryCapReached
from helpers.workloads import Workload

from .rows import Row

CAP_MB = 300
REPEATS = 7


def limits(worker: Worker) -> Iterator[Row]:
    """A task that takes memory as fast as it can, and notes its own peak as it goes."""
    above = []
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "peak"
        for _ in range(REPEATS):
            noted.write_bytes(b"0")
            worker.load(greedy(str(noted)))
            try:
                worker.run("sequential", 1, 1, memory_mb=CAP_MB, time_box=30)
            except MemoryCapReached:
                above.append(int(noted.read_bytes()) / 1024 - CAP_MB)
            else:
                raise AssertionError("a task without end has ended")
    yield Row(f"memory above a cap of {CAP_MB} MB, when a run is ended for it", above, "MB", 50)


def greedy(path: str) -> Workload:
    """Takes a megabyte at a time, and writes its peak in kB to the file `path` after each."""

    def eat() -> None:
        from resource import RUSAGE_SELF, getrusage

        kept = []
        file = os.open(path, os.O_WRONLY)
        while True:
            kept.append(bytearray(1 << 20))
            os.pwrite(file, b"%d" % getrusage(RUSAGE_SELF).ru_maxrss, 0)

    return Workload("greedy", "greedy", eat, None)
