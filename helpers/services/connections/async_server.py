"""A server on one event loop: one task for each connection.

What a learner would write with ``asyncio.start_server``; the handler comes from the owner.
"""

from __future__ import annotations

import asyncio

from ..listening import listening
from .sockets import BACKLOG, Host


async def main() -> None:
    """Serve until the owner ends."""
    host = Host()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.accepted += 1
        host.open += 1
        try:
            await host.handle(reader, writer)
        except Exception as error:
            host.failed(error)
        finally:
            host.open -= 1
            writer.close()

    socket = listening(BACKLOG)
    server = await asyncio.start_server(connected, sock=socket, backlog=BACKLOG)
    async with server:
        host.announce(port=socket.getsockname()[1])
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
