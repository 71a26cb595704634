"""What listens for a lab's calls in other processes hears those, and no other program."""

from __future__ import annotations

import json
import socket

import pytest

from helpers.checks.apart import Apart
from helpers.checks.stages import Stages

FOREIGN = [
    b"\x02\x00\x00\x00\x00\x00\x00\x00\x07\x00",  # as a cluster's worker begins
    b"GET / HTTP/1.1\r\n\r\n",
    b"\n",
    json.dumps({"number": 0, "pid": 1}).encode(),  # an earlier check's call
    json.dumps({"key": "another", "number": 0, "pid": 1}).encode(),
    b"[1]",
]


def calls(port: int, words: bytes) -> bytes:
    """What another program gets, after it has said `words`: nothing, and the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(words)
        return line.recv(1)


@pytest.mark.parametrize("words", FOREIGN)
def test_another_program_is_not_a_call(words):
    with Apart() as apart:
        (order,) = apart.orders(1)
        assert apart.attend(calls, order.port, words, doing="calls") == b""
        assert apart.came == []


def test_a_program_that_says_nothing_is_not_waited_for():
    with Apart() as apart:
        (order,) = apart.orders(1)
        with socket.create_connection(("127.0.0.1", order.port)):
            assert apart.attend(calls, order.port, b"\n", doing="calls") == b""
        assert apart.came == []


@pytest.mark.parametrize("words", FOREIGN)
def test_another_program_is_no_computation(words):
    stages = Stages(1)

    async def solution():
        assert calls(stages.legacy(0).port, words) == b""

    stages.attend(solution, doing="solution")
    assert stages.computed == []
