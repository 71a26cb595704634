"""A downloaded diary back in its place: merged, never trusted, never in the way of what is."""

from __future__ import annotations

from pathlib import Path

from ..experiment import BadRequest
from . import place
from .diary import Merged, shared_diary

#: Bytes of a file that code may restore; and what a browser can send to a kernel at once.
LARGEST_FILE = 16_000_000
LARGEST_UPLOAD = 9_000_000


def restore_bytes(raw: bytes) -> Merged:
    """Merge the lines of a downloaded diary into this one.

    Entries that are here already stay as they are; damaged lines are skipped. Raises
    BadRequest for what is too large, holds no entry, or can't be written.
    """
    if len(raw) > LARGEST_FILE:
        raise _too_large(len(raw))
    try:
        merged = shared_diary().merge(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    except BlockingIOError:
        raise BadRequest("Nothing was restored, as another notebook is writing just now: try "
                         "again.") from None  # fmt: skip
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadRequest(
            f"Nothing was restored, as the course's folder can't be written to ({why}): "
            f"{place.VARIABLE} can name another folder."
        ) from None
    if not merged.new and not merged.known:
        raise BadRequest("This file holds no progress of this course. Choose the one that "
                         "progress() made, async-or-threads-progress-….jsonl.")  # fmt: skip
    return merged


def restore_file(path: Path) -> Merged:
    """Merge the diary in a file. Raises BadRequest as `restore_bytes`, and for no file."""
    if not path.is_file():
        raise BadRequest(f"There is no file {path.name!r} here: upload it in the file browser "
                         f"first, or give its whole path.")  # fmt: skip
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
            size = path.stat().st_size
    except OSError as error:
        raise BadRequest(f"{path.name!r} can't be read ({error.strerror}).") from None
    if len(raw) > LARGEST_FILE:
        raise _too_large(size)
    return restore_bytes(raw)


def _too_large(size: int) -> BadRequest:
    return BadRequest(f"A progress file has at most {LARGEST_FILE / 1e6:g} MB, this one has "
                      f"{size / 1e6:,.1f} MB: choose the one that progress() made.")  # fmt: skip


def told(merged: Merged) -> str:
    """What was restored, in one or two sentences."""
    found = [f"Restored: {_entries(merged.new)} {'is' if merged.new == 1 else 'are'} new here"]
    if merged.known:
        found.append(f"{merged.known:,} {'was' if merged.known == 1 else 'were'} here already")
    text = f"{', '.join(found)}."
    if merged.damaged:
        one = merged.damaged == 1
        text += (f" {'One line' if one else f'{merged.damaged:,} lines'} of the file could not be "
                 f"read and {'was' if one else 'were'} skipped.")  # fmt: skip
    return text


def _entries(count: int) -> str:
    return "one entry" if count == 1 else f"{count:,} entries"
