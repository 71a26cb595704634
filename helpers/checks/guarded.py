"""Threads that meet between reading and writing, unless a lock keeps them apart.

Whoever comes to the meeting goes on as soon as nobody else can come: everybody is there, has
ended, or waits for a lock that one of those holds. So without a lock all have read before
anyone writes, with certainty, and with one nobody waits in vain. A lock tells who waits for it
and who holds it (`WatchedLock`); a deadlock is seen the moment it closes.
"""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable, Sequence
from typing import Any

from .finding import Wrong
from .standing import LIMIT_S, learners_line, stuck

#: Real seconds for others to come, where a lock is not seen; later ones get the shorter time.
PATIENCE_S, NEXT_S = 3.0, 1.0
#: Real seconds for all of it.
LONGEST_S = 15.0

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())
LOCKS = (_LOCK, _RLOCK, threading.Semaphore, threading.Condition)


class Stalled(BaseException):
    """Raised in a thread that would wait for a lock that it holds itself."""


class WatchedLock:
    """A lock that tells its room who waits for it; otherwise what the lock is.

    `owners` are the identities of the threads that hold it; `taken` counts how often it was.
    """

    def __init__(self, lock: Any, room: Room) -> None:
        self._lock, self._room = lock, room
        self.owners: list[int] = []
        self.taken = 0
        self._permits = lock._value if isinstance(lock, threading.Semaphore) else 1

    def acquire(self, *args: Any, **kwargs: Any) -> Any:
        """As the lock's own."""
        given = {**dict(zip(("blocking", "timeout"), args, strict=False)), **kwargs}
        patient = given.get("blocking", True) and given.get("timeout") in (None, -1)
        if patient:
            self._room.wants(self)
        got = False
        try:
            got = self._lock.acquire(*args, **kwargs)
        finally:
            self._room.has(self, got)
        return got

    def release(self, *args: Any) -> None:
        """As the lock's own."""
        self._room.gives(self)
        self._lock.release(*args)

    def __enter__(self) -> Any:
        return self.acquire()

    def __exit__(self, *_: Any) -> None:
        self.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lock, name)

    @property
    def full(self) -> bool:
        """Whether a thread that does not hold it would have to wait."""
        return len(self.owners) >= self._permits

    @property
    def again(self) -> bool:
        """Whether the thread that holds it may take it once more."""
        return isinstance(self._lock, (_RLOCK, threading.Condition))


WatchedLock.__name__ = "Lock"  # so that messages of Python name what the learner has


