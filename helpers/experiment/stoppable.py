"""An experiment that holds its workers while it runs, and that another thread may stop."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ..worker.client import Worker
from ..worker.errors import Stopped


@dataclass(frozen=True)
class Progress:
    """Where an experiment stands: `share` from 0 to 1, and a few words."""

    share: float
    words: str


class Stoppable:
    """One or several workers, held for as long as `held()` lasts.

    `tell` gets a `Progress`. `stop()` may be called from any thread; what runs in the
    workers then ends, and `check` raises Stopped.
    """

    def __init__(self, workers: Sequence[Worker], tell: Callable | None = None) -> None:
        self.workers = list(workers)
        self._tell = tell or (lambda progress: None)
        self._stopped = threading.Event()
        self._held: list[Worker] = []

    def stop(self) -> None:
        """End what is under way, now."""
        self._stopped.set()
        for worker in list(self._held):  # the others are in another experiment
            worker.stop()

    @contextlib.contextmanager
    def held(self) -> Iterator[Self]:
        """Keep all workers for this thread. Raises Busy if another has one, and Stopped."""
        with contextlib.ExitStack() as stack:
            for worker in self.workers:
                stack.enter_context(worker.session())
                self._held.append(worker)
            try:
                self.check()
                yield self
            finally:
                self._held.clear()

    def check(self) -> None:
        """Raise Stopped if `stop()` was called."""
        if self._stopped.is_set():
            raise Stopped("Stopped.")

    def tell(self, share: float, words: str) -> None:
        """Report progress, and raise Stopped if `stop()` was called."""
        self.check()
        self._tell(Progress(share, words))
