"""What can travel to a pool: a function, its arguments and results."""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
import threading
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType, ModuleType
from typing import Any

_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_GUARDS = (*_LOCKS, threading.Condition, threading.Semaphore)


def why_not(functions: Iterable[Callable], args: tuple) -> str:
    """Why a pool of processes can't have these functions with these arguments; "" if it can."""
    for function in functions:
        try:
            pickle.dumps(function)
        except Exception as error:
            name = name_of(function)
            if "<" in getattr(function, "__qualname__", ""):
                return (f"{name} has no name that another process can find; write it with def at "
                        f"the top level")  # fmt: skip
            return f"{name} can't be pickled ({_short(error)})"
    try:
        pickle.dumps(args)
    except Exception as error:
        return f"its arguments can't be pickled ({_short(error)})"
    return ""


def uses_lock(functions: Iterable[Callable], args: tuple) -> bool:
    """Whether a function names a lock, or is given one, by itself or by what it calls."""
    seen: set[int] = set()

    def look(one: Any, depth: int) -> bool:
        if isinstance(one, _GUARDS):
            return True
        if depth == 0 or id(one) in seen:
            return False
        seen.add(id(one))
        return any(look(part, depth - 1) for part in _parts(one))

    return any(look(one, 4) for one in (*functions, *args))


def _parts(one: Any) -> list[Any]:
    if isinstance(one, MethodType):
        return [one.__func__, one.__self__]
    if hasattr(one, "func") and hasattr(one, "args"):  # functools.partial
        return [one.func, *one.args]
    if isinstance(one, FunctionType):
        if _of_a_library(one):
            return []
        names = one.__code__.co_names
        named = [one.__globals__.get(name) for name in names]
        inside = [vars(part) for part in named if isinstance(part, ModuleType)]
        named += [there[name] for there in inside for name in names if name in there]
        with contextlib.suppress(ValueError):  # an empty cell
            named += [cell.cell_contents for cell in one.__closure__ or ()]
        return [*named, getattr(one, "__wrapped__", None)]
    if hasattr(one, "__wrapped__"):  # functools.cache
        return [one.__wrapped__]
    own = getattr(one, "__dict__", None)
    plain = not isinstance(one, (type, ModuleType))
    return list(own.values())[:50] if isinstance(own, dict) and plain else []


def _of_a_library(function: Callable) -> bool:
    """Whether its locks are its own business: those of `logging` keep nobody out for long."""
    root = (function.__module__ or "").partition(".")[0]
    return root in sys.stdlib_module_names or "site-packages" in function.__code__.co_filename


def name_of(function: Callable) -> str:
    """What a reader calls it; a word for what has no name."""
    while hasattr(function, "func"):
        function = function.func
    name = getattr(function, "__name__", "") or type(function).__name__
    return "a lambda" if name == "<lambda>" else name


def shipped(what: Any) -> bytes:
    """`what` as a pool of processes would send it. Raises whatever pickling raises.

    A class or function of the notebook is found by its name there; here, in the worker, it
    gets that name first.
    """

    class Pickler(pickle.Pickler):
        def reducer_override(self, one):
            named = isinstance(one, (type, FunctionType)) and one.__module__ == "__main__"
            if named and one.__qualname__.isidentifier():
                setattr(sys.modules["__main__"], one.__qualname__, one)
            return NotImplemented

    buffer = io.BytesIO()
    Pickler(buffer, 5).dump(what)
    return buffer.getvalue()


def _short(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 90 else text[:89] + "…"
