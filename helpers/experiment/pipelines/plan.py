"""What a pipeline is asked to do: pictures, workers in each stage, bound, step, pool."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..pace import in_haste
from ..request import BadRequest, whole
from .record import recorded_pool

STAGES = ("download", "process", "write")
POOLS = {"threads": ThreadPoolExecutor, "processes": ProcessPoolExecutor}
#: Each process of a pool needs memory of its own, and a lane of the figure some height.
MOST_WORKERS = 16
MOST_BOUND = 1_000
MOST_PICTURES = 48
#: How many, if nobody says: as asked for in a lesson, and in a rehearsal.
PICTURES, FEW_PICTURES = 24, 8


@dataclass(frozen=True)
class Plan:
    """Everything a pipeline needs to know; it is called with one of these.

    `pictures` is how many there are; `download`, `process` and `write` are the numbers of
    workers; `bound` is the most that a queue may hold, 0 for no bound; `step` is the function
    that processes the bytes of a picture; ``pool(n)`` makes a pool of n threads or
    processes; `folder` is where to write.
    """

    pictures: int
    download: int
    process: int
    write: int
    bound: int
    step: Callable[[bytes], bytes]
    pool_name: str
    folder: Path | None = None

    def placed(self) -> Path:
        """Where it writes. Raises LookupError before it was given a folder."""
        if self.folder is None:
            raise LookupError("this plan has no folder yet")
        return self.folder

    def pool(self, max_workers: int) -> Executor:
        """A pool of the kind that was asked for; what runs in it is recorded."""
        return recorded_pool(POOLS[self.pool_name], max_workers)

    @property
    def workers(self) -> dict[str, int]:
        """How many workers each stage has."""
        return {stage: getattr(self, stage) for stage in STAGES}

    @property
    def step_name(self) -> str:
        """What the step is called in sentences."""
        return name_of(self.step)

    def __str__(self) -> str:
        parts = ", ".join(f"{stage} {count}" for stage, count in self.workers.items())
        return f"{parts}, {self.step_name} in {self.pool_name}"


def name_of(function: Callable) -> str:
    """A function's name, or its type's."""
    return getattr(function, "__name__", type(function).__name__)


def make_plan(
    step: Any,
    pool: Any = "threads",
    *,
    pictures: Any = None,
    download: Any = 4,
    process: Any = 2,
    write: Any = 1,
    bound: Any = 4,
    **unknown: Any,
) -> Plan:
    """Check everything and give the `Plan`. Raises BadRequest with one sentence.

    There are 24 `pictures` if none is given, 8 in haste.
    """
    for name in unknown:
        raise BadRequest(f"A plan has no {name!r}: choose among pictures, download, process, write "
                         f"and bound.")  # fmt: skip
    if pictures is None:
        pictures = FEW_PICTURES if in_haste() else PICTURES
    workers = {"download": download, "process": process, "write": write}
    counts = {stage: whole(count, stage, 1, MOST_WORKERS) for stage, count in workers.items()}
    return Plan(
        pictures=whole(pictures, "pictures", 1, MOST_PICTURES),
        download=counts["download"],
        process=counts["process"],
        write=counts["write"],
        bound=whole(bound, "bound", 0, MOST_BOUND),
        step=_step(step),
        pool_name=_pool(pool),
    )


def check_pipeline(pipeline: Any) -> Callable:
    """`pipeline`, if it is an ``async def`` function of one argument. Raises BadRequest."""
    advice = "write async def pipeline(plan): and pass the function itself."
    if inspect.iscoroutine(pipeline):
        pipeline.close()
        raise BadRequest(f"The pipeline was called already: {advice}")
    if not inspect.iscoroutinefunction(pipeline):
        raise BadRequest(f"The pipeline is an async function, and {pipeline!r} is not: {advice}")
    try:
        inspect.signature(pipeline).bind("plan")
    except TypeError:
        raise BadRequest(f"The pipeline takes one argument, the plan: {advice}") from None
    return pipeline


def _step(step: Any) -> Callable[[bytes], bytes]:
    if not callable(step) or inspect.iscoroutinefunction(step):
        raise BadRequest(f"step is a plain function of a picture's bytes, and {step!r} is not: "
                         f"write def step(data): and give back bytes.")  # fmt: skip
    return step


def _pool(pool: Any) -> str:
    for name, kind in POOLS.items():
        if pool is kind or pool == name:
            return name
    raise BadRequest(f"pool is ThreadPoolExecutor or ProcessPoolExecutor, and {pool!r} is not: "
                     f"pass the class itself.")  # fmt: skip
