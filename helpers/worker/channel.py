"""The process of a worker and the ways to it: a pipe of JSON lines, three shared files."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import psutil

from ..measure.shortage import short_of, shortage
from ..services.piped import Piped
from .errors import RunError, WorkerEnded
from .shared import SharedFile

START_S = 60.0
PROJECT = Path(__file__).resolve().parents[2]


class Channel:
    """A running worker process. Made, it is ready; `close()` ends it.

    `inbox`, `board` and `outbox` are the shared files, `version` the interpreter's.
    Raises RunError if the process can't be started.
    """

    process: Piped  # not there where it could not be started
    _errors: IO[bytes]

    def __init__(self, python: str, method: str) -> None:
        if sys.platform == "win32":
            raise RunError("The measuring worker needs Linux or macOS: on Windows, use WSL.")
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._files: list[SharedFile] = []
        try:
            self._start(python, method)
        except (OSError, RuntimeError) as error:
            self.close()
            cause = shortage(error, starting=True)
            raise RunError(cause or f"{python} can't be started as a worker: {error}.") from error
        ready = self.answer(START_S)
        if ready is None or "ready" not in ready:
            errors = self.error_text()
            self.close()
            if cause := short_of((errors.strip().splitlines() or [""])[-1]):
                raise RunError(cause)
            raise RunError(f"The worker did not start with {python}.", errors)
        self.version: tuple[int, ...] = tuple(ready["version"])

    def _start(self, python: str, method: str) -> None:
        for _ in range(3):
            self._files.append(SharedFile())
        self.inbox, self.board, self.outbox = self._files
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        descriptors = [file.descriptor for file in self._files]
        path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.process = Piped(
            [python, "-m", "helpers.worker", method, *map(str, descriptors)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            pass_fds=descriptors,
            start_new_session=True,  # a kernel's restart kills its group: not this one
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
        self._reader = threading.Thread(
            target=_read_lines,
            args=(self.process.stdout, self._answers),
            name="worker-reader",
            daemon=True,
        )
        self._reader.start()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def send(self, message: dict) -> None:
        """Send one request. Raises WorkerEnded if the process has."""
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise WorkerEnded(self.error_text()) from error

    def answer(self, seconds: float) -> dict | None:
        """The next answer, None if none comes within `seconds`; ``{"closed": True}`` at the end."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def error_text(self) -> str:
        """The end of what the process wrote to stderr."""
        self._errors.seek(0)
        return self._errors.read()[-4000:].decode("utf-8", "replace")

    def close(self) -> None:
        """End the process and everything it started."""
        process: Piped | None = getattr(self, "process", None)
        if process is None:  # it could not even be started
            self._release()
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
            process.kill()
            process.wait()
        # Its reader closes the pipe. A process that a run left keeps it open, maybe for long:
        # to close it here would wait for as long.
        reader = getattr(self, "_reader", None)
        if reader is not None and reader.is_alive():
            reader.join(1.0)
        else:
            process.stdout.close()
        self._release()

    def _release(self) -> None:
        if hasattr(self, "_errors"):
            self._errors.close()
        for file in self._files:
            file.close()


def _read_lines(pipe: IO[bytes], answers: queue.SimpleQueue) -> None:
    with contextlib.suppress(ValueError, OSError), pipe:
        for line in pipe:
            with contextlib.suppress(json.JSONDecodeError):
                answers.put(json.loads(line))
    answers.put({"closed": True})
