"""Waits for many sockets, to the microsecond, with as little per event as Python allows."""

from __future__ import annotations

import select
import selectors


class Poller:
    """``wait(seconds)`` gives the file numbers of the sockets that can be read.

    On Linux epoll itself: `selectors` makes an object for each event, a fifth of what the
    load client may spend on a request. epoll's timeout counts milliseconds, too coarse to
    send on time, so a `select` on epoll's own file waits first.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if not self._epoll:
            self._other = selectors.DefaultSelector()

    def add(self, number: int, write: bool = False) -> None:
        """Watch a socket: until it can be read, or with `write` until it is connected."""
        if self._epoll:
            self._epoll.register(number, select.EPOLLOUT if write else select.EPOLLIN)
        else:
            kind = selectors.EVENT_WRITE if write else selectors.EVENT_READ
            self._other.register(number, kind)

    def to_read(self, number: int) -> None:
        """It is connected: watch it for what can be read."""
        if self._epoll:
            self._epoll.modify(number, select.EPOLLIN)
        else:
            self._other.modify(number, selectors.EVENT_READ)

    def remove(self, number: int) -> None:
        """Watch it no longer."""
        if self._epoll:
            self._epoll.unregister(number)
        else:
            self._other.unregister(number)

    def wait(self, seconds: float) -> list[int]:
        """The sockets that are ready, after at most `seconds`."""
        if not self._epoll:
            return [key.fd for key, _ in self._other.select(max(0.0, seconds))]
        if seconds > 0:
            select.select([self._epoll], (), (), seconds)
        return [number for number, _ in self._epoll.poll(0, 1024)]

    def some(self, seconds: float) -> list[tuple[int, int]]:
        """As `wait`, as pairs and with a coarse timeout: for the closed loop."""
        if not self._epoll:
            return [(key.fd, 0) for key, _ in self._other.select(max(0.0, seconds))]
        return self._epoll.poll(seconds, 512)

    def close(self) -> None:
        """Give the file back."""
        (self._epoll or self._other).close()
