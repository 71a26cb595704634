"""Handlers for `test_connections`: good ones, and each with one fault."""

from __future__ import annotations

import itertools
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def good(reader, writer):
    while await reader.read(4096):
        writer.write(ANSWER)
        await writer.drain()


def good_threaded(connection):
    while connection.recv(4096):
        connection.sendall(ANSWER)


async def in_pieces(reader, writer):
    """Answers in three pieces, the head in other spelling than usual."""
    while await reader.read(4096):
        for piece in (b"HTTP/1.1 200 OK\r\ncontent-", b"length: 2\r\n\r\n", b"ok"):
            writer.write(piece)
            await writer.drain()


async def hangs_up(reader, writer):
    await reader.read(4096)


async def once(reader, writer):
    """Answers, and hangs up."""
    await reader.read(4096)
    writer.write(ANSWER)


async def hangs_up_later(reader, writer):
    """The first answer is good, and there is no second one."""
    await once(reader, writer)
    await reader.read(4096)


async def fails_later(reader, writer):
    """The first answer is good, the others are errors."""
    await reader.read(4096)
    writer.write(ANSWER)
    while await reader.read(4096):
        writer.write(ANSWER.replace(b"200 OK", b"500 No"))


async def without_length(reader, writer):
    while await reader.read(4096):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")


async def too_long(reader, writer):
    while await reader.read(4096):
        writer.write(ANSWER + b"!")


async def raises(reader, writer):
    print("a word before")
    await reader.read(4096)
    raise LookupError("no such bread")


async def blocks_on_demand(reader, writer):
    while request := await reader.read(4096):
        if b"/block" in request:
            time.sleep(0.4)  # noqa: ASYNC251
        writer.write(ANSWER)


def blocks_its_thread(connection):
    while request := connection.recv(4096):
        if b"/block" in request:
            time.sleep(0.4)
        connection.sendall(ANSWER)


_connections = itertools.count(1)
FEW = 8  # the five that warm up, and three


async def few(reader, writer):
    """Answers on the first connections only; the others wait."""
    while next(_connections) > FEW and await reader.read(4096):
        pass
    await good(reader, writer)


def few_threaded(connection):
    while next(_connections) > FEW and connection.recv(4096):
        pass
    good_threaded(connection)
