"""The kernel's side of a worker: start it, send it work, follow, stop, clean up."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from ..measure.recorder import Board
from ..measure.run import Run
from ..workloads import Workload
from .shared import SharedFile

POLL_S = 0.02
START_S = 20.0
PROJECT = Path(__file__).resolve().parents[2]


class RunError(RuntimeError):
    """A run gave no result. `details` holds a traceback, where there is one."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


class Stopped(RunError):
    """The run was stopped by whoever asked for it."""


class TimeBoxEnded(RunError):
    """The run took longer than its time box and was ended."""


class MemoryCapReached(RunError):
    """The run took more memory than it may have and was ended."""


class Busy(RunError):
    """The worker is in another run."""


class Worker:
    """One warm worker process for an interpreter; one request at a time.

    `python` is the interpreter's path; `method` is "fork" or "spawn" (by default what the
    platform allows). Use `start_worker`'s shared ones unless you need your own; `close()`
    ends the process. All methods may be called from any thread, `stop()` at any time.
    """

    def __init__(self, python: str | None = None, method: str | None = None) -> None:
        self.python = python or sys.executable
        self.method = method or ("fork" if sys.platform == "linux" else "spawn")
        self.version: tuple[int, ...] | None = None
        self.host: int | None = None
        self._process: subprocess.Popen | None = None
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: int | None = None
        self._loaded: tuple | None = None

    # --- life ----------------------------------------------------------------------

    def start(self) -> None:
        """Start the process if it isn't running. Raises RunError if it can't be."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._files = [SharedFile(), SharedFile(), SharedFile()]
        self.inbox, self.board, self.outbox = self._files
        descriptors = [f.descriptor for f in self._files]
        self._errors = tempfile.TemporaryFile()
        path = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = subprocess.Popen(
                [self.python, "-m", "helpers.worker", self.method, *map(str, descriptors)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                pass_fds=descriptors,
                start_new_session=True,  # a kernel's restart kills its group: not this one
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            )
        except OSError as error:
            raise RunError(f"{self.python} can't be started as a worker: {error}.") from error
        self._answers = queue.SimpleQueue()
        threading.Thread(
            target=_read_lines,
            args=(self._process.stdout, self._answers),
            name="worker-reader",
            daemon=True,
        ).start()
        ready = self._answer(START_S)
        if ready is None or "ready" not in ready:
            self.close()
            raise RunError(
                f"The worker did not start with {self.python}.", self._error_text()
            )
        self.version = tuple(ready["version"])

    def close(self) -> None:
        """End the process and everything it started. Safe to call twice."""
        process, self._process, self._loaded, self.host = self._process, None, None, None
        if process is None:
            return
        self._kill_run()
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
        process.stdout.close()
        for shared in self._files:
            shared.close()

    def processes(self) -> list[int]:
        """The ids of the worker's lasting processes (zygote and host)."""
        process = self._process
        return [pid for pid in (process and process.pid, self.host) if pid]

    # --- requests ------------------------------------------------------------------

    def load(self, workload: Workload, own_models: dict[str, Callable] | None = None) -> None:
        """Prepare `workload`, so that runs start at once. Raises RunError.

        A built-in workload travels by name; a learner's functions, and `own_models` (by
        the names that `run` will use), travel as code.
        """
        self._enter()
        try:
            self._load(workload, own_models or {})
        finally:
            self._lock.release()

    def run(
        self,
        model: str,
        tasks: int,
        cap: int,
        *,
        detail: bool = False,
        time_box: float = 8.0,
        memory_mb: float = 1024,
        on_progress: Callable[[int], None] | None = None,
    ) -> Run:
        """Run the loaded workload once, in a process of its own.

        `time_box` in seconds and `memory_mb` end what takes more. `on_progress` is called
        with the number of ended tasks, at most five times a second, from this thread.
        Raises Stopped, TimeBoxEnded, MemoryCapReached, Busy or RunError.
        """
        request = {"do": "run", "model": model, "tasks": tasks, "cap": cap, "detail": detail}
        self._enter()
        try:
            if self._loaded is None:
                raise RunError("No workload is loaded: call load() first.")
            self._revive()
            self.board.clear(Board.size(tasks))
            board = Board(tasks, self.board.map(Board.size(tasks)))
            progress = on_progress and (lambda: on_progress(board.finished()))
            try:
                return Run.unpack(self._measure(request, time_box, memory_mb, progress))
            finally:
                board.release()
        finally:
            self._renew()
            self._lock.release()

    def call(self, function: Callable | str, *args: Any, time_box: float = 60.0,
             memory_mb: float = 1024) -> dict[str, Any]:  # fmt: skip
        """Call `function(*args)` in a fresh child; a dict with ``value`` and ``printed``.

        `function` is a function, or "module:name" with arguments that JSON can hold, for
        an interpreter of another version; a loaded workload stays loaded then. Raises as
        `run` does.
        """
        self._enter()
        try:
            code = b"" if isinstance(function, str) else _as_code((function, args))
            self.start()
            if code:
                # A learner's function needs the learner's modules, not those of the host.
                self._unload()
                request = {"do": "call", "folder": os.getcwd(), "path": sys.path}
                self.inbox.write(code)
            else:
                request = {"do": "call", "target": function, "args": args}
            return pickle.loads(self._measure(request, time_box, memory_mb, None))
        finally:
            self._renew()
            self._lock.release()

    def stop(self) -> None:
        """End the run that is under way, now; the caller of `run` gets Stopped."""
        self._stopping.set()
        self._kill_run()

    def follow(self) -> None:
        """Forget an earlier `stop()`: the next run may start."""
        self._stopping.clear()

    # --- inside --------------------------------------------------------------------

    def _enter(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise Busy("Another experiment is running: wait for its end, or stop it.")

    def _load(self, workload: Workload, own_models: dict[str, Callable]) -> None:
        description = {"do": "load", "folder": os.getcwd(), "path": sys.path}
        code = b""
        if workload.spec is not None:
            description["spec"] = dict(workload.spec)
        if workload.spec is None or own_models:
            code = _as_code((None if workload.spec else workload, own_models))
            self._check_version(workload)
        self.start()
        self._unload()
        self.inbox.write(code)
        self._send(description)
        answer = self._answer(START_S)
        if answer is None or "loaded" not in answer:
            cause = (answer or {}).get("refused", "the worker ended")
            details = self.outbox.read().decode("utf-8", "replace") if answer else ""
            self._answer(1.0)
            raise RunError(f"{workload.title} can't be loaded in the worker: {cause}", details)
        self.host = answer["loaded"]
        self._loaded = (workload, own_models)

    def _check_version(self, workload: Workload) -> None:
        self.start()
        if self.version[:2] != sys.version_info[:2]:
            theirs = ".".join(map(str, self.version[:2]))
            raise RunError(
                f"{workload.title} can't be sent to Python {theirs}: functions travel only "
                f"between equal versions. Use a built-in workload there."
            )

    def _revive(self) -> None:
        """Start and load the worker again, if it has ended since it was loaded."""
        if self._process is None or self._process.poll() is not None:
            self._load(*self._loaded)

    def _unload(self) -> None:
        if self.host is not None and self._process is not None and self.method == "fork":
            self._send({"do": "unload"})
            self._answer(START_S)
        self.host = self._loaded = None

    def _send(self, message: dict) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            self.close()
            raise RunError("The worker has ended: run it again.", self._error_text()) from error

    def _answer(self, seconds: float) -> dict | None:
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def _measure(self, request, time_box, memory_mb, progress) -> bytes:
        """Send a request, watch the child, give back what it left in the outbox."""
        if self._stopping.is_set():
            raise Stopped("Stopped.")
        self.outbox.clear(0)
        self._send(request)
        begin = shown = time.monotonic()
        done, cause, ended = False, None, False
        while not ended:
            answer = self._answer(POLL_S)
            if answer is None:
                if self._process.poll() is not None and self._answers.empty():
                    break  # the worker itself has ended
            elif "started" in answer:
                self._running = answer["started"]
                if self._stopping.is_set():
                    self._kill_run()
            elif "done" in answer:
                done = True
            elif "failed" in answer:
                cause = RunError(answer["failed"], self.outbox.read().decode("utf-8", "replace"))
            elif "ended" in answer or answer.get("closed"):
                status, ended = answer.get("ended", -1), True
            if ended or done:
                continue
            now = time.monotonic()
            if cause is None and now - begin > time_box:
                cause = TimeBoxEnded(
                    f"Ended after {time_box:g} s, the time box. Use fewer tasks or a smaller "
                    f"size, or give it more time with time_box=."
                )
                self._kill_run()
            if cause is None and self._memory_mb() > memory_mb:
                cause = MemoryCapReached(
                    f"Ended at {memory_mb:,.0f} MB of memory, the cap. Use fewer tasks at once."
                )
                self._kill_run()
            if progress and now - shown >= 0.2:
                shown = now
                progress()
        self._running = None
        if self._stopping.is_set() and not done:
            raise Stopped("Stopped.")
        if done:
            return self.outbox.read()
        if cause is not None:
            raise cause
        if not ended:
            self.close()
            raise RunError("The worker has ended: run it again.")
        raise RunError(_died(status))

    def _renew(self) -> None:
        """A worker that spawns is used up by one request: end it, remember its workload."""
        if self.method == "spawn":
            loaded = self._loaded
            self.close()
            self._loaded = loaded

    def _memory_mb(self) -> float:
        pid = self._running
        if pid is None:
            return 0.0
        total = 0
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            total = leader.memory_info().rss
            # Forked children share most pages with their parent: count what is their own.
            for child in leader.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    memory = child.memory_info()
                    total += max(0, memory.rss - getattr(memory, "shared", 0))
        return total / 2**20

    def _kill_run(self) -> None:
        pid = self._running
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, 9)

    def _error_text(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-4000:].decode("utf-8", "replace")


