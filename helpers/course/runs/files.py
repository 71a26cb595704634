"""Run files on disk: gzipped JSON, written whole or not at all, read within limits."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import secrets
import zlib
from pathlib import Path
from typing import Any

from ...experiment.comparison import Comparison
from ...experiment.request import BadRequest
from .. import place
from .packed import as_data, from_data

SUFFIX = ".run.json.gz"
#: Bytes of a file, and of what it unpacks to: 100,000 traced tasks are a tenth of it.
LARGEST, LARGEST_UNPACKED = 16_000_000, 128_000_000
#: Below the course's folder.
FOLDER = "runs"
_CHUNK = 1 << 20
#: Digits of a number: Python reads longer ones ever more slowly.
_MOST_DIGITS = 30


def path_of(name: Any, suffix: str) -> Path:
    """`name` as a path with that ending. Raises BadRequest for what is no name."""
    if not isinstance(name, str | Path) or not str(name).strip() or "\0" in str(name):
        raise BadRequest(f'Name the file, as seen from this notebook: "my-run{suffix}".')
    text = str(name)
    return Path(text if text.endswith(suffix) else text + suffix).expanduser()


def _is_bare(name: Any) -> bool:
    """Whether it names a file only, and no folder: "a", not "./a"."""
    return isinstance(name, str) and not any(mark in name for mark in ("/", "\\", "~"))


def kept(name: Any, suffix: str) -> Path:
    """Where a file of that name is written: a bare name in the course's own folder.

    Raises BadRequest for what is no name, or where that folder can't be made.
    """
    path = path_of(name, suffix)
    if not _is_bare(name):
        return path
    folder = place.folder() / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(f"The course's folder can't be written to ({error.strerror or error}): "
                         f'name another, as in "./{path.name}".') from None  # fmt: skip
    return folder / path


def found(name: Any) -> Path:
    """The path of a run file: beside the notebook, or in the course's own folder."""
    path = path_of(name, "" if str(name).endswith((".gz", ".json")) else SUFFIX)
    if _is_bare(name) and not path.exists() and (other := place.folder() / FOLDER / path).exists():
        return other
    return path


def write_run(comparison: Comparison, name: Any, *, replace: bool = False) -> Path:
    """Save `comparison` to a file; gives its path, which ends in ``.run.json.gz``.

    A bare name is a file in the course's own folder. It holds the machine card, every time,
    and what each task did; not what tasks returned or printed. Raises BadRequest for a name
    that can't be, a file that is there already (unless `replace`), or a folder that can't be
    written to.
    """
    text = json.dumps(as_data(comparison), separators=(",", ":"), allow_nan=False)
    return write_whole(kept(name, SUFFIX), gzip.compress(text.encode(), mtime=0), replace)


def write_whole(path: Path, content: bytes, replace: bool) -> Path:
    """Write a file whole or not at all. Raises BadRequest as `write_run` does."""
    if path.exists() and not replace:
        raise BadRequest(f"{path.name} is there already: choose another name, or write "
                         f"replace=True.")  # fmt: skip
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with scratch.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        scratch.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise BadRequest(f"{path.name} can't be written ({error.strerror or error}): choose "
                         f"another folder.") from None  # fmt: skip
    return path


def read_run(name: Any) -> Comparison:
    """The comparison that a file holds; `recorded` is the day on which it was saved.

    Nothing in the file is run. Raises BadRequest, in one sentence, for a file that is not
    there, too large, cut off, or not what `write_run` writes.
    """
    return from_data(_parsed(_unpacked(_content(found(name)))))


def _content(path: Path) -> bytes:
    try:
        # A pipe or a device has no end: only what is a file is opened.
        if not path.is_file():
            reason = "a folder" if path.is_dir() else "not there"
            raise BadRequest(f"{path.name} is {reason}: give the path of a run file, as seen from "
                             f"this notebook.")  # fmt: skip
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadRequest(f"{path.name} can't be read ({error.strerror or error}).") from None
    if len(content) > LARGEST:
        raise BadRequest(f"{path.name} is larger than {LARGEST // 1_000_000} MB, which no run of "
                         f"the course is.")  # fmt: skip
    return content


def _unpacked(content: bytes) -> bytes:
    """What is in the gzip, or the content itself where it is none; never more than the limit."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    unpack, parts, size = zlib.decompressobj(wbits=31), [], 0
    try:
        waiting = content
        while not unpack.eof:
            part = unpack.decompress(waiting, _CHUNK)
            waiting, size = unpack.unconsumed_tail, size + len(part)
            if not part and not waiting:
                break
            if size > LARGEST_UNPACKED:
                raise BadRequest(f"This file unpacks to more than "
                                 f"{LARGEST_UNPACKED // 1_000_000} MB, which no run of the course "
                                 f"does.")  # fmt: skip
            parts.append(part)
    except zlib.error:
        raise BadRequest("This file is damaged: it can't be unpacked. Copy or save it "
                         "again.") from None  # fmt: skip
    if not unpack.eof:
        raise BadRequest("This file is cut off: its end is missing. Copy or save it again.")
    return b"".join(parts)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number, parse_int=_integer)
    except (ValueError, RecursionError):
        raise BadRequest("This file is not a run file of the course, or it is cut off: save one "
                         "with result.save(name).") from None  # fmt: skip


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number of so many digits")
    return int(digits)
