"""The function on trial, inside the worker: its calls, its results, its CPU time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from time import perf_counter_ns as now
from typing import Any

from ..worker.sources import remember
from .shipping import shipped

#: Larger results are told apart by their size only.
MOST_BYTES = 2_000_000


class Task:
    """A learner's function with its sample arguments, in the forms that there are."""

    def __init__(self, blocking: Callable | None, coroutine: Callable | None, args: tuple) -> None:
        self.blocking, self.args = blocking, args
        self.coroutine: Any = coroutine  # one of the two is there

    @classmethod
    def unpack(cls, code: bytes) -> Task:
        """The task that travelled as code: ``(blocking, coroutine, args, sources)``."""
        import cloudpickle

        blocking, coroutine, args, sources = cloudpickle.loads(code)
        remember(sources)
        return cls(blocking, coroutine, args)

    def call(self) -> Any:
        """One call, to its end; a coroutine gets a loop of its own."""
        if self.blocking is not None:
            return self.blocking(*self.args)
        return asyncio.run(self._awaited())

    async def _awaited(self) -> Any:
        return await self.coroutine(*self.args)

    def in_a_row(self, count: int) -> tuple[int, Any]:
        """`count` calls one after the other: nanoseconds, and the last result."""
        if self.blocking is None:
            return asyncio.run(self._awaited_in_a_row(count))
        function, args, result = self.blocking, self.args, None
        begin = now()
        for _ in range(count):
            result = function(*args)
        return now() - begin, result

    async def _awaited_in_a_row(self, count: int) -> tuple[int, Any]:
        function, args, result = self.coroutine, self.args, None
        begin = now()
        for _ in range(count):
            result = await function(*args)
        return now() - begin, result

    def arguments(self) -> bytes | None:
        """The arguments as they are now, to see whether a call changes them."""
        try:
            return shipped(self.args)
        except Exception:
            return None


def digest(result: Any) -> str | None:
    """What tells a result from another one; None where nothing does."""
    try:
        data = shipped(result)
    except Exception:
        return None
    return hashlib.sha256(data).hexdigest() if len(data) <= MOST_BYTES else f"{len(data)}"


def wait_share(wall_s: float, cores: float, wanted: float | None) -> float:
    """The share of its time in which a call neither ran nor was ready to."""
    return min(1.0, max(0.0, 1 - (cores if wanted is None else wanted))) if wall_s else 0.0
