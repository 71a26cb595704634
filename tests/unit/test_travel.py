"""How a notebook's functions travel: locks and their kin anew, the same for all; some refused."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import cloudpickle
import pytest

from helpers.worker.errors import RunError
from helpers.worker.travel import as_code
from tests.labs.cell import cell


def arrived(what):
    """`what` as it is made from its code; in this process, where that can be looked at."""
    return cloudpickle.loads(as_code(what))


# --- what a cell names at its top, used in the other process ------------------------------


USES = {
    "a Lock": ("""
        import threading
        shared = threading.Lock()

        def use():
            with shared:
                return shared.locked(), shared.acquire(blocking=False)
        """, (True, False)),
    "an RLock": ("""
        import threading
        shared = threading.RLock()

        def use():
            with shared, shared:
                return shared.acquire(blocking=False)
        """, True),
    "a ContextVar": ("""
        import contextvars
        shared = contextvars.ContextVar("request")

        def use():
            before = shared.get("nothing")
            shared.set("request 7")
            return before, shared.name, shared.get()
        """, ("nothing", "request", "request 7")),
    "a SimpleQueue": ("""
        import queue
        shared = queue.SimpleQueue()

        def use():
            shared.put("bread")
            return shared.get(timeout=5), shared.empty()
        """, ("bread", True)),
    "a Queue": ("""
        import queue
        shared = queue.Queue(maxsize=1)

        def use():
            shared.put("bread")
            full = shared.full()
            return shared.maxsize, full, shared.get(timeout=5)
        """, (1, True, "bread")),
    "a threading.Event": ("""
        import threading
        shared = threading.Event()

        def use():
            threading.Thread(target=shared.set).start()
            return shared.wait(5)
        """, True),
    "a threading.Semaphore": ("""
        import threading
        shared = threading.Semaphore(2)

        def use():
            return [shared.acquire(blocking=False) for _ in range(3)]
        """, [True, True, False]),
    "a threading.Condition": ("""
        import threading
        shared = threading.Condition()

        def use():
            done = []

            def tell():
                with shared:
                    done.append(True)
                    shared.notify_all()

            with shared:
                threading.Thread(target=tell).start()
                return shared.wait_for(lambda: done, 5)
        """, [True]),
    "an asyncio.Lock": ("""
        import asyncio
        shared = asyncio.Lock()

        async def use():
            async with shared:
                return shared.locked()
        """, True),
    "an asyncio.Event": ("""
        import asyncio
        shared = asyncio.Event()

        async def use():
            asyncio.get_running_loop().call_soon(shared.set)
            return await asyncio.wait_for(shared.wait(), 5)
        """, True),
    "an asyncio.Semaphore": ("""
        import asyncio
        shared = asyncio.Semaphore(2)

        async def use():
            async with shared:
                one = shared.locked()
                async with shared:
                    return one, shared.locked()
        """, (False, True)),
    "an asyncio.Condition": ("""
        import asyncio
        shared = asyncio.Condition()

        async def use():
            async def tell():
                async with shared:
                    shared.notify_all()

            async with shared:
                asyncio.get_running_loop().create_task(tell())
                return await asyncio.wait_for(shared.wait(), 5)
        """, True),
}  # fmt: skip


@pytest.mark.parametrize("what", USES)
def test_what_a_function_names_at_the_top_arrives_and_works(worker, what):
    text, expected = USES[what]
    assert worker.call(cell(text, "use"), time_box=20)["value"] == expected


@pytest.mark.parametrize("kind", [asyncio.Semaphore, asyncio.BoundedSemaphore])
def test_a_semaphore_keeps_its_number_of_permits_and_its_kind(kind):
    permits = kind(3)
    other = arrived(permits)
    assert type(other) is kind
    assert other is not permits
    assert other._value == 3


def test_a_held_lock_arrives_free(worker):
    text = """
        import threading
        shared = threading.Lock()
        shared.acquire()

        def use():
            return shared.acquire(blocking=False)
        """
    assert worker.call(cell(text, "use"), time_box=20)["value"] is True


# --- together -----------------------------------------------------------------------------

TWO = """
    import asyncio, contextvars, queue, threading
    lock, again, line = threading.Lock(), threading.RLock(), queue.SimpleQueue()
    turn, permits = asyncio.Lock(), asyncio.Semaphore(2)
    request = contextvars.ContextVar("request")

    def first():
        return lock, again, line, turn, permits, request

    def second():
        return lock, again, line, turn, permits, request

    def both():
        return first, second
    """


def test_functions_that_travel_together_share_one_of_each():
    first, second = cell(TWO, "both")()
    there, there_too = arrived((first, second))
    for mine, one, other in zip(first(), there(), there_too(), strict=True):
        assert one is other, f"two of {mine!r} arrived"
        assert one is not mine, f"{mine!r} did not travel"


def test_functions_that_travel_alone_do_not_share():
    first, second = cell(TWO, "both")()
    assert arrived(first)()[0] is not arrived(second)()[0]


def test_a_lock_in_a_closure_arrives(worker):
    def guarded(function):
        lock = threading.Lock()

        def inside():
            with lock:
                return function(), lock.acquire(blocking=False)

        return inside

    assert worker.call(guarded(lambda: "bread"), time_box=20)["value"] == ("bread", False)


def test_two_closures_over_one_lock_share_it():
    lock = threading.Lock()

    def one():
        return lock

    def other():
        return lock

    there, there_too = arrived((one, other))
    assert there() is there_too()
    assert there() is not lock


def test_a_class_and_its_object_bring_their_locks(worker):
    text = """
        import threading

        class Till:
            guard = threading.Lock()

            def __init__(self):
                self.mine = threading.RLock()
                self.coins = 3

            def count(self):
                with Till.guard, self.mine:
                    return self.coins, self.guard.locked(), type(self).__name__

        till = Till()

        def use():
            return till.count()
        """
    assert worker.call(cell(text, "use"), time_box=20)["value"] == (3, True, "Till")


def test_a_subclass_of_a_lock_that_holds_more_is_not_made_plain():
    """What is made anew is made by its own kind, and takes no arguments."""

    class Named(asyncio.Lock):
        name = "the oven's"

    assert arrived(Named()).name == "the oven's"


def test_what_python_can_send_is_sent_as_ever():
    orders = {"bread": [1, 2], "cake": (3, None)}
    assert arrived(orders) == orders
    assert arrived(len) is len
    assert arrived(queue.Empty) is queue.Empty
    assert arrived(threading.Lock) is threading.Lock
    assert arrived(threading.Thread) is threading.Thread
    assert arrived(contextvars.ContextVar) is contextvars.ContextVar


# --- refused ------------------------------------------------------------------------------


def _a_loop():
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def _an_asyncio_future():
    return asyncio.Future(loop=_a_loop())


REFUSED = {
    "a Thread": threading.Thread,
    "a Timer": lambda: threading.Timer(1, print),
    "a ThreadPoolExecutor": ThreadPoolExecutor,
    "a ProcessPoolExecutor": ProcessPoolExecutor,
    "a Future": Future,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_works_in_its_own_process_only_is_refused_in_a_sentence(name):
    shared = REFUSED[name]()
    use = cell("def use():\n    return shared", "use", shared=shared)
    with pytest.raises(RunError) as caught:
        as_code(use)
    text = str(caught.value)
    assert text == (
        f"This can't be sent to the worker process: {name} works in its own process only. Make "
        f"it inside the function instead of passing it in."
    )


@pytest.mark.parametrize("make", [_a_loop, _an_asyncio_future])
def test_a_loop_and_its_future_are_refused(make):
    with pytest.raises(RunError, match=r"^This can't be sent.* works in its own process only"):
        as_code(make())


def test_what_is_refused_is_found_wherever_it_is_kept():
    pool = ThreadPoolExecutor()

    def inside():
        return pool

    for kept in (inside, [pool], {"pool": pool}, (1, (2, pool))):
        with pytest.raises(RunError, match="a ThreadPoolExecutor works in its own process only"):
            as_code(kept)


def test_what_else_cannot_be_pickled_is_said_too():
    with pytest.raises(RunError, match=r"can't be sent to the worker process: .*generator"):
        as_code(one for one in range(3))
