"""Marks in the source of a solution: where an exercise has a blank instead.

A statement whose line ends in ``# BLANK: words`` becomes ``...  # words``; of an assignment
and of a return only the value does, of a ``with`` what it enters. Lines between
``# BLANK: words`` and ``# END``, each on a line of its own, become one ``...  # words``. That an
exercise is derived from its solution is how the scikit-learn course does it.
"""

from __future__ import annotations

import re

_MARK = re.compile(r"^(?P<indent>\s*)(?P<code>.*?)\s*# BLANK: (?P<words>.+)$")
_END = re.compile(r"^\s*# END$")
_BLOCK = re.compile(r"^(?P<word>(async )?with) .+:$")
_VALUE = re.compile(r"^(return|[A-Za-z_][\w.\[\]\"', ]*? [-+*/]?=)\s")


def with_blanks(source: str) -> str:
    """The source of the exercise. Raises ValueError for a mark without its end."""
    lines: list[str] = []
    hidden = False
    for line in source.splitlines():
        if hidden:
            hidden = not _END.match(line)
        elif found := _MARK.match(line):
            indent, code, words = found["indent"], found["code"], found["words"]
            hidden = not code
            if block := _BLOCK.match(code):
                lines.append(f"{indent}{block['word']} ...:  # {words}")
                continue
            value = _VALUE.match(code)
            lines.append(f"{indent}{f'{value[1]} ' if value else ''}...  # {words}")
        elif _END.match(line):
            raise ValueError(f"an END without its BLANK in:\n{source}")
        else:
            lines.append(line)
    if hidden:
        raise ValueError(f"a BLANK without its END in:\n{source}")
    return "\n".join(lines)


def without_marks(source: str) -> str:
    """The source of the solution, as a learner is shown it."""
    lines = []
    for line in source.splitlines():
        found = _MARK.match(line)
        if found and found["code"]:
            lines.append(found["indent"] + found["code"])
        elif not found and not _END.match(line):
            lines.append(line)
    return "\n".join(lines)
