"""The partner of a ping-pong: a process that sends every byte back.

A process of its own, so that no other program's GIL can slow it down. `echo_partner()`
starts it; ``python -m helpers.services.partner`` is what it runs.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from .keeper import Keeper, configuration
from .listening import listening
from .service import Service, ServiceError


def echo_partner(ms: float = 1.0) -> Service:
    """Start an echo server that answers after `ms` milliseconds; use it in a ``with`` block.

    ``.port`` is where it listens on 127.0.0.1. An answer at once (``ms=0``) often finds the
    asking thread still at work; a network's never does. Raises ServiceError for a delay
    that is none, and if it can't be started.
    """
    if not 0 <= ms <= 1000:
        raise ServiceError(f"ms is a delay from 0 to 1000; {ms!r} is not: write ms=1.")
    return Service("helpers.services.partner", seconds=ms / 1e3)


def answer(line: socket.socket, seconds: float) -> None:
    """Send back what arrives on `line`, `seconds` later, until the other end closes it."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with line, contextlib.suppress(ConnectionError):
        while data := line.recv(4096):
            if seconds:
                time.sleep(seconds)
            line.sendall(data)


def main() -> None:
    """Serve until the owner ends."""
    seconds = configuration()["seconds"]
    keeper = Keeper()
    listener = listening()
    keeper.announce(port=listener.getsockname()[1])
    while True:
        line, _ = listener.accept()
        threading.Thread(target=answer, args=(line, seconds), daemon=True).start()


if __name__ == "__main__":
    main()
