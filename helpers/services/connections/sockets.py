"""What both servers share: limits raised, the handler, its errors."""

from __future__ import annotations

import base64
import json
import linecache
import sys
import traceback
import zlib
from collections.abc import Callable
from typing import Any

from ..commands import Commands
from ..keeper import configuration

#: Connections that may wait to be accepted.
BACKLOG = 4_096


def pack(code: bytes) -> str:
    """Bytes as text for a command line."""
    return base64.b64encode(zlib.compress(code)).decode()


def raise_file_limit() -> None:
    """Let this process have as many open files as it may."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ImportError, ValueError, OSError):
        pass  # the caller has read the limits and asks for no more


class Host(Commands):
    """A server's side of its owner: the handler that it was given, and what became of it.

    Answers ``{"do": "state"}`` at any time: connections accepted, open now and refused,
    the handler's failures with the traceback of the first, what it printed.
    """

    def __init__(self) -> None:
        self.accepted = self.open = self.refused = self.failures = 0
        self.first = ""
        super().__init__()
        raise_file_limit()
        self.handle = self._handler()

    def hear(self, command: dict[str, Any]) -> None:
        """Answer at once: a server whose loop is blocked can do so too."""
        self.say(accepted=self.accepted, open=self.open, refused=self.refused,
                 failures=self.failures, first=self.first, printed=self.printed.text())  # fmt: skip

    def failed(self, error: BaseException) -> None:
        """A handler has raised; a client that went away is no failure."""
        if isinstance(error, (ConnectionError, EOFError)):
            return
        self.failures += 1
        if not self.first:
            inner = error.__traceback__ and error.__traceback__.tb_next  # without this file
            lines = traceback.format_exception(type(error), error, inner or error.__traceback__)
            self.first = "".join(lines)[-8_000:]

    def _handler(self) -> Callable:
        """The handler of the command line, unpickled, the text of its cell with it."""
        try:
            import cloudpickle

            code = zlib.decompress(base64.b64decode(configuration()["handler"]))
            bundle = json.loads(code[4 : (size := int.from_bytes(code[:4], "big") + 4)])
            sys.path[:] = [*sys.path, *(p for p in bundle["path"] if p not in sys.path)]
            for name, text in bundle["sources"].items():
                # no modification time: linecache must not look for the file
                linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            return cloudpickle.loads(code[size:])
        except BaseException as error:
            cause = f"{type(error).__name__}: {error}"
            self.say(refused=f"The handler can't be loaded in the server's process: {cause}")
            self.end(1)
            raise  # not reached


def bundle(code: bytes, sources: dict[str, str], path: list[str]) -> str:
    """The handler's configuration: cloudpickled `code`, its cells' text, where modules are."""
    head = json.dumps({"sources": sources, "path": path}).encode()
    return pack(len(head).to_bytes(4, "big") + head + code)
