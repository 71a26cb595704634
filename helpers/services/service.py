"""The owner's side of a service: start its process, ask what it uses, end it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from ..measure.shortage import short_of, shortage
from .piped import Piped

START_S = 60.0
#: What a learner calls a service, by its module below `helpers.services`.
NAMES = {
    "web.app": "The web server",
    "connections.async_server": "The asyncio server",
    "connections.threaded_server": "The threads server",
    "connections.load": "The load client",
    "cluster.app": "The Dask cluster",
    "database.postgres_server": "The PostgreSQL server",
    "database.postgres_schema": "The PostgreSQL schema",
    "partner": "The echo partner",
    "scratch": "The scratch folder's keeper",
}
PROJECT = Path(__file__).resolve().parents[2]

_running: weakref.WeakSet[Service] = weakref.WeakSet()


class ServiceError(RuntimeError):
    """A service could not be started, or has ended; the message says what to do.

    In a notebook it shows as that one sentence.
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Usage:
    """What a service's process uses now: MB resident, threads, CPU seconds so far, open files."""

    memory_mb: float
    threads: int
    cpu_s: float
    files: int


class Closing:
    """What ends with its `close()`, and at the end of a ``with`` block."""

    def close(self) -> None:
        """End it. Safe to call twice."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Service(Closing):
    """A process that runs ``python -m MODULE`` and lives no longer than its owner.

    `module` uses a `keeper.Keeper`: it announces ``facts`` (its port and the like) when it
    is ready, and ends when its standard input closes: at `close()`, at the end of the
    ``with`` block, when this object is forgotten, or when this process ends, however it
    does. `configuration` is what JSON can hold. Raises ServiceError if it does not start.
    """

    def __init__(self, module: str, **configuration: Any) -> None:
        self.module = module
        self.facts: dict[str, Any] = {}
        # Named here and made there: it is known, and can be removed, at any moment of its life.
        self.folder = Path(tempfile.gettempdir(), f"course-{secrets.token_hex(8)}")
        # Not the terminal's or the kernel's: what it writes is shown only if it fails.
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            try:
                self.process = self._process(configuration)
            except BaseException:
                self._errors.close()
                raise
        except OSError as error:
            cause = shortage(error, starting=True)
            raise ServiceError(cause or f"{module} can't be started: {error}.") from error
        _running.add(self)
        try:
            self.facts = self._announced()
        except BaseException:
            self.close()
            raise

    def _process(self, configuration: dict[str, Any]) -> Piped:
        path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return Piped(
            [sys.executable, "-m", self.module, json.dumps(configuration), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # an interrupt of the kernel is not meant for it
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )

    @property
    def name(self) -> str:
        """What a sentence calls it, with a capital letter."""
        return NAMES.get(self.module.removeprefix("helpers.services."), self.module)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which it listens."""
        return self.facts["port"]

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def usage(self) -> Usage:
        """What the process uses now. Raises ServiceError if it has ended."""
        try:
            process = psutil.Process(self.process.pid)
            with process.oneshot():
                times = process.cpu_times()
                return Usage(process.memory_info().rss / 2**20, process.num_threads(),
                             times.user + times.system, process.num_fds())  # fmt: skip
        except psutil.Error:
            raise ServiceError(f"{self.name} has ended: start it again.") from None

    def close(self) -> None:
        """End the process, with all it left, and wait for that. Safe to call twice."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)  # of a process that was killed
        self.process.stdout.close()
        self._errors.close()
        _running.discard(self)

    # --- inside ------------------------------------------------------------------------

    def _announced(self) -> dict[str, Any]:
        line, end = b"", time.monotonic() + START_S
        while not line.endswith(b"\n"):
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                late = f"it was not ready within {START_S:g} s. Run it again when less is running."
                ended = "its process was ended. Run it again."
                cause = self._left() or (ended if ready else late)
                raise ServiceError(short_of(cause) or f"{self.name} did not start: {cause}")
            line += more
        answer = json.loads(line)
        if "refused" in answer:
            raise ServiceError(answer["refused"])
        return answer

    def _left(self) -> str:
        """The last line that the process wrote to stderr."""
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""


class Served(Closing):
    """What stands for a service in a notebook, and ends it with its own `close()`.

    It can be named in functions that travel to another process: what arrives there ends nothing.
    """

    _service: Service | None

    def close(self) -> None:
        """End its process, and remove what that wrote. Safe to call twice."""
        if self._service is not None:
            self._service.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_service": None}


def service_processes() -> list[int]:
    """The ids of all processes of this process's services: not the load of other programs."""
    found = []
    for service in list(_running):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(service.process.pid)
            found += [process.pid, *(child.pid for child in process.children(recursive=True))]
    return found


@atexit.register
def _close_all() -> None:
    for service in list(_running):
        service.close()