def _read_lines(pipe, answers: queue.SimpleQueue) -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in pipe:
            with contextlib.suppress(json.JSONDecodeError):
                answers.put(json.loads(line))
    answers.put({"closed": True})


def _as_code(what: Any) -> bytes:
    import cloudpickle

    try:
        return cloudpickle.dumps(what)
    except Exception as error:
        raise RunError(
            f"This can't be sent to the worker process: {error}. Make it inside the function "
            f"instead of passing it in."
        ) from error


def _died(status: int) -> str:
    if status < 0:
        return "The run's process ended before it could finish: run it again."
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return (f"The run's process was killed by signal {number} before it could finish: "
                f"look for os.kill, a crash in a C library, or too little memory.")  # fmt: skip
    code = os.waitstatus_to_exitcode(status)
    return (f"The run's process ended itself with code {code} before it could finish: a task "
            f"must return, not call os._exit.")  # fmt: skip


_workers: dict[str, Worker] = {}
_workers_lock = threading.Lock()


def shared_worker(python: str | None = None) -> Worker:
    """The kernel's one worker for an interpreter, started when first used."""
    python = python or sys.executable
    with _workers_lock:
        if python not in _workers:
            _workers[python] = Worker(python)
        return _workers[python]


@atexit.register
def close_workers() -> None:
    """End all shared workers; the kernel's exit does it too."""
    for worker in _workers.values():
        worker.close()
