"""Blocking calls beside a real event loop: where they ran, and whether the loop ran meanwhile.

Each call asks the loop for an answer that only a running loop gives, and meets the others. What
a solution hands to a pool of threads begins when the loop has taken its next turn: so a
function that looks a variable up too late always does, and nothing depends on who is quicker.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .finding import Wrong
from .simulated import shown
from .standing import learners_line, line_of, standing_in, stuck

#: Real seconds for the loop to answer, and for calls to meet. Who is late did not come.
PATIENCE_S = 3.0
#: Real seconds for all of it.
LIMIT_S = 8.0
#: Real seconds to come back for who held the loop, when nobody waits any more.
GRACE_S = 1.5
#: Turns of the loop in which a cancellation reaches everything that awaits.
TURNS = 50
REQUEST = "request 7"
UNENDED = (
    "Who waits here, and for whom? A result() or join() in the loop's own thread that waits for "
    "what only the loop can do waits for ever."
)

#: What a solution's caller has set.
request: contextvars.ContextVar[str | None] = contextvars.ContextVar("request", default=None)


class Beside:
    """`count` calls of a blocking function that must be in progress together.

    `failing` gives the exceptions that calls raise, by order; `gives` makes the result of an
    order. After `attend`: `calls` holds the orders of all calls, `here` those in the loop's
    thread, `seen` what each found in the context variable, `most` how many were in progress
    at once, `met` whether all were. `held` is the line in which the loop's thread stood when
    it did not answer, None if it did, `early` whether the solution came back too soon,
    `unclosed` whether a pool of its own was not shut down, `strange` what was raised in a
    thread instead of a call.
    """

    def __init__(self, count: int, failing: Mapping[int, Exception] | None = None,
                 gives: Callable[[int], Any] = "loaf {}".format) -> None:  # fmt: skip
        self.orders, self.failing, self._gives = list(range(count)), dict(failing or {}), gives
        self.calls: list[int] = []
        self.ended: list[int] = []
        self.here: list[int] = []
        self.seen: dict[int, str | None] = {}
        self.most, self.met, self.early, self.unclosed = 0, True, False, False
        self.held: str | None = None
        self.misuse: Wrong | None = None
        self.strange: list[BaseException] = []
        self._changed = threading.Condition()
        self._now, self._pending, self._free = 0, 0, False
        self._answered, self._released, self._cancelling = 0, False, False
        self._done = [threading.Event() for _ in range(count)]
        self._gates: list[threading.Event] = []
        self._reached: dict[int, int] = {}  # calls, by thread
        self._pools: dict[int, Any] = {}
        self._closed: set[int] = set()
        self._loop: Any = None
        self._loops_thread: int | None = None

    @property
    def legacy(self) -> Callable[[int], Any]:
        """The blocking function that a solution gets."""

        def legacy(order: int) -> Any:
            return self._call(order)

        legacy.__qualname__ = "legacy"  # as messages of Python name it
        return legacy

    # --- one call ----------------------------------------------------------------------

    def _call(self, order: Any) -> Any:
        me = threading.get_ident()
        with self._changed:
            self._reached[me] = self._reached.get(me, 0) + 1
        if type(order) is not int or order not in self.orders:
            self.misuse = Wrong(f"legacy was called with {shown(order)}, which is no order.",
                                "It takes one order each time.")  # fmt: skip
            self._let_go()
            raise self.misuse
        with self._changed:
            self.calls.append(order)
            self.seen[order] = request.get()
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now == len(self.orders):
                self._changed.notify_all()
        if me == self._loops_thread:
            self.here.append(order)
            self._let_go()
        else:
            self._meet()
        self._wait_until_over(order)
        with self._changed:
            self._now -= 1
            self.ended.append(order)
        self._done[order].set()
        if order in self.failing:
            raise self.failing[order]
        return self._gives(order)

    def _meet(self) -> None:
        """Meet the other calls, and be answered by the loop."""
        self.ask_the_loop(wait=False)
        count = len(self.orders)
        if not self._wait(lambda: self.most == count):
            if self._answered:
                self.met = False
                self._let_go()
            else:
                self.hold()
        # What the loop answers after the meeting is no longer counted: it has to be alive now.
        elif not self._cancelling:
            self.ask_the_loop()
        if self._cancelling and not self._wait(lambda: self._released):
            self.hold()

    def _wait_until_over(self, order: int) -> None:
        """Orders end backwards, where all are in progress."""
        following = self._done[order + 1 :][:1]
        if following and not self._free:
            following[0].wait(PATIENCE_S)

    def ask_the_loop(self, wait: bool = True) -> None:
        """Ask the loop for an answer, and with `wait` wait for it; note it if none comes."""
        came = threading.Event()

        def answer() -> None:
            self._answered += 1
            came.set()

        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(answer)
        if wait:
            self._demand(came)

    def _demand(self, gate: threading.Event) -> None:
        """Wait for what the loop opens; if it does not, say so."""
        with self._changed:
            self._gates.append(gate)
            if self._free:
                return
        if not gate.wait(PATIENCE_S):
            self.hold()

    def _wait(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._free or condition(), PATIENCE_S)

    def hold(self) -> None:
        """The loop has not answered: note where its thread stands, and keep nobody waiting."""
        with self._changed:
            if self.held is None:
                frame = sys._current_frames().get(self._loops_thread or 0)
                self.held = learners_line(frame) if frame else ""
        self._let_go()

    def _let_go(self) -> None:
        """Nobody waits for anything any more."""
        with self._changed:
            self._free = True
            self._changed.notify_all()
            for event in (*self._done, *self._gates):
                event.set()

    @property
    def over(self) -> bool:
        """Whether nobody waits for anything any more."""
        return self._free

    # --- the solution ------------------------------------------------------------------

    def attend(self, solution: Callable[..., Any], *args: Any, doing: str,
               cancelled: bool = False) -> Any:  # fmt: skip
        """What ``await solution(*args)`` gives, on a loop in a thread; what it raises comes.

        With `cancelled` it is cancelled when all calls are in progress, and gives None. Raises
        Wrong if it does not come back, or if there is nothing to await.
        """
        answer: dict[str, Any] = {}
        over = threading.Event()
        self._cancelling = cancelled
        given = {id(one) for one in args}

        def body() -> None:
            self._loop, self._loops_thread = asyncio.new_event_loop(), threading.get_ident()
            standing_in[self._loops_thread] = self._standing
            try:
                main = self._cancelled if cancelled else self._main
                answer["value"] = self._loop.run_until_complete(main(solution, args, doing))
            except BaseException as error:
                answer["error"] = error
            self._pools.pop(id(getattr(self._loop, "_default_executor", None)), None)
            self.unclosed = bool(self._pools.keys() - self._closed - given)
            self._let_go()
            del standing_in[self._loops_thread]  # another thread may get its number
            over.set()
            _end(self._loop)

        with self._watched_pools():
            threading.Thread(target=body, name="the loop's thread", daemon=True).start()
            if not self._ends(over):
                wrong = stuck(LIMIT_S, doing)
                raise Wrong(wrong.observed, UNENDED)
        if "error" in answer:
            raise answer["error"]
        return answer["value"]

    def _ends(self, over: threading.Event) -> bool:
        """Whether a solution comes back in time; a loop that stands still is noted."""
        began = asked = time.monotonic()
        came = threading.Event()
        came.set()
        while not over.wait(0.05):
            now = time.monotonic()
            if came.is_set() and self._loop is not None:
                came.clear()
                asked = now
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(came.set)
            late = not came.is_set() and now - asked > PATIENCE_S + 0.5  # a call says it sooner
            if late and self.held is None:
                self.hold()
            if now - began > (LIMIT_S if self.held is None else PATIENCE_S + GRACE_S):
                return False
        return True

    async def _main(self, solution: Callable[..., Any], args: tuple, doing: str) -> Any:
        try:
            return await self._made(solution, args, doing)
        finally:
            left = self._pending and len(self.calls) < len(self.orders)
            self.early = bool(self._now or left)

    async def _cancelled(self, solution: Callable[..., Any], args: tuple, doing: str) -> None:
        task = asyncio.ensure_future(self._made(solution, args, doing))
        while self._now < len(self.orders) and not task.done() and not self._free:
            await asyncio.sleep(0.002)
        task.cancel()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        with self._changed:
            self._released = True
            self._changed.notify_all()
        await asyncio.wait([task], timeout=PATIENCE_S)
        if not task.done():
            raise Wrong(f"{doing} was cancelled, and had not ended when all calls had.",
                        "CancelledError is raised at the await. Let it through.")  # fmt: skip
        if not task.cancelled():
            task.result()

    async def _made(self, solution: Callable[..., Any], args: tuple, doing: str) -> Any:
        request.set(REQUEST)
        made = solution(*args)
        if not inspect.isawaitable(made):
            raise Wrong(f"{doing} gave {shown(made)} when it was called: nothing to await.",
                        "The function begins with async def.")  # fmt: skip
        return await made

    def _standing(self) -> list[str]:
        with contextlib.suppress(RuntimeError):  # tasks came and went meanwhile
            lines = [line_of(task.get_coro()) for task in asyncio.all_tasks(self._loop)]
            return sorted({line for line in lines if line})
        return []

    # --- what it hands to pools --------------------------------------------------------

    @contextlib.contextmanager
    def _watched_pools(self) -> Iterator[None]:
        """Have every pool of threads tell what it is given, and when it is shut down."""
        pools: Any = ThreadPoolExecutor  # which gets methods of ours for a while
        submit, shutdown = pools.submit, pools.shutdown

        @functools.wraps(submit)
        def told_submit(pool: Any, function: Callable, /, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._loops_thread:
                return submit(pool, function, *args, **kwargs)
            self._pools[id(pool)] = pool
            turned = threading.Event()
            self._loop.call_soon(turned.set)
            with self._changed:
                self._pending += 1
            future = submit(pool, self._begun, turned, function, args, kwargs)
            future.add_done_callback(self._never_begun)
            return future

        @functools.wraps(shutdown)
        def told_shutdown(pool: Any, *args: Any, **kwargs: Any) -> None:
            self._closed.add(id(pool))
            shutdown(pool, *args, **kwargs)

        pools.submit, pools.shutdown = told_submit, told_shutdown
        try:
            yield
        finally:
            pools.submit, pools.shutdown = submit, shutdown

    def _begun(self, turned: threading.Event, function: Callable, args: tuple, kwargs: dict) -> Any:
        self._demand(turned)
        me = threading.get_ident()
        before = self._reached.get(me, 0)
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            if self._reached.get(me, 0) == before:  # a call's own exception is none
                self.strange.append(error)
                self._let_go()
            raise
        finally:
            with self._changed:
                self._pending -= 1

    def _never_begun(self, future: Any) -> None:
        if future.cancelled():
            with self._changed:
                self._pending -= 1


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what a solution has left, and close the loop, as far as that goes."""
    with contextlib.suppress(Exception):
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=1))
        for task in left:
            if task.done() and not task.cancelled():
                task.exception()  # read, so that nobody complains of it later
        loop.close()
