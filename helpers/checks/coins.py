"""The slow addition that lab 2 gives to a learner's deposits, and what to say of misuse."""

from __future__ import annotations

from typing import Any

from .finding import Wrong
from .guarded import Room
from .simulated import shown
from .standing import failed


def explained(error: BaseException, doing: str) -> Wrong:
    """A learner's error, with the mix-up of locks that it often comes from."""
    wrong = failed(error, doing)
    if "context manager protocol" in str(error) or "__enter__" in str(error):
        wrong.points_at = (
            "A threading.Lock is entered by with, an asyncio.Lock by async with; and the lock is "
            "what threading.Lock() gives, with the parentheses."
        )
    elif "release" in str(error).lower() or "not acquired" in str(error):
        wrong.points_at = (
            "Only who has taken the lock gives it back. An asyncio.Lock is taken by await "
            "lock.acquire(), and never by a thread."
        )
    return wrong


class Adding:
    """`slow_add` as the check gives it to threads; counts its calls."""

    def __init__(self, room: Room, *amounts: int) -> None:
        self._room, self._amounts = room, amounts
        self.calls = 0
        self.misuse: Wrong | None = None

    def __call__(self, coins: Any, amount: Any) -> int:
        self.calls += 1
        self.misuse = self.misuse or misuse_of(coins, amount, self._amounts)
        if self.misuse:
            raise self.misuse
        self._room.meet()
        return coins + amount


def misuse_of(coins: Any, amount: Any, amounts: tuple[int, ...]) -> Wrong | None:
    """What to say of a call with other arguments than a number of coins, and an amount."""
    if type(coins) is int and amount in amounts:
        return None
    return Wrong(f"slow_add was called with {shown(coins)} and {shown(amount)}.",
                 "It takes the number of coins, and how many come in: slow_add(coins, 1); or go "
                 "out: slow_add(coins, -1).")  # fmt: skip
