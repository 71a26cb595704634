"""The text of a notebook's cells travels with its functions, for tracebacks that show lines."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from pathlib import Path


def sources_of(functions: Iterable[Callable | None]) -> dict[str, str]:
    """``{file name: text}`` of the cells that define `functions`, and what they name.

    Files that exist are left out: the worker can read them itself.
    """
    found: dict[str, str] = {}
    for function in functions:
        code = getattr(function, "__code__", None)
        if function is None or code is None:
            continue
        named = [function.__globals__.get(name) for name in code.co_names]
        for one in (function, *named):
            name = getattr(getattr(one, "__code__", None), "co_filename", None)
            if name and name not in found and not Path(name).exists():
                found[name] = "".join(linecache.getlines(name))
    return found


def remember(sources: dict[str, str]) -> None:
    """Make tracebacks of this process show lines of `sources`."""
    for name, text in sources.items():
        # no modification time: linecache must not look for the file
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
