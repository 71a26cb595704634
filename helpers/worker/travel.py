"""How a learner's functions travel to another process: as code, with what they name.

Locks and their kin can't be pickled. A function that names one at the top of a notebook gets
a new one there, the same for all functions that travel together: a lock protects what runs
in one process, and that is the other one now. A cached function of a notebook gets an empty
cache.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import io
import queue
import threading
from collections.abc import Callable
from types import CodeType
from typing import Any

from .errors import RunError

_MADE_ANEW = (type(threading.Lock()), type(threading.RLock()), queue.SimpleQueue,
              asyncio.Lock, asyncio.Event, asyncio.Condition)  # fmt: skip
_CACHED = type(functools.cache(int))
_REFUSED = (threading.Thread, concurrent.futures.Executor, concurrent.futures.Future,
            asyncio.Future, asyncio.AbstractEventLoop)  # fmt: skip


def as_code(what: Any) -> bytes:
    """`what` cloudpickled: a learner's functions as code. Raises RunError if it can't be."""
    packed = io.BytesIO()
    try:
        _pickler()(packed).dump(what)
    except Exception as error:
        raise RunError(
            f"This can't be sent to the worker process: {error}. Make it inside the function "
            f"instead of passing it in."
        ) from error
    return packed.getvalue()


@functools.cache
def _pickler() -> type:
    import cloudpickle  # late: a notebook's import cell need not wait for it

    class Pickler(cloudpickle.CloudPickler):
        """Makes locks anew, and refuses what would arrive as an empty shell."""

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, CodeType):
                # From 3.1.3 on cloudpickle leaves out the file, where tracebacks find the lines.
                make, parts = cloudpickle.CloudPickler.dispatch_table[CodeType](obj)
                return _in_file, (make, parts, obj.co_filename)
            if isinstance(obj, _MADE_ANEW):
                return _maker(obj), ()
            if isinstance(obj, asyncio.Semaphore):
                return type(obj), (obj._value,)
            if isinstance(obj, contextvars.ContextVar):
                return contextvars.ContextVar, (obj.name,)
            if isinstance(obj, _CACHED) and obj.__module__ == "__main__":
                # By itself it travels by name, and the worker does not know the notebook's.
                return _cached, (obj.cache_parameters(), obj.__wrapped__)
            if isinstance(obj, _REFUSED):
                raise TypeError(f"{_named(obj)} works in its own process only")
            return super().reducer_override(obj)

    return Pickler


def _in_file(make: Callable[..., CodeType], parts: tuple, name: str) -> CodeType:
    """The code that `make` gives, as written in the file `name`."""
    return make(*parts).replace(co_filename=name)


def _maker(obj: Any) -> Any:
    if isinstance(obj, type(threading.Lock())):
        return threading.Lock
    return threading.RLock if isinstance(obj, type(threading.RLock())) else type(obj)


def _cached(parameters: dict, function: Callable) -> Callable:
    """The function with an empty cache of the same kind."""
    return functools.lru_cache(**parameters)(function)


def _named(obj: Any) -> str:
    name = type(obj).__name__
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"
