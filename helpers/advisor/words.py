"""Numbers in words, for sentences about a function."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Two or three digits and a unit: ``52 ms``, ``1.4 s``, ``3.6 µs``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size or unit == "µs":
            value = seconds / size
            return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}"
    raise AssertionError


def times(ratio: float) -> str:
    """``0.42×``, ``1.05×``, ``1.9×``, ``12×``."""
    return f"{ratio:,.{0 if ratio >= 9.95 else 1 if ratio >= 1.95 else 2}f}×"


def percent(share: float) -> str:
    """``96 %``."""
    return f"{share:.0%}".replace("%", " %")


def size(count: float) -> str:
    """``84 bytes``, ``12 KB``, ``1.5 MB``."""
    if count < 2_000:
        return f"{count:.0f} bytes"
    if count < 1_000_000:
        return f"{count / 1e3:.0f} KB"
    return f"{count / 1e6:.1f} MB"


def counted(count: float, thing: str = "call") -> str:
    """``1 call``, ``12 calls``."""
    return f"{count:,.0f} {thing}{'' if count == 1 else 's'}"
