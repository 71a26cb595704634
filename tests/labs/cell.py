"""A function as it is in a learner's notebook: its cell's names, and the cell's text."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from textwrap import dedent
from typing import Any

_numbers = itertools.count(1)


def cell(text: str, name: str, **names: Any) -> Callable[..., Any]:
    """The function `name` that a cell with this text defines, its imports among its names.

    It travels to another process as code, since it is of no module that could be imported.
    """
    text = dedent(text).lstrip("\n")
    filename = f"<a cell of a notebook, {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace = {"__name__": "__main__", **names}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]
