"""Lab 2: right solutions, and wrong ones with a word that the finding must hold."""

import asyncio
import random
import threading
import time
from threading import Lock

# --- step 1 ------------------------------------------------------------------------------


def new_box():
    box = {"coins": 0}
    box["lock"] = threading.Lock()
    return box


def deposit(box, slow_add):
    with box["lock"]:
        coins = box["coins"]
        box["coins"] = slow_add(coins, 1)


def box_with_rlock():
    return {"coins": 0, "lock": threading.RLock()}


def box_with_semaphore():
    return {"coins": 0, "lock": threading.Semaphore(1)}


def box_with_condition():
    return {"coins": 0, "lock": threading.Condition()}


def box_without():
    return {"coins": 0, "lock": None}


def deposit_in_one_line(box, slow_add):
    with box["lock"]:
        box["coins"] = slow_add(box["coins"], 1)


def deposit_by_hand(box, slow_add):
    box["lock"].acquire()
    try:
        box["coins"] = slow_add(box["coins"], 1)
    finally:
        box["lock"].release()


guard = Lock()


def deposit_with_a_global_lock(box, slow_add):
    with guard:
        box["coins"] = slow_add(box["coins"], 1)


def deposit_with_a_default(box, slow_add, guard=Lock()):  # noqa: B008
    with guard:
        box["coins"] = slow_add(box["coins"], 1)


class Till:
    guard = Lock()

    def __init__(self):
        self.mine = Lock()


till = Till()


def deposit_with_an_objects_lock(box, slow_add):
    with till.mine:
        box["coins"] = slow_add(box["coins"], 1)


def deposit_with_a_class_lock(box, slow_add):
    with Till.guard:
        box["coins"] = slow_add(box["coins"], 1)


def _guarded(function):
    lock = Lock()

    def inside(*args):
        with lock:
            return function(*args)

    return inside


@_guarded
def deposit_decorated(box, slow_add):
    box["coins"] = slow_add(box["coins"], 1)


def deposit_with_an_unseen_lock(box, slow_add):
    with vars(threading).setdefault("of_my_own", Lock()):
        box["coins"] = slow_add(box["coins"], 1)


def box_with_the_function():
    return {"coins": 0, "lock": threading.Lock}


def box_with_asyncio_lock():
    return {"coins": 0, "lock": asyncio.Lock()}


def box_with_two_permits():
    return {"coins": 0, "lock": threading.Semaphore(2)}


def no_box():
    {"coins": 0, "lock": Lock()}


def deposit_without(box, slow_add):
    coins = box["coins"]
    box["coins"] = slow_add(coins, 1)


def deposit_with_a_new_lock(box, slow_add):
    with threading.Lock():
        coins = box["coins"]
        box["coins"] = slow_add(coins, 1)


def deposit_makes_the_lock(box, slow_add):
    box["lock"] = threading.Lock()
    with box["lock"]:
        coins = box["coins"]
        box["coins"] = slow_add(coins, 1)


def deposit_locks_the_writing(box, slow_add):
    coins = slow_add(box["coins"], 1)
    with box["lock"]:
        box["coins"] = coins


def deposit_reads_outside(box, slow_add):
    coins = box["coins"]
    with box["lock"]:
        box["coins"] = slow_add(coins, 1)


def deposit_locks_twice(box, slow_add):
    with box["lock"]:
        coins = box["coins"]
    coins = slow_add(coins, 1)
    with box["lock"]:
        box["coins"] = coins


def deposit_locks_the_reading(box, slow_add):
    with box["lock"]:
        coins = box["coins"]
    box["coins"] = slow_add(coins, 1)


def deposit_keeps_the_lock(box, slow_add):
    box["lock"].acquire()
    coins = box["coins"]
    box["coins"] = slow_add(coins, 1)


def deposit_takes_it_twice(box, slow_add):
    with box["lock"], box["lock"]:
        box["coins"] = slow_add(box["coins"], 1)


def deposit_tries(box, slow_add):
    box["lock"].acquire(blocking=False)
    box["coins"] = slow_add(box["coins"], 1)


