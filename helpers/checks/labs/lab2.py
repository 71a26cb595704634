"""Lab 2, key differences: coins that are lost between reading and writing, and locks.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any

from ..coins import Adding, explained, misuse_of
from ..finding import Wrong
from ..guarded import Room
from ..lab import Lab, Step
from ..simulated import awaited, shown
from ..standing import ended_within, failed

BAKERS, TASKS = 4, 8
#: What slow_add takes on the simulated clock, and at which call it fails.
SLOW_S, FAILING = 0.1, 3
ONE_PIECE = (
    "Reading, slow_add and writing belong together: all three inside the lock, in one piece, "
    "and the same lock for everybody."
)
NEW_EACH_TIME = (
    "Nobody took a lock that the bakers share. A lock that is made in the call is a new one in "
    "each call: everybody gets in."
)


def _new_box(coins: int = 0) -> dict[str, Any]:
    return {"coins": coins, "lock": threading.Lock()}


def _all_well(room: Room, adding: Adding, doing: str) -> None:
    """Raise Wrong for a misuse, or for the first error of a call."""
    if adding.misuse:
        raise adding.misuse
    for number in sorted(room.errors):
        raise explained(room.errors[number], doing)


def _why_lost(room: Room) -> str:
    return ONE_PIECE if room.taken else NEW_EACH_TIME


# --- step 1 --------------------------------------------------------------------------------


def _box_of(new_box: Callable) -> dict[str, Any]:
    """A learner's new box. Raises Wrong if it is none."""
    try:
        box = ended_within(new_box, doing="new_box")
    except Wrong:
        raise
    except Exception as error:
        raise failed(error, "new_box") from error
    if not isinstance(box, dict) or box.get("coins") != 0:
        raise Wrong(f"new_box gave {shown(box)}; a new box is a dict with 0 coins in it, and a "
                    f"lock.")  # fmt: skip
    lock = box.get("lock")
    if isinstance(lock, (asyncio.Lock, asyncio.Semaphore, asyncio.Condition)):
        raise Wrong(f"The box has an asyncio.{type(lock).__name__}.",
                    "asyncio's locks are for tasks of one event loop. They know nothing of "
                    "threads: a threading.Lock does.")  # fmt: skip
    if lock is not None and callable(lock):
        raise Wrong("The box has the function that makes locks, and no lock.",
                    "threading.Lock() with the parentheses makes one.")  # fmt: skip
    return box


