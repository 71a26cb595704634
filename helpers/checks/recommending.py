"""Twelve pieces of work, and which model fits each: the course's decision guide as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .finding import Wrong
from .simulated import shown
from .standing import ended_within, failed

MODELS = ("sequential", "asyncio", "threads", "processes", "asyncio and processes")


class Workload(NamedTuple):
    """What is known of a piece of work before it is run.

    `tasks` is how many are to be in progress at once, `ms` how long one takes alone, `waits`
    the share of that time in which it waits, `async_library` whether all its waits can be
    awaited, `keeps_gil` whether its computing keeps the GIL, `sends_mb` how many megabytes
    one task takes and gives back.
    """

    tasks: int
    ms: float
    waits: float
    async_library: bool
    keeps_gil: bool
    sends_mb: float


class Row(NamedTuple):
    """A workload, the models that fit, and why."""

    title: str
    workload: Workload
    fits: tuple[str, ...]
    why: str


EITHER = ("asyncio", "threads")
TABLE = (
    Row("Twenty calls of an API, with an async library",
        Workload(20, 80, 0.98, True, True, 0.01), EITHER,
        "Both overlap the waits, and twenty are few."),
    Row("Twenty calls of an API, with a blocking library",
        Workload(20, 80, 0.98, False, True, 0.01), ("threads",),
        "A blocking call holds the event loop, so each wait needs a thread."),
    Row("A chat server with 5,000 connections",
        Workload(5_000, 50, 0.99, True, True, 0.001), ("asyncio",),
        "Thousands of waits: a task costs far less than a thread."),
    Row("Forty queries, with a blocking database driver",
        Workload(40, 200, 0.99, False, True, 0.1), ("threads",),
        "A query waits for the database, and the driver blocks its thread meanwhile."),
    Row("5,000 connections, each message with 30 ms of Python code",
        Workload(5_000, 300, 0.9, True, True, 0.01), ("asyncio and processes",),
        "The loop holds the waits, but 30 ms of Python code would hold the loop."),
    Row("Text scores in Python",
        Workload(200, 80, 0.0, False, True, 0.01), ("processes",),
        "Python code keeps the GIL, a task is long, and little is sent."),
    Row("Photos made smaller with Pillow",
        Workload(300, 60, 0.05, False, False, 8), ("threads",),
        "Its C code lets go of the GIL, and threads share the pictures without a copy."),
    Row("Downloads that are mostly unpacking, with zlib",
        Workload(50, 40, 0.1, False, False, 20), ("threads",),
        "Called a download, but it computes; and zlib lets go of the GIL."),
    Row("Sums of ten numbers",
        Workload(100_000, 0.001, 0.0, False, True, 0.0001), ("sequential",),
        "To hand a task over costs far more than the task."),
    Row("Hashes of short messages",
        Workload(50_000, 0.002, 0.0, False, False, 0.0001), ("sequential",),
        "To hand a task over costs far more than the task, to a thread as well."),
    Row("A quick look at a large table, in Python code",
        Workload(8, 20, 0.0, False, True, 500), ("sequential",),
        "To send 500 MB takes longer than the 20 ms of work."),
    Row("One report, two seconds of Python code",
        Workload(1, 2_000, 0.0, False, True, 1), ("sequential",),
        "A single task has nothing to overlap with."),
)  # fmt: skip


def check_recommend(recommend: Callable[[Workload], Any]) -> str:
    """Every row of the table gets a model that fits it; raises Wrong where one does not."""
    off: list[str] = []
    for row in TABLE:
        try:
            said = ended_within(recommend, row.workload, doing="recommend")
        except Wrong:
            raise
        except Exception as error:
            raise failed(error, f"For {row.title!r}, recommend") from error
        if said not in MODELS:
            raise Wrong(f"For {row.title!r} recommend gave {shown(said)}.",
                        f"It returns one of {', '.join(map(repr, MODELS))}, for every "
                        f"workload.")  # fmt: skip
        if said not in row.fits:
            off.append(f"{row.title}: {said}, not {' or '.join(row.fits)}. {row.why}")
    if off:
        more = f" And {len(off) - 3} more." if len(off) > 3 else ""
        raise Wrong(f"{len(TABLE) - len(off)} of {len(TABLE)} workloads agree. "
                    f"{' '.join(off[:3])}{more}",
                    "Ask in this order: how many, waits or computes, a library to await, the "
                    "GIL, the size of a task beside what it costs to hand it over.")  # fmt: skip
    return f"All {len(TABLE)} workloads agree with what the course has measured."
