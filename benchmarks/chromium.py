"""Whether rows that need a browser can be measured here."""

from __future__ import annotations


def missing(what: str) -> bool:
    """Whether Chromium or the test tools are missing; says so, and which rows then are."""
    try:
        from tests.harness.browser import chromium
    except ImportError as error:
        print(f"(no rows on {what}: {error})")
        return True
    if chromium() is None:
        print(f"(no rows on {what}: apt-get install chromium)")
        return True
    return False