def check_deposit(new_box: Callable, deposit: Callable) -> str:
    """Four deposits at once leave four coins."""
    doing, room = "deposit", Room()
    box = _box_of(new_box)
    room.watch(box, deposit)
    adding = Adding(room, 1)
    room.run([lambda: deposit(box, adding)] * BAKERS, doing)
    _all_well(room, adding, doing)
    if adding.calls != BAKERS:
        raise Wrong(f"In {BAKERS} deposits slow_add was called {_times(adding.calls)}.",
                    "Each deposit calls it once: it stands for what takes its time.")  # fmt: skip
    if box["coins"] == 0:
        raise Wrong(f"{BAKERS} deposits left 0 coins in the box.",
                    "slow_add changes no box. It gives the new number of coins: write that into "
                    "the box.")  # fmt: skip
    if box["coins"] != BAKERS:
        together = (f": {room.most} bakers had read the same number before one wrote"
                    if room.most > 1 else "")  # fmt: skip
        raise Wrong(f"{BAKERS} deposits left {_coins(box['coins'])} in the box{together}.",
                    _why_lost(room))  # fmt: skip
    return (
        f"{BAKERS} deposits at once left {BAKERS} coins. Nobody read the box while another baker "
        f"was between reading and writing."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _coins(count: Any) -> str:
    return "1 coin" if count == 1 else f"{shown(count)} coins"


# --- step 2 --------------------------------------------------------------------------------


def check_take(take: Callable) -> str:
    """Two coins, four bakers: two get one."""
    doing, room, box = "take", Room(), _new_box(2)
    room.watch(box, take)
    adding = Adding(room, -1)
    room.run([lambda: take(box, adding)] * BAKERS, doing)
    _all_well(room, adding, doing)
    told = list(room.results.values())
    if None in told:
        raise Wrong("take gave None.", "It gives True to who got a coin, and False to who did "
                    "not. A function that ends without return gives None.")  # fmt: skip
    lucky = sum(map(bool, told))
    if adding.calls == 0 or lucky < adding.calls:
        raise Wrong(f"{lucky} of {BAKERS} bakers were told that they got a coin; slow_add was "
                    f"called {_times(adding.calls)}.",
                    "A return ends the function: what stands below it never runs.")  # fmt: skip
    if lucky != 2 or box["coins"] != 0:
        raise Wrong(f"There were 2 coins, and {lucky} bakers were told that they got one; "
                    f"{_coins(box['coins'])} left in the box.",
                    "To look whether there is a coin, and to take it, belong together. "
                    + _why_lost(room))  # fmt: skip
    return "Two coins and four bakers: two of them got a coin, two were told that there is none."


# --- step 3 --------------------------------------------------------------------------------


def check_deposit_async(deposit_async: Callable) -> str:
    """Eight tasks, one of which fails; the other seven deposits count."""
    doing, room, box = "deposit_async", Room(), {"coins": 0}
    room.watch(deposit_async)
    closed, calls = ValueError("the counter is out of order"), []
    misuse: list[Wrong] = []

    async def slow_add(coins: int, amount: int) -> int:
        calls.append(coins)
        if wrong := misuse_of(coins, amount, (1,)):
            misuse.append(wrong)
            raise wrong
        number = len(calls)
        await asyncio.sleep(SLOW_S)
        if number == FAILING:
            raise closed
        return coins + amount

    async def one() -> Any:
        made = deposit_async(box, slow_add)
        if not inspect.isawaitable(made):
            raise Wrong(f"{doing} gave {shown(made)} when it was called: nothing to await.",
                        "The function begins with async def.")  # fmt: skip
        return await made

    async def all_of_them() -> list[Any]:
        tasks = [asyncio.create_task(one()) for _ in range(TASKS)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    try:
        outcome = awaited(all_of_them, doing=doing)
    except Wrong as wrong:
        if room.deadlock:
            raise _loop_held(room) from None
        if misuse:
            raise misuse[0] from None
        if "every task waits" in wrong.observed and len(calls) >= FAILING:
            wrong.points_at = ("slow_add raised an exception once. Who gives the lock back then? "
                               "async with does, and so does finally.")  # fmt: skip
        raise
    if room.deadlock:
        raise _loop_held(room)
    if misuse:
        raise misuse[0]
    found = outcome.value if outcome.error is None else [outcome.error]
    errors = [one for one in found if isinstance(one, BaseException) and one is not closed]
    if errors:
        if isinstance(errors[0], Wrong):
            raise errors[0]
        raise explained(errors[0], doing)
    _counted(box["coins"], len(calls), outcome.seconds)
    if closed not in found:
        raise Wrong("slow_add raised an exception once, and deposit_async did not.",
                    "Who deposits must learn of it: let the exception through.")  # fmt: skip
    return (
        f"{TASKS} tasks, one of which failed: {TASKS - 1} coins. One task at a time was between "
        f"reading and writing, and the failing one gave the lock back."
    )


def _loop_held(room: Room) -> Wrong:
    return Wrong(f"Deadlock: one task holds a threading lock while it awaits, and another asks "
                 f"for it in {room.deadlock[0].rstrip(':') or 'its code'}.",
                 "A threading lock makes its thread wait, and all tasks are in that thread: so "
                 "the first one never gets to give it back. Across an await belongs a lock that "
                 "is awaited.")  # fmt: skip


def _counted(coins: Any, calls: int, seconds: float) -> None:
    if inspect.iscoroutine(coins):
        raise Wrong(f"In the box is {shown(coins)}.",
                    "slow_add is a coroutine function here: await slow_add(coins, 1).")  # fmt: skip
    if calls != TASKS:
        raise Wrong(f"In {TASKS} deposits slow_add was called {_times(calls)}.",
                    "Each deposit awaits it once: await slow_add(coins, 1).")  # fmt: skip
    if coins != TASKS - 1:
        raise Wrong(f"{TASKS - 1} deposits left {_coins(coins)} in the box, after "
                    f"{seconds:g} s; one after the other they need {TASKS * SLOW_S:g} s.",
                    "At the await every other task may run. Reading, await and writing belong "
                    "inside one lock, the same for all tasks. An RLock lets its own thread in "
                    "again, and all tasks are in one.")  # fmt: skip


# --- step 4 --------------------------------------------------------------------------------


def check_move(move: Callable) -> str:
    """A coin each way at once, under both locks, without a deadlock."""
    doing, room = "move", Room(in_locks=True)
    left, right = ({"number": n, **_new_box(5)} for n in (1, 2))
    room.watch(left, right, move)
    adding, unguarded = Adding(room, 1, -1), []

    def slow_add(coins: int, amount: int) -> int:
        unguarded.append([box["number"] for box in (left, right) if not room.holds(box["lock"])])
        return adding(coins, amount)

    try:
        room.run([lambda: move(left, right, slow_add), lambda: move(right, left, slow_add)], doing)
    except Wrong as wrong:
        if room.deadlock:
            wrong.points_at = (
                "Each baker has one lock, and waits for the other's. That can't happen where "
                "all take the locks in the same order, whichever way the coin goes: the box "
                "with the smaller number first. And each lock must be given back."
            )
        raise
    _all_well(room, adding, doing)
    without = next((numbers for numbers in unguarded if numbers), [])
    if without:
        raise Wrong(f"slow_add was called without the lock of box "
                    f"{' and of box '.join(map(str, without))}.",
                    "A coin on its way is in neither box, and others use these boxes too: "
                    "hold both locks from the first reading to the last writing.")  # fmt: skip
    if adding.calls != 4:
        raise Wrong(f"In two moves slow_add was called {_times(adding.calls)}.",
                    "Each move calls it twice: slow_add(coins, -1) for the source, "
                    "slow_add(coins, 1) for the target.")  # fmt: skip
    if (left["coins"], right["coins"]) != (5, 5):
        raise Wrong(f"There were 5 coins in each box. After one coin each way it is "
                    f"{left['coins']} and {right['coins']}.",
                    "What was read before the lock was taken is old: read inside.")  # fmt: skip
    if any(box["lock"].owners for box in (left, right)):
        raise Wrong("When move had ended, a lock was still taken.",
                    "with gives it back at its end.")  # fmt: skip
    return "A coin each way at the same time: no deadlock, and 5 coins in each box."


LINES = {
    "A": "        return coins > 0",
    "B": "    with threading.Lock():",
    "C": '        coins = box["coins"]',
    "D": '            box["coins"] = slow_add(coins, -1)',
    "E": "def take(box, slow_add):",
    "F": "        if coins > 0:",
    "G": '    with box["lock"]:',
    "H": '    coins = box["coins"]',
}

LAB = Lab(
    "lab-2-key-differences",
    "Key differences",
    (
        Step(
            "One lock for the box",
            check_deposit,
            (
                "A lock is made by threading.Lock(). When is it made, and how often?",
                "with takes a lock at its beginning and gives it back at its end. Which lock do "
                "all four bakers know? It must be the same one.",
                'The first blank is threading.Lock(), the second is box["lock"].',
            ),
            takes=("your function new_box", "your function deposit"),
        ),
        Step(
            "Look, then take",
            check_take,
            (
                "Begin with def. What comes next: to look into the box, or to take the lock?",
                "Two lines are too many. One makes a lock that nobody else knows. The other one "
                "looks into the box when others may still change it.",
                "Take the lock of the box; read; if there is a coin, write; return, still inside "
                "the lock.",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="take",
            names={"threading": threading},
        ),
        Step(
            "The twin in async",
            check_deposit_async,
            (
                "Where in this function may another task come in between? Only at an await.",
                "with thread_lock makes the whole thread wait. Who else is in that thread?",
                "async with task_lock: and inside it read, await slow_add(coins, 1), write.",
            ),
            takes=("your function deposit_async",),
        ),
        Step(
            "Two boxes, both ways",
            check_move,
            (
                "Baker 0 moves from box 1 to box 2, baker 1 from box 2 to box 1. Each has taken "
                "the lock of its source. What does each wait for?",
                "Nobody can wait in a circle where all take the locks in the same order.",
                'first, second = sorted([source, target], key=lambda box: box["number"]), then '
                'with first["lock"], second["lock"]:',
            ),
            takes=("your function move",),
            optional=True,
        ),
    ),
)
