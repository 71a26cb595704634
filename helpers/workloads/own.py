"""A learner's own functions as a workload, checked before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .base import Workload


class BadWorkload(ValueError):
    """What was given can't be run; the message says what to do instead."""


def as_workload(what: Any, args: tuple = ()) -> Workload:
    """The workload that `what` stands for.

    `what` is a `Workload`, a function (plain or ``async def``), or a pair
    ``(blocking, coroutine)`` of functions that do the same work. A function is called
    with `args`; if it has one parameter more than that, the task's number comes first.
    Raises BadWorkload with one sentence that says what to do.
    """
    if isinstance(what, Workload):
        if args:
            raise BadWorkload("args= belongs to your own functions; a built-in workload has sizes.")
        return what
    if isinstance(what, (tuple, list)):
        return _pair(tuple(what), args)
    if inspect.iscoroutine(what):
        name = what.__name__
        what.close()
        raise BadWorkload(f"{name}() was called already: pass the function itself, {name}.")
    if not callable(what):
        raise BadWorkload(
            f"A workload is a function, a pair (blocking, async), or work.something(); "
            f"this is {_a(what)}."
        )
    is_async = _is_async(what)
    return _build(None if is_async else what, what if is_async else None, args)


def _pair(pair: tuple, args: tuple) -> Workload:
    if len(pair) != 2 or not all(callable(f) for f in pair):
        raise BadWorkload("A pair is (blocking, async): two functions that do the same work.")
    blocking, coroutine = pair
    if _is_async(blocking) and not _is_async(coroutine):
        raise BadWorkload(
            f"The pair is the wrong way round: put {_name(coroutine)} (plain) first and "
            f"{_name(blocking)} (async def) second."
        )
    if _is_async(blocking):
        raise BadWorkload(f"{_name(blocking)} is async: the first of a pair is a plain function.")
    if not _is_async(coroutine):
        raise BadWorkload(f"{_name(coroutine)} is not async: write it as async def, or pass one "
                          f"function alone.")  # fmt: skip
    return _build(blocking, coroutine, args)


def _build(blocking: Callable | None, coroutine: Callable | None, args: tuple) -> Workload:
    functions = [f for f in (blocking, coroutine) if f is not None]
    numbered = {_takes_number(f, args) for f in functions}
    if len(numbered) > 1:
        raise BadWorkload("Both functions of a pair need the same parameters.")
    name = _name(functions[0])
    return Workload(name, f"{name}()", blocking, coroutine, takes_number=numbered.pop(),
                    args=tuple(args))  # fmt: skip


def _takes_number(function: Callable, args: tuple) -> bool:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some C functions don't tell
        return False
    # Called with args alone, if it can be; only then with the task's number first, so
    # that a default such as `seconds=0.1` is never overwritten by a number.
    for numbered, given in ((False, args), (True, (0, *args))):
        try:
            signature.bind(*given)
        except TypeError:
            continue
        return numbered
    raise BadWorkload(
        f"{_name(function)}{signature} can't be called with {len(args)} arguments: give it "
        f"args=(...), or let it take the task's number alone."
    )


def _is_async(function: Callable) -> bool:
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    # an object with `async def __call__` is one too
    call = getattr(type(function), "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _name(function: Callable) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def _a(thing: Any) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
