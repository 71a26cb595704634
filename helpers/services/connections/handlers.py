"""What the servers do with a connection, where the learner gives no handler of their own."""

from __future__ import annotations

import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def handle_async(reader, writer):
    """Answer every request of one connection; a task runs this."""
    while await reader.read(4096):  # so short a request arrives in one piece
        writer.write(ANSWER)
        await writer.drain()


def handle_threaded(connection):
    """Answer every request of one connection; a thread runs this."""
    while connection.recv(4096):
        connection.sendall(ANSWER)


def compute(seconds):
    """Pure Python that uses so many seconds of CPU, however long that takes."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(number * number for number in range(1000))


async def handle_rude_async(reader, writer):
    """As `handle_async`; /block sleeps and /compute computes, on the loop's thread."""
    while request := await reader.read(4096):
        path = request.split()[1]
        if path == b"/block":
            time.sleep(0.5)  # noqa: ASYNC251 - what it is here to show
        if path == b"/compute":
            compute(0.5)
        writer.write(ANSWER)
        await writer.drain()


def handle_rude_threaded(connection):
    """As `handle_threaded`; /block sleeps and /compute computes, on the connection's thread."""
    while request := connection.recv(4096):
        path = request.split()[1]
        if path == b"/block":
            time.sleep(0.5)
        if path == b"/compute":
            compute(0.5)
        connection.sendall(ANSWER)
