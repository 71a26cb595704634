"""What a check found: right, wrong with what was observed, or not attempted."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT, WRONG, NOT_ATTEMPTED = "right", "wrong", "not attempted"


class Wrong(Exception):
    """A solution did something else than asked.

    `observed` is a sentence on what it did, `points_at` one on the misconception that
    usually lies behind it, empty where there is none. `details` may hold a traceback.
    """

    def __init__(self, observed: str, points_at: str = "", details: str = "") -> None:
        super().__init__(observed)
        self.observed, self.points_at, self.details = observed, points_at, details


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `status` is "right", "wrong" or "not attempted"."""

    status: str
    observed: str
    points_at: str = ""
    details: str = ""

    @property
    def right(self) -> bool | None:
        """True or False; None for what was not attempted."""
        return None if self.status == NOT_ATTEMPTED else self.status == RIGHT

    def as_dict(self) -> dict[str, str]:
        """For the way back from another process."""
        return dict(vars(self))
