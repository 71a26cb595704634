"""Writing to files so that neither a kill nor a second writer costs what was written.

Every call that changes a file is one of `os`, so that a test can end the process before
each of them.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: appending is one call there too
    fcntl = None  # type: ignore[assignment]  # every use asks first

PATIENCE_S = 2.0
_BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock between processes that the file `path` stands for.

    Raises BlockingIOError if nobody lets go of it for `PATIENCE_S`, and other OSErrors.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)  # and with it the lock


def _lock(handle: int) -> None:
    if fcntl is None:
        return
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        except OSError:
            return  # a file system without locks: then one write at the end must do


def append(path: Path, data: bytes) -> None:
    """Append `data` in one write, on a line of its own. Raises OSError, then nothing is added."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY, 0o600)
    try:
        size = os.lseek(handle, 0, os.SEEK_END)
        if size:
            os.lseek(handle, size - 1, os.SEEK_SET)
            if os.read(handle, 1) != b"\n":  # somebody was killed in mid-write
                data = b"\n" + data
        if os.write(handle, data) < len(data):
            os.ftruncate(handle, size)
            raise OSError(28, "no space left")
    finally:
        os.close(handle)


def replace(path: Path, data: bytes) -> None:
    """Write a whole file, so that a kill or a power cut leaves the old or the new one."""
    new = path.with_suffix(".new")  # what a kill leaves of it, the next one overwrites
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    except OSError:
        with contextlib.suppress(OSError):  # it would only take the room that is wanting
            os.ftruncate(handle, 0)
            new.unlink()
        raise
    finally:
        os.close(handle)
    new.replace(path)
    _keep_name(path)


def keep(path: Path, new: bool = False) -> None:
    """Have the disc keep what was written to `path`; its name too, if the file is `new`.

    Where a file system can't, the operating system writes it within seconds.
    """
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDWR | _BINARY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    if new:
        _keep_name(path)


def _keep_name(path: Path) -> None:
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
