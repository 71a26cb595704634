"""What a learner's `pmap` is given for lab 4: functions and items, in a module.

So any process can import them. Each call tells the check through a socket that it is there,
and waits to be let go (`Apart`). It shows the check's key: any program of this machine can
connect to a port, and one that looks for a service that has ended does.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from types import FrameType
from typing import Any, NamedTuple


class Order(NamedTuple):
    """An item: its number, where the check listens, and the check's key."""

    number: int
    port: int
    key: str

    def __repr__(self) -> str:
        return f"order {self.number}"


def _told(order: Order, **more: Any) -> None:
    """Tell the check who is here, and wait until it lets one go."""
    with socket.create_connection(("127.0.0.1", order.port), timeout=20) as line:
        here = {"key": order.key, "number": order.number, "pid": os.getpid(), **more}
        line.sendall(json.dumps(here).encode() + b"\n")
        line.recv(1)


def listen() -> tuple[socket.socket, tuple[int, str]]:
    """A check's listener, and what its orders need: the port and a key of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    return listener, (listener.getsockname()[1], secrets.token_hex(8))


def heard(told: bytes, key: str) -> dict[str, Any] | None:
    """What a call told, or None where it was no call of the check with that key."""
    try:
        here = json.loads(told)
    except ValueError:
        return None
    return here if isinstance(here, dict) and here.get("key") == key else None


def bake(order: Order) -> str:
    """The loaf of an order."""
    _told(order)
    return f"loaf {order.number}"


# --- an object that is kept in each process ------------------------------------------------

_kept: dict[str, Any] = {}


class Prices:
    """A large object, as it were; `pickled` counts how often it was."""

    pickled = 0

    def __init__(self, first: int) -> None:
        self.first = first

    def of(self, number: int) -> int:
        """The price of a loaf."""
        return self.first + number

    def __reduce__(self) -> tuple:
        Prices.pickled += 1
        return Prices, (self.first,)

    def __repr__(self) -> str:
        return "the prices"


def keep(prices: Prices) -> None:
    """Keep `prices` in this process; `bake_priced` looks there."""
    _kept.update(
        prices=prices, pid=os.getpid(), as_task=_is_task(), times=_kept.get("times", 0) + 1
    )


def bake_priced(order: Order) -> tuple[str, int]:
    """The loaf of an order and its price, from what `keep` has kept in this process.

    Raises LookupError where it was not called there.
    """
    if not _kept:
        raise LookupError("keep(shared) was not called in this process")
    _told(order, kept_in=_kept["pid"], as_task=_kept["as_task"])
    return f"loaf {order.number}", _kept["prices"].of(order.number)


def _is_task() -> bool:
    """Whether a pool's process calls this as one of its tasks, not to begin with."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name, names = frame.f_code.co_name, frame.f_locals
        if name == "_process_worker" and names.get("call_item") is not None:
            return True
        if name == "worker" and "job" in names:
            return True
        frame = frame.f_back
    return False


class Square:
    """A quick function; `sent` counts how often it was pickled. Each process meets once."""

    sent = 0
    _here = 0

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key

    def __call__(self, number: int) -> int:
        if Square._here != os.getpid():
            Square._here = os.getpid()
            _told(Order(number, self._port, self._key))
        return number * number

    def __reduce__(self) -> tuple:
        Square.sent += 1
        return Square, (self._port, self._key)