def deposit_looks_only(box, slow_add):
    if not box["lock"].locked():
        box["coins"] = slow_add(box["coins"], 1)


def deposit_without_slow_add(box, slow_add):
    with box["lock"]:
        box["coins"] += 1


def deposit_swapped(box, slow_add):
    with box["lock"]:
        box["coins"] = slow_add(1, box["lock"])


def deposit_forgets(box, slow_add):
    with box["lock"]:
        slow_add(box["coins"], 1)


def deposit_with_an_event(box, slow_add):
    go = box.setdefault("event", threading.Event())
    if box["coins"] == 0:
        go.set()
    go.wait(1)
    go.clear()
    box["coins"] = slow_add(box["coins"], 1)
    go.set()


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "E G C F D A"
READ_TWICE = "E H G C F D A"
NEW_LOCK = "E B C F D A"
LOOKS_OUTSIDE = "E H G F D A"
BOTH_WRONG = "E H B F D A"
NO_RETURN = "E G C F D"
RETURN_FIRST = "E G C A F D"
NO_LOOK = "E G F D A"
BAD_INDENT = "E C G F D A"
LOCKED_TWICE = "E G G C F D A"
NO_DEF = "G C F D A"
ALL = "E H B G C F D A"

# --- step 3 ------------------------------------------------------------------------------

thread_lock, task_lock = threading.Lock(), asyncio.Lock()
rlock, permit = threading.RLock(), asyncio.Semaphore(1)
busy = []


async def deposit_async(box, slow_add):
    async with task_lock:
        coins = box["coins"]
        box["coins"] = await slow_add(coins, 1)


async def by_hand(box, slow_add):
    await task_lock.acquire()
    try:
        box["coins"] = await slow_add(box["coins"], 1)
    finally:
        task_lock.release()


async def with_a_permit(box, slow_add):
    async with permit:
        box["coins"] = await slow_add(box["coins"], 1)


async def with_a_lock_in_the_box(box, slow_add):
    async with box.setdefault("lock", asyncio.Lock()):
        box["coins"] = await slow_add(box["coins"], 1)


async def with_a_flag(box, slow_add):
    while busy:
        await asyncio.sleep(0.01)
    busy.append(True)
    try:
        box["coins"] = await slow_add(box["coins"], 1)
    finally:
        busy.clear()


async def with_a_flag_and_turns(box, slow_add):
    while busy:
        await asyncio.sleep(0)
    busy.append(True)
    try:
        box["coins"] = await slow_add(box["coins"], 1)
    finally:
        busy.clear()


async def async_without(box, slow_add):
    coins = box["coins"]
    box["coins"] = await slow_add(coins, 1)


async def with_the_thread_lock(box, slow_add):
    with thread_lock:
        coins = box["coins"]
        box["coins"] = await slow_add(coins, 1)


async def with_an_unseen_thread_lock(box, slow_add):
    with vars(threading).setdefault("of_my_own", Lock()):
        box["coins"] = await slow_add(box["coins"], 1)


async def with_the_rlock(box, slow_add):
    with rlock:
        box["coins"] = await slow_add(box["coins"], 1)


async def thread_lock_by_hand(box, slow_add):
    thread_lock.acquire()
    box["coins"] = await slow_add(box["coins"], 1)
    thread_lock.release()


async def thread_lock_around_the_reading(box, slow_add):
    with thread_lock:
        coins = box["coins"]
    coins = await slow_add(coins, 1)
    with thread_lock:
        box["coins"] = coins


async def new_task_lock(box, slow_add):
    async with asyncio.Lock():
        box["coins"] = await slow_add(box["coins"], 1)


async def task_lock_around_the_writing(box, slow_add):
    coins = await slow_add(box["coins"], 1)
    async with task_lock:
        box["coins"] = coins


async def reads_outside(box, slow_add):
    coins = box["coins"]
    async with task_lock:
        box["coins"] = await slow_add(coins, 1)


async def never_given_back(box, slow_add):
    await task_lock.acquire()
    box["coins"] = await slow_add(box["coins"], 1)
    task_lock.release()


