"""Something to look at again and again while a run goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def meanwhile(look: Callable[[], object], every_s: float, name: str) -> Iterator[None]:
    """The block in which a thread calls `look()` every `every_s` seconds, until that gives true."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(every_s) and not look():
            pass

    thread = threading.Thread(target=follow, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
