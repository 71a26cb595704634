"""The kernel's one worker for each interpreter."""

from __future__ import annotations

import atexit
import sys
import threading

from .client import Worker

_workers: dict[str, Worker] = {}
_workers_lock = threading.Lock()


def shared_worker(python: str | None = None) -> Worker:
    """The kernel's one worker for an interpreter, started when first used."""
    python = python or sys.executable
    with _workers_lock:
        if python not in _workers:
            _workers[python] = Worker(python)
        return _workers[python]


@atexit.register
def close_workers() -> None:
    """End all shared workers; the kernel's exit does it too."""
    for worker in _workers.values():
        worker.close()
