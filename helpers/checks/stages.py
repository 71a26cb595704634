"""Two stages beside a real event loop: a blocking call in a thread, then a process that computes.

The first order's blocking call ends at once, those of the others when the first is computed: so
each order has to go on by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

from .beside import PATIENCE_S, Beside
from .sent import Order, bake, heard, listen

#: Real seconds for a process to start, before the solution is called.
START_S = 60.0


class Stages(Beside):
    """As `Beside`; what `legacy` gives is for `bake`, and `bake` for a process.

    `computed` holds the orders of all computations, with the processes they ran in; `waited`
    says that the first computation began only when the others had been asked, or not at all.
    """

    compute = staticmethod(bake)

    def __init__(self, count: int) -> None:
        super().__init__(count, gives=lambda number: Order(number, *self._where))
        self.computed: list[tuple[int, int]] = []
        self.waited = False
        self._first = threading.Event()
        self._gates.append(self._first)
        self._listener, self._where = listen()

    def attend(self, solution: Callable[..., Any], *args: Any, doing: str,
               cancelled: bool = False) -> Any:  # fmt: skip
        """As `Beside.attend`."""
        threading.Thread(target=self._serve, name="the check", daemon=True).start()
        try:
            return super().attend(solution, *args, doing=doing, cancelled=cancelled)
        finally:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    @property
    def baked_here(self) -> list[int]:
        """The orders that were computed in this very process."""
        return [number for number, pid in self.computed if pid == os.getpid()]

    def _wait_until_over(self, order: int) -> None:
        if order and not self._first.wait(PATIENCE_S):
            self.waited = True
            self._let_go()

    def _serve(self) -> None:
        with suppress(OSError):  # it is over
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(line,), name="the check",
                                 daemon=True).start()  # fmt: skip

    def _answer(self, line: socket.socket) -> None:
        with closing(line), suppress(OSError):
            told = heard(line.recv(4096), self._where[1])  # short enough to come in one piece
            if told is None:
                return
            self.computed.append((told["number"], told["pid"]))
            if told["number"] == 0:
                self._first.set()
            if told["pid"] != os.getpid():
                self.ask_the_loop()  # it is answered only where the loop runs
            line.sendall(b".")


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that have started."""
    fork = "fork" in multiprocessing.get_all_start_methods()
    how = multiprocessing.get_context("fork") if fork else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        pool = ProcessPoolExecutor(count, mp_context=how)
        try:
            pool.submit(os.getpid).result(START_S)
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
