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

from ..measure.fit import OneSentence
from ..measure.shortage import short_of, shortage
from .container import memory_free
from .piped import Piped

START_S = 60.0
#: How long a service whose connections have just broken may take to be seen as ended.
DYING_S = 0.3
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

#: MB that a service takes, and that what asks it takes in the kernel. Below it the system would
#: end a process, and the largest one is the kernel. Measured 2026-11-28: 25 to 27, with Python.
MB = 45

_running: weakref.WeakSet[Service] = weakref.WeakSet()


class ServiceError(OneSentence, RuntimeError):
    """A service could not be started, or has ended; the message says what to do.

    In a notebook it shows as that one sentence.
    """


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
    does. `configuration` is what JSON can hold, and `mb` the memory that it takes, in MB. Raises
    ServiceError if it does not start, or if there is less memory.
    """

    def __init__(self, module: str, *, mb: float = MB, **configuration: Any) -> None:
        self.module = module
        check_room(self.name, mb)
        self.facts: dict[str, Any] = {}
        self._server: psutil.Process | None = None
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
            if pid := self.facts.get("server"):
                with contextlib.suppress(psutil.Error):
                    self._server = psutil.Process(pid)
        except BaseException:
            self.close()
            raise
        # Forgotten after it was killed, nobody would call `close()`.
        weakref.finalize(self, _swept, self.process, self.folder)

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
        """Whether the process runs and, where that started a server, the server too."""
        return self.process.poll() is None and (self._server is None or _runs(self._server))

    def ended(self) -> str:
        """What to say if it has ended though nobody closed it; empty while it runs."""
        if self.alive():
            return ""
        return has_ended(self.name)

    def usage(self) -> Usage:
        """What the process uses now. Raises ServiceError if it has ended."""
        try:
            process = psutil.Process(self.process.pid)
            with process.oneshot():
                times = process.cpu_times()
                return Usage(process.memory_info().rss / 2**20, process.num_threads(),
                             times.user + times.system, process.num_fds())  # fmt: skip
        except psutil.Error:
            raise ServiceError(has_ended(self.name)) from None

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
                ended = "its process was ended. Run it again."
                late = (f"it was not ready after {START_S:g} seconds. Close what keeps this "
                        f"machine busy, then run it again.")  # fmt: skip
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

    def check(self) -> None:
        """Raise ServiceError if its process has ended though nobody closed it."""
        if self._service is not None and (words := self._service.ended()):
            raise ServiceError(words)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_service": None}


def has_ended(name: str) -> str:
    """The sentence for a server that has ended though nobody closed it."""
    return f"{name} has ended: run the cell that starts it again, and those below it."


def check_room(name: str, mb: float, instead: str = "ask for less of it") -> None:
    """Raise ServiceError where what `name` calls would take more memory than is free."""
    free = memory_free() >> 20
    if free < mb:
        raise ServiceError(f"{name} takes about {mb:,.0f} MB of memory, and {free:,} MB are free "
                           f"here: close other notebooks, or {instead}.")  # fmt: skip


def ended_services() -> str:
    """A sentence for each server of this process that has ended by itself; empty if none has.

    For whoever has just seen a task fail: a server that is being killed closes its
    connections a moment before it can be seen to have ended.
    """
    servers = [one for one in list(_running) if one.facts.keys() & {"port", "server"}]
    end = time.monotonic() + DYING_S
    while not (found := [words for one in servers if (words := one.ended())]):
        if not servers or time.monotonic() > end:
            break
        time.sleep(0.01)
    return " ".join(dict.fromkeys(found))


def service_processes() -> list[int]:
    """The ids of all processes of this process's services: not the load of other programs."""
    found = []
    for service in list(_running):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(service.process.pid)
            found += [process.pid, *(child.pid for child in process.children(recursive=True))]
    return found


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _swept(process: Piped, folder: Path) -> None:
    """Remove what a killed service left; one that runs does so itself, when it hears the end."""
    if process.poll() is not None:
        shutil.rmtree(folder, ignore_errors=True)


@atexit.register
def _close_all() -> None:
    for service in list(_running):
        service.close()
