"""A learner's own model: a function of the notebook that says how the tasks are run."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Sequence
from typing import Any


class OwnModel:
    """Makes `how(one, numbers)` a model.

    A plain function gets `one` as a plain function of the task's number; an ``async def``
    gets it as a coroutine function, and the plain one as ``one.blocking``, to hand to a
    thread. ``one.doing(function)`` is `one` with another function, plain or async, that does
    the task; recorded likewise. ``one.remote`` is `one` for other processes, as in
    `processes`: it gives what it recorded there, for ``one.keep`` to take over. The model
    must run every number and come back when all have ended.
    """

    def __init__(self, how: Callable[[Any, Sequence[int]], Any]) -> None:
        self.how = how
        self.is_async = inspect.iscoroutinefunction(how)
        self.FORM = "coroutine" if self.is_async else "blocking"

    def run(
        self, one: Any, numbers: Sequence[int], cap: int, beside: Coroutine | None = None
    ) -> None:
        """Run the learner's function to its end; `cap` is the learner's own business."""
        if not self.is_async:
            self.how(one, numbers)
            return

        async def main():
            ticker = asyncio.create_task(beside) if beside else None
            try:
                await self.how(one, numbers)
            finally:
                if ticker:
                    ticker.cancel()

        asyncio.run(main())
