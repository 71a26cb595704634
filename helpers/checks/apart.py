"""Calls in other processes that meet: how many at once, where, and what had to travel.

A call tells the check through a socket that it is there (`sent`), and waits to be let go. The
check lets them go when nobody else can come: all processes of the learner's pool are at it, or
all calls that were submitted, and the learner's code waits.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import selectors
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import context
from multiprocessing import process as running
from typing import Any, cast

from .sent import Order, Square, bake, heard, listen
from .standing import Solution, is_learners, stuck

#: Real seconds for processes to start and to meet; who is late by so much does not come.
PATIENCE_S = 12.0
#: The same, where nothing was started at all.
SETTLED_S = 1.5
#: Real seconds without anything new, when everybody has been let go.
LIMIT_S = 5.0
#: Real seconds to wait for one result before the next call is let go, where none is seen.
STEP_S = 2.0
#: Where a thread stands that waits for others.
WAITING = {"wait", "join", "_wait_for_tstate_lock", "poll", "select", "get", "recv", "_recv"}


class Apart:
    """Listens to the calls of one solution. Use it in a ``with`` block.

    After `attend`: `most` is how many were there at once, `pids` in which processes calls
    ran, `here` the orders that ran in the check's own, `came` all that was told, `left` how
    many processes there were when the solution came back, `unclosed` whether a pool was.
    """

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.most, self.left, self.unclosed = 0, 0, False
        self._inside: list[tuple[dict, socket.socket]] = []
        self._open, self._submitting, self._in_turn = False, 0, 0
        self._submitted, self._done = 0, 0
        self._pools: list[ProcessPoolExecutor] = []
        self._closed: list[ProcessPoolExecutor] = []
        self._moved = time.monotonic()
        self._listening = selectors.DefaultSelector()
        self._listener, self._where = listen()

    def __enter__(self) -> Apart:
        self._listening.register(self._listener, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: Any) -> None:
        for one in list(self._listening.get_map().values()):
            cast(socket.socket, one.fileobj).close()
        self._listening.close()

    def orders(self, count: int) -> list[Order]:
        """So many items."""
        return [Order(number, *self._where) for number in range(count)]

    def square(self) -> Square:
        """A quick function that tells each process once."""
        return Square(*self._where)

    @property
    def pids(self) -> list[int]:
        """The processes in which calls ran, each once."""
        return list(dict.fromkeys(one["pid"] for one in self.came))

    @property
    def here(self) -> list[int]:
        """The orders that ran in this very process."""
        return [one["number"] for one in self.came if one["pid"] == os.getpid()]

    def attend(self, solution: Callable[..., Any], *args: Any, doing: str,
               backwards: bool = True) -> Any:  # fmt: skip
        """Call ``solution(*args)`` in a thread, and what it gives; what it raises comes through.

        With `backwards`, those that met end in reverse order. Raises Wrong if it does not
        come back.
        """

        def body() -> Any:
            try:
                return solution(*args)
            finally:
                self.left = len(_children())
                self.unclosed = any(pool not in self._closed for pool in self._pools)

        thread = Solution(body)
        with _quick_start(), self._watched_pools():
            thread.start()
            began = self._moved = time.monotonic()
            while thread.is_alive():
                self._serve()
                quiet = time.monotonic() - self._moved
                if not self._open:
                    late = time.monotonic() - began > PATIENCE_S
                    self._open = late or self._nobody_else_comes(thread, quiet)
                    if self._open:
                        self.most, self._moved = len(self._inside), time.monotonic()
                        self._in_turn = self.most - 1 if backwards and not self.here else 0
                        self._inside.sort(key=lambda pair: pair[0]["number"])
                elif self._inside:
                    self._let_go()
                elif quiet > LIMIT_S:
                    raise stuck(LIMIT_S, doing)
        return thread.result()

    def _serve(self) -> None:
        """Take what comes within 10 ms."""
        for key, _ in self._listening.select(0.01):
            self._moved = time.monotonic()
            if key.fileobj is self._listener:
                line, _ = self._listener.accept()
                self._listening.register(line, selectors.EVENT_READ)
                continue
            here, line = None, cast(socket.socket, key.fileobj)
            with contextlib.suppress(OSError):
                # short enough to come in one piece
                here = heard(line.recv(4096), self._where[1])
            self._listening.unregister(line)
            if here is None:
                line.close()
                continue
            self.came.append(here)
            self._inside.append((here, line))

    def _nobody_else_comes(self, thread: threading.Thread, quiet: float) -> bool:
        if self.here:
            return True
        there = len(_children())
        if not _waits(thread) or self._submitting:
            return False
        if not self._inside:
            return not there and not self._submitted and quiet > SETTLED_S
        # Of another kind of pool one can't tell how much it was given.
        pending = self._submitted - self._done if self._submitted else there
        return len(self._inside) >= min(pending, there)

    def _let_go(self) -> None:
        """Let one call go: of those that met, the last item first, so that they end backwards.

        The next one waits for the result of that, or until its process has taken another item.
        """
        in_turn, self._in_turn = self._in_turn > 0, self._in_turn - 1
        here, line = self._inside.pop(self._in_turn + 1 if in_turn else 0)
        done, came, until = self._done, len(self.came), time.monotonic() + STEP_S
        with contextlib.suppress(OSError):
            line.sendall(b".")
        line.close()
        while in_turn and self._done == done and time.monotonic() < until:
            if here["pid"] in [one["pid"] for one in self.came[came:]]:
                break
            self._serve()
        else:
            if in_turn and self._done == done:  # no result is seen here: one wait was enough
                self._in_turn = 0
        self._moved = time.monotonic()

    @contextlib.contextmanager
    def _watched_pools(self) -> Iterator[None]:
        """Have every `ProcessPoolExecutor` tell what it is given, and when it is shut down."""
        pools: Any = ProcessPoolExecutor  # which gets methods of ours for a while
        submit, shutdown = pools.submit, pools.shutdown

        @functools.wraps(submit)
        def told_submit(pool: ProcessPoolExecutor, /, *args: Any, **kwargs: Any) -> Any:
            self._submitting += 1
            try:
                if pool not in self._pools:
                    self._pools.append(pool)
                future = submit(pool, *args, **kwargs)
                self._submitted += 1
                future.add_done_callback(self._one_done)
                return future
            finally:
                self._submitting -= 1

        @functools.wraps(shutdown)
        def told_shutdown(pool: ProcessPoolExecutor, wait: bool = True, **kwargs: Any) -> None:
            shutdown(pool, wait, **kwargs)
            if wait:
                self._closed.append(pool)

        pools.submit, pools.shutdown = told_submit, told_shutdown
        try:
            yield
        finally:
            pools.submit, pools.shutdown = submit, shutdown

    def _one_done(self, _: Any) -> None:
        self._done += 1
        self._moved = time.monotonic()


def _children() -> list[Any]:
    """The processes that this one has started and not yet joined."""
    me, inner = os.getpid(), cast(Any, running)
    return [one for one in list(inner._children) if one._parent_pid == me]


def _waits(thread: threading.Thread) -> bool:
    """Whether a thread stands in a wait for others, called from a learner's code."""
    frame = sys._current_frames().get(thread.ident or 0)
    inside = []
    while frame is not None and not is_learners(frame.f_code.co_filename):
        inside.append(frame.f_code.co_name)
        frame = frame.f_back
    return bool(inside) and inside[0] in WAITING and not {"start", "submit"} & set(inside)


@contextlib.contextmanager
def _quick_start() -> Iterator[None]:
    """Fork where one can, whatever way to start a solution asks for.

    A fork of this fresh process takes milliseconds, and a process that is started anew takes
    seconds where the cores are busy. What is judged stays the same: a function is pickled
    either way, and where `keep` was called is told by the process's id.
    """
    if sys.platform != "linux":
        yield
        return
    before = multiprocessing.get_start_method(allow_none=True)
    ways = cast(Any, context)._concrete_contexts
    kept = dict(ways)
    ways.update(dict.fromkeys(kept, kept["fork"]))
    multiprocessing.set_start_method("fork", force=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        try:
            yield
        finally:
            ways.update(kept)
            multiprocessing.set_start_method(before, force=True)


def workers_asked() -> int:
    """A number of workers that is not a pool's default on this machine."""
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    return 2 if count == 3 else 3


__all__ = ["Apart", "Order", "bake", "workers_asked"]
