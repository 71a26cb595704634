"""How often to repeat: as often as a verdict needs, or once, to see that everything runs."""

from __future__ import annotations

import os

#: Set to "few" for a rehearsal: everything runs, in a third of the time, and the verdicts
#: say that they have seen too little.
VARIABLE = "COURSE_ROUNDS"


def in_haste() -> bool:
    """Whether the environment variable COURSE_ROUNDS is "few"."""
    return os.environ.get(VARIABLE) == "few"


def paced(rounds: int) -> int:
    """`rounds`, or 1 in haste."""
    return 1 if in_haste() else rounds


def patient(retries: int) -> int:
    """`retries` of what other programs disturb, or 0 in haste: a rehearsal may be disturbed."""
    return 0 if in_haste() else retries
