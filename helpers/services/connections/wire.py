"""The load client's connections: opened, asked, read, dropped; failures counted by cause."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import struct
import time
from collections import Counter

from .poller import Poller

clock = time.perf_counter
GRACE_S = 5.0
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)


class Wire:
    """Non-blocking connections to `port` of 127.0.0.1, by the number of their file.

    Answers are HTTP/1.1 with a Content-Length, one at a time on each connection.
    """

    def __init__(self) -> None:
        self.port = 0
        self.poller = Poller()
        self.connections: dict[int, socket.socket] = {}
        self.failures: Counter[str] = Counter()
        self._partial: dict[int, bytes] = {}
        self._whole = b"-"  # the usual answer, as it came last

    def _connect(self) -> int | None:
        """A connection on its way; None, and a failure counted, where there is none."""
        made: socket.socket | None = None
        error: int | None
        try:
            made = socket.socket()
            made.setblocking(False)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            error = made.connect_ex(("127.0.0.1", self.port))
        except OSError as problem:
            error = problem.errno
        if made is None or error not in (0, errno.EINPROGRESS):
            self.failures[cause_of(error)] += 1
            if made is not None:
                made.close()
            return None
        number = made.fileno()
        self.connections[number] = made
        self.poller.add(number, write=True)
        return number

    def _connect_one(self) -> int | None:
        """One more connection, ready to ask."""
        number = self._connect()
        if number is not None:
            self.poller.wait(1.0)
            self.poller.to_read(number)
        return number

    def _drop(self, number: int, cause: str = "") -> None:
        """Close a connection; with a cause it is a failure."""
        if cause:
            self.failures[cause] += 1
        gone = self.connections.pop(number, None)
        self._partial.pop(number, None)
        if gone is None:
            return
        self.poller.remove(number)
        with contextlib.suppress(OSError):
            # reset, not shut: else the system keeps each port waiting for a minute
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()

    def _send(self, number: int, request: bytes) -> bool:
        try:
            if self.connections[number].send(request) == len(request):
                return True
            self._drop(number, "a request could not be sent whole")
        except KeyError:
            return False
        except OSError as error:
            self._drop(number, cause_of(error.errno))
        return False

    def _answered(self, number: int) -> bool:
        """Read what came on a connection; whether its answer is whole now."""
        try:
            data = self.connections[number].recv(65536)
        except KeyError:
            return False
        except OSError as error:
            self._drop(number, cause_of(error.errno))
            return False
        return data == self._whole or self._complete(number, data)

    def _complete(self, number: int, data: bytes) -> bool:
        """Take an answer apart that is not the usual one, or came in pieces."""
        if number not in self.connections:
            return False
        if not data:
            self._drop(number, "closed by the server")
            return False
        text = self._partial.pop(number, b"") + data
        head = text.find(b"\r\n\r\n")
        if head < 0:
            self._partial[number] = text
            return False
        length = _LENGTH.search(text, 0, head)
        if not text.startswith(b"HTTP/1.") or not length:
            self._drop(number, "an answer that is not HTTP/1.1 with a Content-Length")
            return False
        size = head + 4 + int(length[1])
        if len(text) < size:
            self._partial[number] = text
            return False
        if len(text) > size:
            self._drop(number, "an answer longer than its Content-Length")
            return False
        if text[9:10] != b"2":
            self.failures[f"answered with status {text[9:12].decode('ascii', 'replace')}"] += 1
        else:
            self._whole = text
        return True

    def _drain(self, owed: set[int]) -> None:
        """Read the answers that are still due, so that the next command begins afresh."""
        end = clock() + GRACE_S
        while owed and clock() < end:
            for number in self.poller.wait(0.05):
                if self._answered(number):
                    owed.discard(number)
            owed &= self.connections.keys()
        for number in owed:
            self._drop(number)


def request_for(port: int, path: str) -> bytes:
    """A request that keeps the connection open."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


_CAUSES = {
    errno.ECONNREFUSED: "refused: nobody listens",
    errno.EMFILE: "no open file left for it (ulimit -n)",
    errno.ENFILE: "no open file left in the whole system",
    errno.EADDRNOTAVAIL: "no local port left for it",
    errno.ECONNRESET: "closed by the server",
    errno.EPIPE: "closed by the server",
    errno.ETIMEDOUT: "timed out",
}


def cause_of(number: int | None) -> str:
    """What an error number of a socket means to the reader."""
    return _CAUSES.get(number or 0) or os.strerror(number or 0)
