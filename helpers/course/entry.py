"""One entry of the diary: a line of JSON that only ever holds words and numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from . import place

VERSION = 1
#: Longest line in bytes, longest text in characters, most items of `data`.
LONGEST_LINE = 4_000
LONGEST_TEXT = 400
MOST_ITEMS = 24

Value = float | int | str | bool | None


@dataclass(frozen=True)
class Entry:
    """What was noted once.

    `kind` is a word: "prediction", "comparison", "advice" and so on. `title` names the
    experiment, `about` the part of it that was meant (a model, a row). `said` and
    `measured` are numbers in `unit`, or words; `right` is None where that can't be told.
    `factor` says how far a wrong prediction was off, where it is no ratio of the two.
    `when` is the time in UTC, as ISO 8601 writes it. `data` holds a few further numbers.
    """

    kind: str
    title: str = ""
    about: str = ""
    said: Value = None
    measured: Value = None
    unit: str = ""
    right: bool | None = None
    factor: float | None = None
    sentence: str = ""
    data: Mapping[str, Value] = field(default_factory=dict)
    notebook: str | None = None
    session: str = ""
    when: str = ""

    @classmethod
    def now(cls, kind: str, **parts: Any) -> Entry:
        """An entry of this moment, session and notebook; its values made fit to be kept."""
        return _fit({**parts, "kind": kind, "when": _stamp(), "session": place.session(),
                     "notebook": place.notebook()})  # fmt: skip

    def line(self) -> bytes:
        """The entry as one line of JSON, at most `LONGEST_LINE` bytes with its end."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        kept = {"v": VERSION} | {k: v for k, v in found.items() if v not in (None, "", {})}
        text = _dumped(kept)
        if len(text) > LONGEST_LINE:
            kept.pop("data", None)
            text = _dumped(kept)
        if len(text) > LONGEST_LINE:
            kept = {k: v[:80] if isinstance(v, str) else v for k, v in kept.items()}
            text = _dumped(kept)
        return text


_latest = ""


def _stamp() -> str:
    """This moment in UTC; never before the entry before it, where the clock was set back.

    Then the order of this process's entries is that in which they were made.
    """
    global _latest
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _latest = max(_latest, now)  # of this form, and so in the order of time
    return _latest


def _dumped(kept: dict) -> bytes:
    text = json.dumps(kept, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def parse(line: bytes) -> Entry | None:
    """The entry of one line, or None where the line is none. Runs nothing, raises nothing."""
    try:
        found = json.loads(line.decode(), parse_constant=_refused)
        if not isinstance(found, dict) or not isinstance(found.get("kind"), str):
            return None
        datetime.fromisoformat(found.get("when", ""))
        return _fit(found)
    except (ValueError, TypeError, RecursionError):
        return None


def _refused(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _fit(found: Mapping[str, Any]) -> Entry:
    """An entry of what fits; a part of the wrong type is left out."""
    texts = ("kind", "title", "about", "unit", "sentence", "session", "when")
    parts: dict[str, Any] = {name: _text(found.get(name)) for name in texts}
    parts["notebook"] = _text(found.get("notebook")) or None
    parts["said"], parts["measured"] = _value(found.get("said")), _value(found.get("measured"))
    parts["right"] = found["right"] if isinstance(found.get("right"), bool) else None
    factor = _value(found.get("factor"))
    parts["factor"] = factor if isinstance(factor, int | float) else None
    data = found.get("data")
    items = list(data.items())[:MOST_ITEMS] if isinstance(data, Mapping) else []
    parts["data"] = {_text(str(name)): _value(value) for name, value in items}
    return Entry(**parts)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    # a lone surrogate has no bytes, and a line must stay a line
    return value[:LONGEST_TEXT].encode(errors="replace").decode()


def _value(value: Any) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return float(f"{number:.6g}") if math.isfinite(number) else None
    return _text(value) or None
