"""Whether a solution was attempted: it was, once no blank is left in it."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping
from typing import Any


def blanks(solution: Any) -> int:
    """How many blanks (``...``) are left in a function, or in an answer that is one.

    Dots in square brackets, as in ``tuple[int, ...]``, are none. 0 where the source can't
    be read.
    """
    if solution is ...:
        return 1
    if not callable(solution):
        return 0
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(solution)))
    except (OSError, TypeError, SyntaxError):
        return 0
    return _blanks_below(tree)


def _blanks_below(node: ast.AST) -> int:
    if isinstance(node, ast.Subscript):
        return 0
    if isinstance(node, ast.Constant):
        return int(node.value is ...)
    return sum(map(_blanks_below, ast.iter_child_nodes(node)))


class BadOrder(ValueError):
    """An answer that is no order of the lines; the message says what to write."""


def assembled(lines: Mapping[str, str], order: Any, name: str) -> str:
    """The program that the letters in `order` make of `lines`.

    Raises BadOrder where `order` is no text of letters among `lines`, each at most once.
    """
    example = " ".join(lines)
    if not isinstance(order, str):
        raise BadOrder(f'{name} is a text of letters: write something like "{example}".')
    letters = [letter for letter in order.upper().replace(",", " ").split() if letter]
    if len(letters) == 1 and len(letters[0]) > 1:
        letters = list(letters[0])
    unknown = [letter for letter in letters if letter not in lines]
    if unknown:
        raise BadOrder(f"There is no line {', '.join(unknown)}: the lines are {example}.")
    twice = sorted({letter for letter in letters if letters.count(letter) > 1})
    if twice:
        raise BadOrder(f"Line {', '.join(twice)} stands there twice: use each line once.")
    return "\n".join(lines[letter] for letter in letters) + "\n"


def function_of(source: str, name: str, globals_: Mapping[str, Any]) -> Callable:
    """The function `name` that `source` defines, its lines known to tracebacks.

    Raises SyntaxError (IndentationError among it) for what is no program, and LookupError
    where it does not define `name`.
    """
    filename = f"<your order: {name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace = dict(globals_)
    exec(compile(source, filename, "exec"), namespace)
    if name not in namespace:
        raise LookupError(name)
    return namespace[name]
