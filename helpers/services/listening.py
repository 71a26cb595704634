"""The listening socket of a service."""

from __future__ import annotations

import random
import socket

#: Below the ports that systems hand out by themselves, from 32768 or 49152 on.
PORTS = range(10_240, 32_768)
TRIES = 50


def listening(backlog: int = 128) -> socket.socket:
    """A socket that listens on a free port of 127.0.0.1.

    Not on one that the system would choose. Somebody may still be calling there who has lost
    a partner, such as a Jupyter server whose kernel was killed: it would take the service for
    that partner, and send what no handler expects. Raises OSError where no port is free.
    """
    for port in [*random.sample(PORTS, TRIES), 0]:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", port))
            made.listen(backlog)
        except OSError:
            made.close()
            if not port:
                raise
            continue
        return made
    raise AssertionError("the last port is any")
