"""The diary: one file in the learner's folder, to which every notebook appends lines.

Two notebooks may write at once: each line is one `write` to the end of the file, under a
lock. A kernel that is killed in mid-write leaves half a line: the next one begins anew
below it. Lines that are none are set aside in a second file, with a message, never lost.
What `add` has written is on the disc when it returns (`os.fsync`, a few ms).
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from . import disc, place
from .entry import LONGEST_LINE, Entry, parse

NAME, LOCK, DAMAGED, OLDER = "diary.jsonl", "diary.lock", "damaged.jsonl", "older.jsonl"
#: Beyond this many bytes the older half moves to a file of its own.
LARGEST = 8_000_000
#: A file so much larger is no diary of the course.
FAR_TOO_LARGE = 8 * LARGEST
#: At most so many right answers and passed steps stay when the older half moves.
MOST_KEPT = 500
#: A clock that is set back by more was far from right, and so are its dates: they stay.
SET_BACK = timedelta(days=1)
_BEGIN = b'{"v":'


@dataclass(frozen=True)
class Merged:
    """What came of merging lines: how many were new, known already, and no entries."""

    new: int
    known: int
    damaged: int


class Diary:
    """The entries in `folder`, and those of this process that could not be written there.

    `say` gets the few sentences that a learner must read; by default they are printed.
    All methods may be called from any thread.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder, self.path = folder, folder / NAME
        self.unwritten: list[Entry] = []
        self._say = say
        self._said: set[Any] = set()
        self._mine = threading.RLock()

    def add(self, entry: Entry) -> None:
        """Append `entry`; what can't be written is kept in memory, and said so once.

        Its time is never before that of the last line, where the clock was set back meanwhile.
        """
        with self._mine:
            self.unwritten.append(self._held_up(entry))
            self._write()

    def entries(self) -> list[Entry]:
        """All entries, the oldest first; damaged lines are set aside on the way."""
        with self._mine:
            good = [entry for _, entry in self._lines()]
            return sorted([*good, *self.unwritten], key=_time)

    def raw(self) -> bytes:
        """All entries as lines, fit for `merge`; what a later version wrote stays in them."""
        with self._mine:
            lines = [line + b"\n" for line, _ in self._lines()]
            return b"".join([*lines, *(entry.line() for entry in self.unwritten)])

    def merge(self, lines: Iterable[bytes]) -> Merged:
        """Append those of `lines` that are entries, and not here yet; nothing is overwritten.

        Raises OSError if they can't be written; then nothing has changed.
        """
        with self._mine:
            self._write()
            found: dict[Any, Any] = {}
            total = damaged = 0
            for line in filter(None, map(bytes.strip, lines)):
                entry = _entry_of(line)
                if entry is None:
                    damaged += 1
                else:
                    total += 1
                    found.setdefault(entry.line(), (_time(entry), line))
            self.folder.mkdir(parents=True, exist_ok=True)
            with disc.locked(self.folder / LOCK):
                known = {entry.line() for name in (OLDER, NAME)
                         for _, entry in _sorted(_read(self.folder / name))[0]}  # fmt: skip
                known |= {entry.line() for entry in self.unwritten}
                new = sorted(both for key, both in found.items() if key not in known)
                if new:
                    disc.append(self.path, b"".join(line + b"\n" for _, line in new))
                    self._shorten_if_long()
            disc.keep(self.path, new=True)
            return Merged(len(new), total - len(new), damaged)

    # --- writing -----------------------------------------------------------------------

    def _held_up(self, entry: Entry) -> Entry:
        """`entry` at the time of the last line, if it seems to be up to a day older.

        Else what was found before the clock was set back would pass for the latest.
        """
        last = _last_of(self.path)
        if last is None or not timedelta() < _time(last) - _time(entry) <= SET_BACK:
            return entry
        return replace(entry, when=last.when)

    def _write(self) -> None:
        """Try to write what has not been written yet."""
        self._clear_the_way()
        if not self.unwritten:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with disc.locked(self.folder / LOCK):
                begun = not self.path.exists()
                disc.append(self.path, b"".join(entry.line() for entry in self.unwritten))
                self.unwritten.clear()
                self._shorten_if_long()
            disc.keep(self.path, new=begun)  # not under the lock: the disc may take its time
        except BlockingIOError:
            return  # another notebook has the lock for long: the next call tries again
        except OSError as error:
            self._tell(
                f"Your predictions and results can't be kept in the course's folder "
                f"({error.strerror or type(error).__name__}). They stay in memory until this "
                f"kernel ends. {place.VARIABLE} can name another folder."
            )

    def _shorten_if_long(self) -> None:
        """Move the older half of the lines to a file of their own. Under the lock.

        Right answers and passed steps stay: they are what progress is counted by.
        """
        if self.path.stat().st_size <= LARGEST:
            return
        with contextlib.suppress(OSError):  # then it is long, but it is all there
            lines = [line + b"\n" for line in self.path.read_bytes().split(b"\n") if line]
            half = len(lines) // 2
            disc.append(self.folder / OLDER, b"".join(lines[:half]))
            disc.keep(self.folder / OLDER, new=True)
            disc.replace(self.path, b"".join([*_lasting(lines[:half]), *lines[half:]]))

    def _clear_the_way(self) -> None:
        """Set aside what lies in the diary's place and is none: a folder, a giant."""
        try:
            if not _in_the_way(self.path):
                return
            with disc.locked(self.folder / LOCK):
                if not _in_the_way(self.path):
                    return  # another notebook was quicker
                names = (f"set-aside-{number}" for number in range(1, 1_000))
                name = next(n for n in names if not os.path.lexists(self.folder / n))
                self.path.rename(self.folder / name)
        except (OSError, StopIteration):
            return  # writing says what is wrong
        self._tell(f"What lay in the place of your diary, {NAME}, was no diary. It is set aside as "
                   f"{name} beside it, and a new diary begins.")  # fmt: skip

    # --- reading -----------------------------------------------------------------------

    def _lines(self) -> list[tuple[bytes, Entry]]:
        """The lines that are entries, in their order; all others are set aside."""
        self._write()
        try:
            raw = _read(self.path)
        except OSError as error:
            self._tell(f"Your diary can't be read ({error.strerror or type(error).__name__}): see "
                       f"to {NAME} in the course's folder.")  # fmt: skip
            return []
        good, bad, _ = _sorted(raw)
        if bad:
            self._set_aside()
        return good

    def _set_aside(self) -> None:
        """Move the damaged lines to their own file, first there and only then from here."""
        try:
            with disc.locked(self.folder / LOCK):
                good, bad, under_way = _sorted(_read(self.path))
                if not bad:
                    return  # another notebook was quicker
                disc.append(self.folder / DAMAGED, b"\n".join(bad) + b"\n")
                disc.keep(self.folder / DAMAGED, new=True)
                disc.replace(self.path, b"".join(line + b"\n" for line, _ in good) + under_way)
        except OSError:
            return  # they stay where they are, and are read past
        many = len(bad) > 1
        count = f"{len(bad):,} lines" if many else "One line"
        self._tell(f"{count} of your diary could not be read, and {'are' if many else 'is'} set "
                   f"aside in {DAMAGED} beside it. "
                   + ("The others are fine." if good else "There were no others."))  # fmt: skip

    def _tell(self, sentence: str) -> None:
        if sentence in self._said:
            return
        try:
            self._say(sentence)
        except Exception:
            return  # in a kernel's new thread `print` opens a socket; it is said the next time
        self._said.add(sentence)


