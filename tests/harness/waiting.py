"""Waiting for a thing itself, not for a time that should be enough."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether `true()` becomes so within `seconds`; as soon as it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return bool(true())  # also where one look takes long
