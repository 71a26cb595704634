"""A server with one thread for each connection; the handler comes from the owner."""

from __future__ import annotations

import socket
import threading
import time

from ..listening import listening
from .sockets import BACKLOG, Host


def main() -> None:
    """Serve until the owner ends."""
    host, counted = Host(), threading.Lock()

    def connected(connection: socket.socket) -> None:
        try:
            with connection:
                host.handle(connection)
        except Exception as error:
            with counted:
                host.failed(error)
        finally:
            with counted:
                host.open -= 1

    server = listening(BACKLOG)
    host.announce(port=server.getsockname()[1])
    while True:
        try:
            connection, _ = server.accept()
        except OSError:  # no file left for it: others may end
            time.sleep(0.05)
            continue
        # as asyncio does: a short answer is sent at once
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with counted:
            host.accepted += 1
            host.open += 1
        try:
            threading.Thread(target=connected, args=(connection,), daemon=True).start()
        except RuntimeError:  # no more threads: the client hears of it
            connection.close()
            with counted:
                host.refused += 1
                host.open -= 1


if __name__ == "__main__":
    main()