def _in_the_way(path: Path) -> bool:
    """Whether something that can be no diary has its name."""
    if path.is_file():
        return path.stat().st_size > FAR_TOO_LARGE
    return os.path.lexists(path)


def _read(path: Path) -> bytes:
    """The bytes of a file, none if it isn't there. Raises OSError if it can't be read."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return path.read_bytes()
    return b""


def _last_of(path: Path) -> Entry | None:
    """The last entry of a file; None where it has none, or can't be read."""
    with contextlib.suppress(OSError):
        if not path.is_file():  # a pipe would not open
            return None
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * LONGEST_LINE))
            lines = file.read().split(b"\n")
        return next(filter(None, map(_entry_of, reversed(lines))), None)
    return None


def _sorted(raw: bytes) -> tuple[list[tuple[bytes, Entry]], list[bytes], bytes]:
    """The lines that are entries, those that are none, and the one that may be under way.

    That is half a line at the end: it belongs to whoever writes it now, or was killed.
    """
    *lines, last = raw.split(b"\n")
    if last and (_entry_of(last) or not last.startswith(_BEGIN[: len(last)])):
        lines, last = [*lines, last], b""
    good, bad = [], []
    for line in lines:
        if line.strip():
            entry = _entry_of(line)
            good.append((line, entry)) if entry else bad.append(line)
    return good, bad, last


def _entry_of(line: bytes) -> Entry | None:
    """The entry of a line; of one that is far too long, none."""
    return parse(line) if len(line) <= 4 * LONGEST_LINE else None


def _lasting(lines: list[bytes]) -> list[bytes]:
    """The lines that progress is counted by: each right answer and passed step, once."""
    kept: dict[tuple, bytes] = {}
    for line in lines:
        entry = _entry_of(line)
        if entry and entry.kind in ("answer", "check") and entry.right and len(kept) < MOST_KEPT:
            kept.setdefault((entry.kind, entry.title, entry.about), line)
    return list(kept.values())


def _time(entry: Entry) -> datetime:
    """When it was, to sort by; a time without a zone is taken for UTC."""
    try:
        when = datetime.fromisoformat(entry.when)
    except ValueError:
        when = datetime.min
    return when if when.tzinfo else when.replace(tzinfo=UTC)


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
