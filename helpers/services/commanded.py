"""The owner's side of services that take commands: ask one, end several at once."""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psutil

from .service import Service, ServiceError

T = TypeVar("T")


class Commanded(Service):
    """A service whose module uses `commands.Commands`; one question at a time."""

    def __init__(self, module: str, crew: Crew | None = None, **configuration: Any) -> None:
        self._crew, self._text = crew, b""
        super().__init__(module, **configuration)

    def ask(self, do: str, *, tell: Callable[[dict], None] | None = None, patience: float = 60.0,
            **details: Any) -> dict[str, Any]:  # fmt: skip
        """Send a command and wait for its answer; `tell` gets what comes before it.

        Raises ServiceError if the service refuses, has ended, or does not answer within
        `patience` seconds.
        """
        try:
            self.process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            raise self._ended() from None
        end = time.monotonic() + patience
        while True:
            answer = self._line(end)
            if "progress" in answer:
                if tell:
                    tell(answer["progress"])
                continue
            if "failed" in answer:
                raise ServiceError(answer["failed"])
            return answer

    def measured(self, look: Callable[[int], T]) -> T:
        """What `look` finds of its process, by its id. Raises ServiceError if that has ended."""
        try:
            return look(self.process.pid)
        except psutil.Error:
            raise self._ended() from None

    def kill(self) -> None:
        """End the process now; may come from any thread. `close()` is still due."""
        process = getattr(self, "process", None)
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()

    def _announced(self) -> dict[str, Any]:
        if self._crew is not None:
            self._crew.joined(self)
        return super()._announced()

    def _line(self, end: float) -> dict[str, Any]:
        while b"\n" not in self._text:
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            if not ready:
                raise ServiceError(f"{self.name} did not answer in time: run it again.")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise self._ended()
            self._text += more
        line, self._text = self._text.split(b"\n", 1)
        return json.loads(line)

    def _ended(self) -> ServiceError:
        cause = self._left()
        return ServiceError(f"{self.name} has ended{': ' if cause else ''}{cause}. Run it again.")


class Crew:
    """The services of one experiment: `stop()` ends them all, at once, from any thread."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._members: list[Commanded] = []

    def start(self, module: str, **configuration: Any) -> Commanded:
        """Start a service. Raises ServiceError if it does not start or the crew is stopped."""
        return Commanded(module, self, **configuration)

    def joined(self, service: Commanded) -> None:
        """A new service, whose process has been started."""
        self._members.append(service)
        if self.stopped.is_set():
            service.kill()

    def leave(self, *services: Commanded) -> None:
        """End these services, and wait for that."""
        for service in services:  # all at once first: each may take a moment
            service.kill()
        for service in services:
            service.close()
            if service in self._members:
                self._members.remove(service)

    def stop(self) -> None:
        """Kill every process; whoever waits for one gets ServiceError."""
        self.stopped.set()
        for service in list(self._members):
            service.kill()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        self.leave(*list(self._members))