class Room:
    """Where threads meet; each is a call of its own, given to `run`.

    Afterwards: `most` is how many were at the meeting at once, `results` and `errors` what
    the calls gave and raised, by number. With `in_locks` a thread also comes to the meeting
    with the first lock that it takes.
    """

    def __init__(self, in_locks: bool = False) -> None:
        self.in_locks = in_locks
        self.locks: dict[int, WatchedLock] = {}
        self.results: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}
        self.most = 0
        self.deadlock: list[str] = []
        self._changed, self._moved = threading.Condition(), time.monotonic()
        self._live: set[int] = set()  # numbers of calls
        self._number: dict[int, int] = {}  # of the call, by its thread
        self._inside: set[int] = set()
        self._waiting: dict[int, WatchedLock] = {}
        self._has_met: set[int] = set()
        self._patience = PATIENCE_S

    # --- the meeting -------------------------------------------------------------------

    def run(self, calls: Sequence[Callable[[], Any]], doing: str) -> None:
        """Make all calls at once, each in a thread. Raises Wrong for what does not end."""
        self._live = set(range(len(calls)))
        for number, call in enumerate(calls):
            threading.Thread(target=self._body, args=(number, call), name=f"baker {number}",
                             daemon=True).start()  # fmt: skip
        end = time.monotonic() + LONGEST_S
        with self._changed:
            while self._live and not self.deadlock:
                self._changed.wait(0.5)
                now = time.monotonic()
                if now > end or now - self._moved > LIMIT_S:
                    break
        if self.deadlock:
            raise Wrong(f"Deadlock: every baker who has not ended waits for a lock: "
                        f"{'; '.join(self.deadlock)}.",
                        "Who holds the lock that each of them waits for, and will give it "
                        "back?")  # fmt: skip
        if self._live:
            raise stuck(LIMIT_S, doing)

    def _body(self, number: int, call: Callable[[], Any]) -> None:
        with self._changed:
            self._number[threading.get_ident()] = number
        try:
            self.results[number] = call()
        except BaseException as error:
            self.errors[number] = error
        with self._changed:
            self._live.discard(number)
            self._look()

    def meet(self) -> None:
        """Wait until nobody else can come. A thread that `run` did not start goes on."""
        with self._changed:
            me = self._number.get(threading.get_ident())
            if me is None:
                return
            self._inside.add(me)
            self.most = max(self.most, len(self._inside))
            self._look()
            if not self._changed.wait_for(lambda: me not in self._inside, self._patience):
                self._inside.discard(me)
                self._patience = NEXT_S

    def _look(self) -> None:
        """Something has changed: who may go on, and is there a deadlock?"""
        self._moved = time.monotonic()
        held_up = {n for n in self._live if n in self._waiting} - self._inside
        while True:  # who waits for somebody who does not wait is not held up
            free = {n for n in held_up if not self._holds_up(n, held_up)}
            if not free:
                break
            held_up -= free
        if self._live == self._inside | held_up:
            if self._inside:
                self._inside.clear()
            elif held_up and not self.deadlock:
                self.deadlock = self._standing(held_up)
        self._changed.notify_all()

    def _holds_up(self, number: int, held_up: set[int]) -> bool:
        lock = self._waiting[number]
        owners = {self._number.get(ident) for ident in lock.owners}
        return lock.full and all(n in self._inside or n in held_up or n not in self._live
                                 for n in owners)  # fmt: skip

    def _standing(self, numbers: set[int]) -> list[str]:
        frames = sys._current_frames()
        where: dict[str, list[int]] = {}
        for ident, number in self._number.items():
            if number in numbers and ident in frames and (line := learners_line(frames[ident])):
                where.setdefault(line, []).append(number)
        return [f"{_bakers(sorted(who))} in {line.rstrip(':')}" for line, who in where.items()]

    # --- locks -------------------------------------------------------------------------

    def wants(self, lock: WatchedLock) -> None:
        """A thread is about to wait for `lock`; raises Stalled where it would do so for ever."""
        me = threading.get_ident()
        with self._changed:
            if me in self._number:
                self._waiting[self._number[me]] = lock
                self._look()
            elif me in lock.owners and lock.full and not lock.again:
                self.deadlock = [learners_line()]
                raise Stalled("this thread holds the lock that it asks for")

    def has(self, lock: WatchedLock, got: bool) -> None:
        """A thread has `lock` now, or does not wait for it any more."""
        me = threading.get_ident()
        with self._changed:
            self._waiting.pop(self._number.get(me, -1), None)
            if got:
                lock.taken += 1
                lock.owners.append(me)
            self._look()
            first = got and self.in_locks and me not in self._has_met
            self._has_met.add(me)
        if first:
            self.meet()

    def gives(self, lock: WatchedLock) -> None:
        """A thread is about to give `lock` back."""
        me = threading.get_ident()
        with self._changed:
            if lock.owners:
                lock.owners.remove(me if me in lock.owners else lock.owners[0])
            self._look()

    def holds(self, lock: Any) -> bool:
        """Whether the calling thread holds `lock`, a watched one."""
        return isinstance(lock, WatchedLock) and threading.get_ident() in lock.owners

    @property
    def taken(self) -> int:
        """How often a watched lock was taken."""
        return sum(lock.taken for lock in self.locks.values())

    # --- finding locks -----------------------------------------------------------------

    def watch(self, *roots: Any) -> None:
        """Put a watched lock in the place of every lock that `roots` name or hold."""
        todo, seen = list(roots), set()
        while todo:
            one = todo.pop()
            if id(one) in seen or isinstance(one, (types.ModuleType, str, bytes, int)):
                continue
            seen.add(id(one))
            if isinstance(one, types.FunctionType):
                self._in_function(one, todo)
            elif isinstance(one, dict):
                self._in_mapping(one, list(one), todo)
            elif isinstance(one, list):
                self._in_mapping(one, range(len(one)), todo)
            elif isinstance(one, tuple):
                todo += one
            elif isinstance(one, type) and _own(one):
                for name, value in list(vars(one).items()):
                    if isinstance(value, LOCKS):
                        setattr(one, name, self._watched(value))
            elif _own(type(one)):
                todo += [vars(one) if hasattr(one, "__dict__") else None, type(one)]
            elif hasattr(one, "__wrapped__"):
                todo.append(one.__wrapped__)

    def _in_function(self, function: types.FunctionType, todo: list) -> None:
        names = _names(function.__code__)
        self._in_mapping(function.__globals__, names & set(function.__globals__), todo)
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not yet bound
                continue
            if isinstance(value, LOCKS):
                cell.cell_contents = self._watched(value)
            todo.append(value)
        if function.__defaults__:
            function.__defaults__ = tuple(self._or_watched(v) for v in function.__defaults__)
        todo += [function.__kwdefaults__, function.__dict__]

    def _in_mapping(self, place: Any, keys: Any, todo: list) -> None:
        for key in keys:
            if isinstance(place[key], LOCKS):
                place[key] = self._watched(place[key])
            else:
                todo.append(place[key])

    def _or_watched(self, value: Any) -> Any:
        return self._watched(value) if isinstance(value, LOCKS) else value

    def _watched(self, lock: Any) -> WatchedLock:
        # The watched one keeps the lock alive, so that its id stays its own.
        return self.locks.setdefault(id(lock), WatchedLock(lock, self))


def _bakers(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"baker {numbers[0]} stands"
    return f"bakers {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} stand"


def _own(kind: type) -> bool:
    """Whether a class is a learner's: of no library, and not the course's."""
    top = kind.__module__.partition(".")[0]
    return top == "__main__" or (top != "helpers" and top not in sys.stdlib_module_names)


def _names(code: types.CodeType) -> set[str]:
    """The names that a function uses, and those of the functions in it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names
