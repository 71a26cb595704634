"""What a pipeline takes its items from, and how far that ran ahead of who handles them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .finding import Wrong
from .simulated import Work

RUN_AHEAD = (
    "A queue without maxsize takes everything that the source has. With maxsize, await put() "
    "waits while the queue is full: that is backpressure."
)


@dataclass
class Source:
    """Items, one after the other, for ``for`` and ``async for``; each once.

    With ``async for`` each one takes `every` simulated seconds. At the item `fails_at` the
    exception `error` is raised instead. `given_at` holds the simulated times
    of the items, in seconds.
    """

    items: Sequence[Any]
    every: float = 0.0
    fails_at: Any = None
    error: Exception | None = None
    given_at: list[float] = field(default_factory=list)

    def plain(self) -> Iterator[Any]:
        """For ``for``: an iterator, so that what was taken can be seen."""
        for item in self.items:
            self.given_at.append(asyncio.get_running_loop().time())
            yield item

    async def awaited(self) -> AsyncIterator[Any]:
        """For ``async for``."""
        for item in self.items:
            if self.every:
                await asyncio.sleep(self.every)
            if self.error is not None and item == self.fails_at:
                raise self.error
            self.given_at.append(asyncio.get_running_loop().time())
            yield item

    def ahead(self, work: Work) -> int:
        """How many items were given and not yet begun, at most, when time went on.

        Within one moment the order of things is nobody's business.
        """
        moments = sorted({*self.given_at, *work.begun_at})
        return max(
            (sum(at <= now for at in self.given_at) - sum(at <= now for at in work.begun_at)
             for now in moments),
            default=0,
        )  # fmt: skip

    def demand_backpressure(self, work: Work, maxsize: int, doing: str) -> None:
        """Raise Wrong if the source ran further ahead than a queue of `maxsize` lets it.

        Such a queue, and one item in the hand of who waits to put it there.
        """
        ahead = self.ahead(work)
        if ahead > maxsize + 1:
            raise Wrong(f"In {doing} the source was {ahead} items ahead of the workers; a queue "
                        f"with maxsize={maxsize} holds it at {maxsize}, and one more that waits "
                        f"to be put.", RUN_AHEAD)  # fmt: skip

    def demand_room(self, work: Work, maxsize: int, doing: str) -> None:
        """Raise Wrong if the queue was never full, although the source had enough."""
        ahead = self.ahead(work)
        if ahead < maxsize:
            raise Wrong(f"In {doing} the source was at most {ahead} items ahead of the workers; a "
                        f"queue with maxsize={maxsize} has room for {maxsize}.",
                        "All items go through the queue, and it is made with "
                        "asyncio.Queue(maxsize).")  # fmt: skip
