"""Notes who did what when in a pipeline, and how long its queues were.

A learner's code has two marks in it: ``with note("download", number):`` around the work on
one item, and ``watch("downloaded", asyncio.Queue(maxsize=4))`` around a queue. Where nobody
records, both do nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter_ns as now
from typing import Any

from ...worker.travel import as_code

_place: ContextVar[tuple | None] = ContextVar("place", default=None)
_record: Record | None = None


@dataclass
class Record:
    """What was seen, in raw tuples of `perf_counter_ns` stamps; workers by their number.

    `items` are ``(stage, number, worker, begin, end)``, `jobs` what ran in a pool as
    ``(stage, number, who, begin, end)``, `waits` are ``(worker, "put" or "get", begin,
    end)``. `queues` maps a name to its bound and ``[(when, length), ...]``. `count` is called
    with a stage when an item of it is done.
    """

    stages: tuple[str, ...]
    count: Callable[[str], None] = lambda stage: None
    items: list[tuple] = field(default_factory=list)
    jobs: list[tuple] = field(default_factory=list)
    waits: list[tuple] = field(default_factory=list)
    queues: dict[str, tuple[int, list[tuple]]] = field(default_factory=dict)
    _workers: dict[Any, int] = field(default_factory=dict)

    def worker(self) -> int:
        """The number of the task that asks, or of the thread where no loop runs."""
        try:
            who: Any = asyncio.current_task()
        except RuntimeError:
            who = threading.current_thread()
        return self._workers.setdefault(who, len(self._workers))

    @contextmanager
    def recording(self) -> Iterator[Record]:
        """The time in which `note`, `watch` and the pools write to this record."""
        global _record
        _record = self
        try:
            yield self
        finally:
            _record = None


@contextmanager
def note(stage: str, number: int) -> Iterator[None]:
    """Note that the current task works on item `number` in `stage`, for as long as it does.

    Raises ValueError for a stage that the pipeline does not have.
    """
    record = _record
    if record is None:
        yield
        return
    if stage not in record.stages:
        raise ValueError(f"There is no stage {stage!r}: choose among {', '.join(record.stages)}.")
    worker, token, begin = record.worker(), _place.set((stage, number)), now()
    try:
        yield
    finally:
        _place.reset(token)
        record.items.append((stage, number, worker, begin, now()))
    record.count(stage)


def watch(name: str, queue: asyncio.Queue) -> asyncio.Queue:
    """Note the length of `queue` whenever it changes, and who waited for it; gives it back.

    `name` is what the figure calls it. Raises TypeError for what is no `asyncio.Queue`.
    """
    if not isinstance(queue, asyncio.Queue):
        raise TypeError(f"watch() takes an asyncio.Queue, and {queue!r} is none.")
    record = _record
    if record is None:
        return queue
    lengths: list[tuple] = [(now(), 0)]
    record.queues[name] = queue.maxsize, lengths
    # `_put` and `_get` are what asyncio's own subclasses of Queue override.
    put_item, get_item, put, get = queue._put, queue._get, queue.put, queue.get

    def _put(item: Any) -> None:
        put_item(item)
        lengths.append((now(), queue.qsize()))

    def _get() -> Any:
        item = get_item()
        lengths.append((now(), queue.qsize()))
        return item

    async def noted_put(item: Any) -> None:
        begin = now()
        await put(item)
        record.waits.append((record.worker(), "put", begin, now()))

    async def noted_get() -> Any:
        begin = now()
        item = await get()
        record.waits.append((record.worker(), "get", begin, now()))
        return item

    queue._put, queue._get, queue.put, queue.get = _put, _get, noted_put, noted_get
    return queue


# --- pools -----------------------------------------------------------------------------


class RecordedPool(Executor):
    """Hands everything to `pool`, and notes who ran it when.

    With `travels`, what is submitted is sent as code: a function of a notebook reaches a
    process too, where a plain pool would look for it in a module and not find it.
    """

    def __init__(self, pool: Executor, travels: bool) -> None:
        self._pool = pool
        self._packed = cache(as_code) if travels else (lambda function: function)

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Hand ``fn(*args, **kwargs)`` to the pool; the future that it will settle."""
        place, outer = _place.get(), Future[Any]()
        inner = self._pool.submit(_timed, self._packed(fn), args, kwargs)
        outer.add_done_callback(lambda future: future.cancelled() and inner.cancel())
        inner.add_done_callback(lambda future: _hand_over(future, outer, place))
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As the pool's own: take no more, and with `wait` wait for the end."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def recorded_pool(kind: type[Any], max_workers: int) -> Executor:
    """A pool of that kind, recorded; a pool of processes has all of them at once."""
    if not issubclass(kind, ProcessPoolExecutor):
        return RecordedPool(kind(max_workers), travels=False)
    import multiprocessing

    from ...models.processes import START_METHOD

    pool = kind(max_workers, multiprocessing.get_context(START_METHOD))
    pool.submit(os.getpid)  # forks now, before this process has other threads
    return RecordedPool(pool, travels=True)


def _hand_over(inner: Future, outer: Future, place: tuple | None) -> None:
    if inner.cancelled():
        outer.cancel()
    if not outer.set_running_or_notify_cancel():
        return
    if error := inner.exception():
        outer.set_exception(error)
        return
    result, *times = inner.result()
    if _record is not None and place is not None:
        _record.jobs.append((*place, *times))
    outer.set_result(result)


def _timed(function: Any, args: tuple, kwargs: dict) -> tuple:
    """In the pool: the result, which process and thread it was, begin and end."""
    if isinstance(function, bytes):
        function = _from_code(function)
    begin = now()
    result = function(*args, **kwargs)
    return result, (os.getpid(), threading.get_ident()), begin, now()


@cache
def _from_code(code: bytes) -> Callable:
    import cloudpickle

    return cloudpickle.loads(code)
