"""What a machine that has no more to give says, in one sentence each."""

from __future__ import annotations

import errno
import sys

_FILES = ("This machine lets a process open no more files and sockets: restart the kernel to close "
          "those that are left open, or raise the limit (ulimit -n).")  # fmt: skip
_THREADS = ("This machine starts no more threads or processes for you: use fewer tasks at once, as "
            "in workers=8, or close other notebooks.")  # fmt: skip
_MEMORY = ("This machine has no more memory to give: use fewer tasks or a smaller size, or close "
           "other notebooks.")  # fmt: skip
_DISC = "The disc is full: delete what you don't need, then run it again."

_BY_NUMBER = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
    errno.ENOSPC: _DISC,
    errno.EDQUOT: _DISC,
}


def short_of(line: str) -> str | None:
    """The sentence for the last line of a traceback, as another process left it."""
    if "Too many open files" in line:
        return _FILES
    if "can't start new thread" in line or "Resource temporarily unavailable" in line:
        return _THREADS
    if "No space left on device" in line or "disk is full" in line or "disk quota" in line.lower():
        return _DISC
    if line.startswith("MemoryError") or "Cannot allocate memory" in line:
        return _MEMORY
    return None


def shortage(error: BaseException, starting: bool = False) -> str | None:
    """The sentence for an error that says that a limit of the machine was reached, else None.

    `starting`: the error came of starting a thread or a process, where "try again" means that
    there may be no more of them; elsewhere it only means that a socket is not ready.
    """
    if isinstance(error, MemoryError):
        return _MEMORY
    number = getattr(error, "errno", None)  # of an OSError, and of pyzmq's own error
    if isinstance(number, int):
        if starting and number == errno.EAGAIN:
            return _THREADS
        return _BY_NUMBER.get(number)
    # What is said instead of a number: by CPython of a thread, by the loader of a library that
    # can't be opened (ImportError), by SQLite of a disc.
    if isinstance(error, (RuntimeError, ImportError, *_of_sqlite())):
        short = short_of(str(error))
        # A pool that could not start its thread then complains that it can't join it.
        if short is None and error.__context__ is not None:
            return shortage(error.__context__, starting)
        return short
    return None


def _of_sqlite() -> list[type[BaseException]]:
    """SQLite's errors, where SQLite is in use; a worker need not load it."""
    found = sys.modules.get("sqlite3")
    return [found.Error] if found else []