async def acquire_not_awaited(box, slow_add):
    task_lock.acquire()
    box["coins"] = await slow_add(box["coins"], 1)
    task_lock.release()


async def slow_add_not_awaited(box, slow_add):
    async with task_lock:
        box["coins"] = slow_add(box["coins"], 1)


async def plain_with(box, slow_add):
    with task_lock:
        box["coins"] = await slow_add(box["coins"], 1)


async def async_with_the_thread_lock(box, slow_add):
    async with thread_lock:
        box["coins"] = await slow_add(box["coins"], 1)


async def swallowed(box, slow_add):
    try:
        async with task_lock:
            box["coins"] = await slow_add(box["coins"], 1)
    except Exception:
        pass


async def plus_one(box, slow_add):
    box["coins"] += 1


def not_async(box, slow_add):
    with thread_lock:
        box["coins"] = slow_add(box["coins"], 1)


async def polls_without_awaiting(box, slow_add):
    while busy:
        time.sleep(1)  # noqa: ASYNC251 - the mistake that the check must see
    busy.append(True)
    box["coins"] = await slow_add(box["coins"], 1)
    busy.clear()


# --- step 4 ------------------------------------------------------------------------------


def move(source, target, slow_add):
    first, second = sorted([source, target], key=lambda box: box["number"])
    with first["lock"], second["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def by_identity(source, target, slow_add):
    one, two = (source, target) if id(source) < id(target) else (target, source)
    with one["lock"], two["lock"]:
        had, has = source["coins"], target["coins"]
        target["coins"] = slow_add(has, 1)
        source["coins"] = slow_add(had, -1)


def behind_a_gate(source, target, slow_add):
    with guard, source["lock"], target["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def backing_off(source, target, slow_add):
    while True:
        with source["lock"]:
            if target["lock"].acquire(blocking=False):
                try:
                    source["coins"] = slow_add(source["coins"], -1)
                    target["coins"] = slow_add(target["coins"], 1)
                    return
                finally:
                    target["lock"].release()
        time.sleep(random.random() / 100)


def source_first(source, target, slow_add):
    with source["lock"], target["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def target_first(source, target, slow_add):
    with target["lock"], source["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def sorted_by_coins(source, target, slow_add):
    first, second = sorted([source, target], key=lambda box: box["coins"])
    with first["lock"], second["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def the_source_only(source, target, slow_add):
    with source["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def one_by_one(source, target, slow_add):
    with source["lock"]:
        source["coins"] = slow_add(source["coins"], -1)
    with target["lock"]:
        target["coins"] = slow_add(target["coins"], 1)


def a_global_lock_only(source, target, slow_add):
    with guard:
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def new_locks(source, target, slow_add):
    with threading.Lock(), threading.Lock():
        source["coins"] = slow_add(source["coins"], -1)
        target["coins"] = slow_add(target["coins"], 1)


def stale(source, target, slow_add):
    had, has = source["coins"], target["coins"]
    first, second = sorted([source, target], key=lambda box: box["number"])
    with first["lock"], second["lock"]:
        source["coins"] = slow_add(had, -1)
        target["coins"] = slow_add(has, 1)


def boxes_as_keys(source, target, slow_add):
    first, second = sorted([source, target])
    with first["lock"], second["lock"]:
        source["coins"] = slow_add(source["coins"], -1)


def half_a_move(source, target, slow_add):
    first, second = sorted([source, target], key=lambda box: box["number"])
    with first["lock"], second["lock"]:
        source["coins"] = slow_add(source["coins"], -1)


def locks_kept(source, target, slow_add):
    for box in sorted([source, target], key=lambda box: box["number"]):
        box["lock"].acquire()
    source["coins"] = slow_add(source["coins"], -1)
    target["coins"] = slow_add(target["coins"], 1)


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [
        (new_box, deposit),
        (new_box, deposit_in_one_line),
        (new_box, deposit_by_hand),
        (box_with_rlock, deposit),
        (box_with_semaphore, deposit),
        (box_with_condition, deposit),
        (box_without, deposit_with_a_global_lock),
        (box_without, deposit_with_a_default),
        (box_without, deposit_with_an_objects_lock),
        (box_without, deposit_with_a_class_lock),
        (box_without, deposit_decorated),
        (box_without, deposit_with_an_unseen_lock),
    ],
    2: [(RIGHT_ORDER,), (READ_TWICE,), ("e,g,c,f,d,a",)],
    3: [
        (deposit_async,),
        (by_hand,),
        (with_a_permit,),
        (with_a_lock_in_the_box,),
        (with_a_flag,),
        (with_a_flag_and_turns,),
    ],
    4: [(move,), (by_identity,), (behind_a_gate,), (backing_off,)],
}
WRONG = {
    1: [
        ((new_box, deposit_without), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_with_a_new_lock), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_makes_the_lock), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_locks_the_writing), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_reads_outside), "left 1 coin in the box"),
        ((new_box, deposit_locks_twice), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_locks_the_reading), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_keeps_the_lock), "Deadlock"),
        ((new_box, deposit_takes_it_twice), "Deadlock"),
        ((new_box, deposit_tries), "left 1 coin in the box: 4 bakers"),
        ((new_box, deposit_looks_only), "in the box"),
        ((new_box, deposit_without_slow_add), "slow_add was called 0 times"),
        ((new_box, deposit_swapped), "slow_add was called with 1 and"),
        ((new_box, deposit_forgets), "left 0 coins"),
        ((box_with_two_permits, deposit), "2 bakers had read"),
        ((box_with_the_function, deposit), "the function that makes locks"),
        ((box_with_asyncio_lock, deposit), "an asyncio.Lock"),
        ((no_box, deposit), "new_box gave None"),
        ((box_without, deposit), "context manager protocol"),
        ((box_without, deposit_with_an_event), "in the box"),
    ],
    2: [
        ((NEW_LOCK,), "4 bakers were told"),
        ((LOOKS_OUTSIDE,), "4 bakers were told"),
        ((BOTH_WRONG,), "4 bakers were told"),
        ((NO_RETURN,), "take gave None"),
        ((RETURN_FIRST,), "slow_add was called 0 times"),
        ((NO_LOOK,), "NameError"),
        ((BAD_INDENT,), "no program"),
        ((LOCKED_TWICE,), "G stands there twice"),
        ((NO_DEF,), "no program"),
        ((ALL,), "no program"),
    ],
    3: [
        ((async_without,), "left 1 coin in the box, after 0.1 s"),
        ((with_the_thread_lock,), "with thread_lock"),
        ((with_an_unseen_thread_lock,), "with vars(threading)"),
        ((with_the_rlock,), "left 1 coin"),
        ((thread_lock_by_hand,), "thread_lock.acquire()"),
        ((thread_lock_around_the_reading,), "left 1 coin"),
        ((new_task_lock,), "left 1 coin"),
        ((task_lock_around_the_writing,), "left 1 coin"),
        ((reads_outside,), "left 1 coin"),
        ((never_given_back,), "await task_lock.acquire()"),
        ((acquire_not_awaited,), "not acquired"),
        ((slow_add_not_awaited,), "a coroutine"),
        ((plain_with,), "context manager protocol"),
        ((async_with_the_thread_lock,), "context manager protocol"),
        ((swallowed,), "deposit_async did not"),
        ((plus_one,), "slow_add was called 0 times"),
        ((not_async,), "nothing to await"),
        ((polls_without_awaiting,), "held the event loop"),
    ],
    4: [
        ((source_first,), "Deadlock"),
        ((target_first,), "Deadlock"),
        ((sorted_by_coins,), "Deadlock"),
        ((the_source_only,), "without the lock of box"),
        ((one_by_one,), "without the lock of box"),
        ((a_global_lock_only,), "without the lock of box 1 and of box 2"),
        ((new_locks,), "without the lock of box 1 and of box 2"),
        ((stale,), "6 and 4"),
        ((boxes_as_keys,), "TypeError"),
        ((half_a_move,), "slow_add was called 2 times"),
        ((locks_kept,), "Deadlock"),
    ],
}
