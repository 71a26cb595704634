"""The diary: one file in the learner's folder, to which every notebook appends lines.

Two notebooks may write at once: each line is one `write` to the end of the file, under a
lock. A kernel that is killed in mid-write leaves half a line: the next one begins anew
below it. Lines that are none are set aside in a second file, with a message, never lost.
There is no `fsync`: a power cut may cost the last seconds.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import place
from .entry import LONGEST_LINE, Entry, parse

try:
    import fcntl
except ImportError:  # Windows: appending is one call there too
    fcntl = None

NAME, LOCK, DAMAGED, OLDER = "diary.jsonl", "diary.lock", "damaged.jsonl", "older.jsonl"
#: Beyond this many bytes the older half moves to a file of its own.
LARGEST = 8_000_000
PATIENCE_S = 2.0


class Diary:
    """The entries in `folder`, and those of this process that could not be written there.

    `say` gets the few sentences that a learner must read; by default they are printed.
    All methods may be called from any thread.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder, self.path = folder, folder / NAME
        self.unwritten: list[Entry] = []
        self._say, self._said = say, set()
        self._mine = threading.RLock()

    def add(self, entry: Entry) -> None:
        """Append `entry`; what can't be written is kept in memory, and said so once."""
        with self._mine:
            self.unwritten.append(entry)
            self._write()

    def entries(self) -> list[Entry]:
        """All entries, the oldest first; damaged lines are set aside on the way."""
        with self._mine:
            self._write()
            good, bad = self._read()
            if bad:
                self._set_aside()
            return [*good, *self.unwritten]

    # --- writing -----------------------------------------------------------------------

    def _write(self) -> None:
        """Try to write what has not been written yet."""
        if not self.unwritten:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                _append(self.path, b"".join(entry.line() for entry in self.unwritten))
                self.unwritten.clear()
                if self.path.stat().st_size > LARGEST:
                    self._shorten()
        except BlockingIOError:
            return  # another notebook has the lock for long: the next call tries again
        except OSError as error:
            self._tell(
                f"Your predictions and results can't be kept in the course's folder "
                f"({error.strerror or type(error).__name__}). They stay in memory until this "
                f"kernel ends. {place.VARIABLE} can name another folder."
            )

    def _shorten(self) -> None:
        """Move the older half of the lines to a file of their own. Under the lock."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        half = len(lines) // 2
        _replace(self.folder / OLDER, b"".join(lines[:half]))
        _replace(self.path, b"".join(lines[half:]))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock between processes. Raises OSError if nobody lets go of it."""
        handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # and with it the lock

    # --- reading -----------------------------------------------------------------------

    def _read(self) -> tuple[list[Entry], list[bytes]]:
        """The entries, and the lines that are none. Half a line at the end is neither."""
        try:
            raw = self.path.read_bytes()
        except OSError:
            return [], []
        *lines, last = raw.split(b"\n")
        good, bad = _sorted(lines)
        unfinished = _entry_of(last) if last else None
        return [*good, *([unfinished] if unfinished else [])], bad

    def _set_aside(self) -> None:
        """Move the damaged lines to their own file, first there and only then from here."""
        try:
            with self._locked():
                raw = self.path.read_bytes()
                *lines, last = raw.split(b"\n")
                bad = _sorted(lines)[1]
                if not bad:
                    return  # another notebook was quicker
                _append(self.folder / DAMAGED, b"\n".join(bad) + b"\n")
                kept = [line for line in lines if line.strip() and _entry_of(line)]
                _replace(self.path, b"".join(line + b"\n" for line in kept) + last)
        except OSError:
            return  # they stay where they are, and are read past
        count = f"{len(bad):,} lines" if len(bad) > 1 else "One line"
        self._tell(f"{count} of your diary could not be read, and {'are' if len(bad) > 1 else 'is'}"
                   f" set aside in {DAMAGED} beside it. The others are fine.")  # fmt: skip

    def _tell(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _append(path: Path, data: bytes) -> None:
    """Append `data` in one write, on a line of its own. Raises OSError, then nothing is added."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o600)
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


def _replace(path: Path, data: bytes) -> None:
    """Write a whole file, so that a kill leaves either the old or the new one."""
    new = path.with_suffix(".new")  # what a kill leaves of it, the next one overwrites
    new.write_bytes(data)
    new.replace(path)


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


def _sorted(lines: list[bytes]) -> tuple[list[Entry], list[bytes]]:
    """The entries of `lines`, and the lines that are none."""
    good, bad = [], []
    for line in lines:
        if line.strip():
            entry = _entry_of(line)
            good.append(entry) if entry else bad.append(line)
    return good, bad


def _entry_of(line: bytes) -> Entry | None:
    """The entry of a line; of one that is far too long, none."""
    return parse(line) if len(line) <= 4 * LONGEST_LINE else None


# --- the diary of this process ----------------------------------------------------------

_open: dict[Path, Diary] = {}
_opening = threading.Lock()


def shared_diary() -> Diary:
    """The diary in the learner's folder, as the environment names it now."""
    where = place.folder()
    with _opening:
        if where not in _open:
            _open[where] = made = Diary(where)
            atexit.register(_last_try, made)
        return _open[where]


def _last_try(made: Diary) -> None:
    made._say = lambda sentence: None
    made._write()


def note(kind: str, title: str = "", **parts: Any) -> Entry:
    """Note something in the diary: `parts` as for `Entry`.

    Never raises for what the disc does; raises TypeError for a part that `Entry` has not.
    """
    unknown = parts.keys() - Entry.__dataclass_fields__.keys()
    if unknown:
        raise TypeError(f"an entry has no {', '.join(sorted(unknown))}")
    entry = Entry.now(kind, title=title, **parts)
    shared_diary().add(entry)
    return entry


def entries() -> list[Entry]:
    """Everything noted so far, in all notebooks, the oldest first."""
    return shared_diary().entries()
