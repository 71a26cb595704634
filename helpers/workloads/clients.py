"""One client for all tasks of a run: made where the tasks run, kept open, closed with the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from typing import Any


class Shared:
    """Call it to get the one object that ``make(*args, **options)`` gives in this process.

    A client with open connections can't travel to another process, and an async client
    belongs to one event loop. So what travels is this recipe. The first task that calls
    it makes the object and all others get the same one: one a process for a blocking
    client, one an event loop for an async client (anything with ``async with``). The
    latter is closed when its loop ends; the former with its process.

    Raises TypeError for a `make` that can't be called, RuntimeError where an async client is
    asked for outside a coroutine.
    """

    def __init__(self, make: Callable[..., Any], *args: Any, **options: Any) -> None:
        if not callable(make):
            raise TypeError(f"shared() takes a class or function that makes a client, and then "
                            f"its arguments; {make!r} is no such thing.")  # fmt: skip
        self._recipe = make, args, options
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._blocking: Any = None
        self._of_loops: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    def __getstate__(self) -> tuple:
        return self._recipe

    def __setstate__(self, recipe: tuple) -> None:
        self._recipe = recipe
        self._forget()

    def __call__(self) -> Any:
        if self._process != os.getpid():  # forked: the parent's connections are not ours
            self._forget()
            self._process = os.getpid()
        loop = _running_loop()
        with self._lock:
            if self._blocking is not None:
                return self._blocking
            if loop in self._of_loops:
                return self._of_loops[loop][0]
            make, args, options = self._recipe
            if loop is None and _is_async(make):
                raise RuntimeError(f"{make.__name__} is an async client: ask for it inside a "
                                   f"coroutine, where its event loop runs.")  # fmt: skip
            made = make(*args, **options)
            if _is_async(made) and loop is not None:
                self._of_loops[loop] = made, _closed_with_the_loop(made)
            else:
                self._blocking = made
            return made


def shared(make: Callable[..., Any], *args: Any, **options: Any) -> Shared:
    """One client for all tasks of a run, e.g. ``shared(httpx2.Client, base_url=url)``.

    It is what ``make(*args, **options)`` gives, made in the run, at the first use. Call what it
    gives, in the task, to get the client: ``client().get(...)``. See `Shared`.
    """
    return Shared(make, *args, **options)


def _running_loop():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _is_async(client: Any) -> bool:
    # aiohttp's session has a plain `with` too, which only says that one should not use it
    return hasattr(client, "__aenter__")


def _closed_with_the_loop(client: Any) -> AsyncGenerator[None, None]:
    """Have the running loop close `client` at its end; keep what this gives until then.

    ``asyncio.run`` closes the asynchronous generators that were begun and did not end.
    So one that waits at its ``yield`` is a hook for the loop's end.
    """

    async def keep():
        try:
            yield
        finally:
            close = getattr(client, "aclose", None) or client.close
            await close()

    generator = keep()
    step = generator.__anext__()
    with contextlib.suppress(StopIteration):
        step.send(None)  # to its yield, which nothing has to be waited for
    return generator
