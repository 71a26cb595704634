"""How far a prediction was off, in a factor and a sentence; and which surprised most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from .entry import Entry

#: A number counts as right up to this factor, in either direction.
RIGHT_WITHIN = 1.25
#: By which factor a wrong choice is off, where no measurement says.
WRONG_CHOICE = 2.0
#: Units of time.
TIMES = ("ms", "s", "µs")


def is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def ratio(entry: Entry) -> float | None:
    """Said over measured, where both are numbers above 0."""
    said, measured = entry.said, entry.measured
    if is_number(said) and is_number(measured) and said > 0 and measured > 0:
        return said / measured
    return None


def off_by(entry: Entry) -> float:
    """How far off a prediction was, as a factor of 1 or more; 1 where that can't be told."""
    found = ratio(entry)
    if found is not None:
        return max(found, 1 / found)
    if entry.right is False:
        return max(entry.factor or WRONG_CHOICE, 1.0)
    return 1.0


def was_right(entry: Entry) -> bool | None:
    """Whether a prediction was right; None where that can't be told."""
    if entry.right is not None:
        return entry.right
    if is_number(entry.said) and is_number(entry.measured):
        if entry.said == entry.measured:
            return True
        return ratio(entry) is not None and off_by(entry) <= RIGHT_WITHIN
    return None


def judged(entry: Entry) -> str:
    """A few words: ``right``, ``3.2× too high``, ``wrong``, or a dash."""
    right = was_right(entry)
    if entry.said is None or right is None:
        return "–"
    found = ratio(entry)
    if right:
        return "right" if found in (None, 1.0) else f"right, within {RIGHT_WITHIN - 1:.0%}"
    if found is None:
        return "wrong"
    return f"{factor(off_by(entry))} too {'high' if found > 1 else 'low'}"


def told(entry: Entry) -> str:
    """What was said and what was measured, in one sentence."""
    about = f" for {entry.about}" if entry.about else ""
    said, measured = amount(entry.said, entry.unit), amount(entry.measured, entry.unit)
    off = off_by(entry)
    found = ratio(entry)
    if found is None or entry.unit not in TIMES:
        verdict = judged(entry) if was_right(entry) is not None else "it can't be told here"
        return f"You said {said}{about}; measured: {measured} ({verdict})."
    if off <= RIGHT_WITHIN:
        return f"You said {said}{about}, it took {measured}: about what you thought."
    way = "faster" if found > 1 else "slower"
    return f"You said {said}{about}, it took {measured}: {factor(off)} {way} than you thought."


def amount(value: object, unit: str = "") -> str:
    """A value in words: ``54 ms``, ``1.2×``, ``36 hand-offs``; a dash for None."""
    if value is None:
        return "–"
    if not is_number(value):
        return str(value)
    size = abs(value)
    digits = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2
    text = f"{value:,.{digits}f}"
    return f"{text}{unit}" if unit in ("", "×") else f"{text} {unit}"


def factor(value: float) -> str:
    """``5.6×``, ``24×``."""
    return f"{value:,.{0 if value >= 10 else 1}f}×"


def predictions(noted: Iterable[Entry]) -> list[Entry]:
    """The entries in which something was said beforehand, and then measured."""
    told_of = (entry for entry in noted if entry.kind == "prediction")
    return [e for e in told_of if e.said is not None and e.measured is not None]


def surprises(noted: Iterable[Entry], most: int = 5) -> list[Entry]:
    """The predictions that were furthest off, the furthest first; each thing once."""
    found: dict[tuple, Entry] = {}
    for entry in predictions(noted):
        key = (entry.title, entry.about, entry.unit)
        if was_right(entry) is False and (key not in found or off_by(entry) > off_by(found[key])):
            found[key] = entry
    return sorted(found.values(), key=off_by, reverse=True)[:most]
