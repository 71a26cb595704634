"""Experiments by name, for the panel: each makes one point at the first click."""

from __future__ import annotations

from dataclasses import dataclass

from ..workloads import Workload, work


@dataclass(frozen=True)
class Preset:
    """The values of the panel's controls. `size` in ms; `cap` 0 means all at once."""

    title: str
    work: str
    size: float
    tasks: int
    cap: int = 0
    models: tuple[str, ...] = ("sequential", "asyncio", "threads")


PRESETS = {
    preset.title: preset
    for preset in (
        Preset("20 waits", "sleep", 50, 20),
        Preset("20 waits, 4 at once", "sleep", 50, 20, 4),
        Preset("1,000 waits", "sleep", 100, 1000, 0, ("asyncio", "threads")),
        Preset("Python code that computes", "compute", 40, 5),
        Preset("The same, with processes", "compute", 100, 4, 0,
               ("sequential", "threads", "processes")),
        Preset("C code that releases the GIL", "hashing", 60, 4),
        Preset("time.sleep in a coroutine", "blocking_sleep", 20, 10),
        Preset("Blocking calls handed to threads", "blocking_sleep", 30, 12, 4,
               ("asyncio", "threads", "asyncio+threads")),
        Preset("Wait, then compute", "mixed", 40, 10, 0, ("asyncio", "threads")),
    )
}  # fmt: skip

#: What the workload's menu shows, and what its size means.
WORKS = {
    "wait": "sleep",
    "compute in Python": "compute",
    "compute in C (SHA-256)": "hashing",
    "compute in C (zlib)": "compression",
    "call time.sleep": "blocking_sleep",
    "wait, and compute a tenth": "mixed",
}


def make(name: str, ms: float) -> Workload:
    """The workload `name` of the menu at `ms` milliseconds a task."""
    if name == "mixed":
        return work.mixed(wait_ms=ms, compute_ms=ms / 10)
    return getattr(work, name)(ms)
