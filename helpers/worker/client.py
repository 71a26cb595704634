"""The kernel's side of a worker: start it, send it work, follow, stop, clean up."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..measure.recorder import Board
from ..measure.run import Run
from ..workloads import Workload, catalog
from .channel import START_S, Channel
from .errors import (
    Busy,
    MemoryCapReached,
    RunError,
    Stopped,
    TimeBoxEnded,
    WorkerEnded,
    death_sentence,
)
from .memory import Room, taken_mb
from .sources import sources_of
from .travel import as_code

POLL_S = 0.02
LAST_WORDS_S = 1.0


class Worker:
    """One warm worker process for an interpreter; one request at a time.

    `python` is the interpreter's path; `method` is "fork" or "spawn" (by default what the
    platform allows). All methods may be called from any thread, `stop()` at any time.
    """

    def __init__(self, python: str | None = None, method: str | None = None) -> None:
        self.python = python or sys.executable
        self.method = method or ("fork" if sys.platform == "linux" else "spawn")
        self.version: tuple[int, ...] | None = None
        self.host: int | None = None
        self._channel: Channel | None = None
        self._lock = threading.RLock()
        self._depth = 0
        self._stopping = threading.Event()
        self._running: int | None = None
        self._loaded: tuple | None = None
        # The name of the library that is kept loaded, and the process that has it.
        self._library: tuple[str, int] | None = None
        self._room = Room()

    # --- life ----------------------------------------------------------------------

    def start(self) -> None:
        """Start the process if it isn't running. Raises RunError if it can't be."""
        channel = self._channel
        # An answer that nobody waits for: the host, which holds the workload, has ended.
        if channel and channel.alive() and (self.host is None or channel.answer(0) is None):
            return
        self._end()
        self._channel = Channel(self.python, self.method)
        self.version = self._channel.version

    def close(self) -> None:
        """End the process and everything it started. Safe to call twice."""
        self._end()
        self._loaded = None

    def _end(self) -> None:
        """As `close`, but a later `run` loads the workload again."""
        channel, self._channel, self.host = self._channel, None, None
        self._library = None
        if channel is not None:
            self._kill_run()
            channel.close()

    def processes(self) -> list[int]:
        """The ids of the worker's lasting processes: zygote, host, and a library's host."""
        channel, library = self._channel, self._library
        pids = (channel and channel.process.pid, library and library[1], self.host)
        return [pid for pid in pids if pid]

    # --- requests ------------------------------------------------------------------

    def load(self, workload: Workload, own_models: dict[str, Callable] | None = None) -> None:
        """Prepare `workload`, so that runs start at once. Raises RunError.

        A built-in workload travels by name; a learner's functions, and `own_models` (by
        the names that `run` will use), travel as code.
        """
        with self.session():
            self._load(workload, own_models or {})

    def run(
        self,
        model: str,
        tasks: int,
        cap: int,
        *,
        detail: bool = False,
        lines: bool = False,
        time_box: float = 8.0,
        memory_mb: float = 1024,
        on_progress: Callable[[int], None] | None = None,
    ) -> Run:
        """Run the loaded workload once, in a process of its own.

        `time_box` in seconds and `memory_mb` end what takes more. `on_progress` is called
        with the number of ended tasks, at most five times a second, from this thread. `lines`
        also notes where in its code each task stands, which slows Python code down.
        Raises Stopped, TimeBoxEnded, MemoryCapReached, Busy or RunError.
        """
        request = {"do": "run", "model": model, "tasks": tasks, "cap": cap, "detail": detail,
                   "lines": lines}  # fmt: skip
        with self.session():
            if self._loaded is None:
                raise RunError("No workload is loaded: call load() first.")
            board = self._new_board(tasks)
            tell = on_progress
            progress = (lambda: tell(board.finished())) if tell else None
            try:
                try:
                    packed = self._measure(request, time_box, memory_mb, progress)
                except WorkerEnded:
                    if board.begun():
                        raise
                    board.release()
                    board = self._new_board(tasks)
                    packed = self._measure(request, time_box, memory_mb, progress)
                return Run.unpack(packed)
            finally:
                board.release()
                self._renew()

    def call(self, function: Callable | str, *args: Any, time_box: float = 60.0,
             memory_mb: float = 1024) -> dict[str, Any]:  # fmt: skip
        """Call `function(*args)` in a fresh child; a dict with ``value`` and ``printed``.

        `function` is a function, or "module:name" with arguments that JSON can hold, for
        an interpreter of another version; a loaded workload stays loaded then. `time_box` is in
        seconds. Raises as `run` does.
        """
        with self.session():
            request: dict[str, Any]
            if isinstance(function, str):
                self.start()
                request = {"do": "call", "target": function, "args": args}
            else:
                code = as_code((function, args, sources_of([function])))
                self.start()
                # A learner's function needs the learner's modules, not those of the host.
                self._unload()
                request = {"do": "call", "folder": os.getcwd(), "path": self._path()}
                self._open.inbox.write(code)
            try:
                return pickle.loads(self._measure(request, time_box, memory_mb, None))
            finally:
                self._renew()

    def stop(self) -> None:
        """End the run that is under way, now; the caller of `run` gets Stopped."""
        self._stopping.set()
        self._kill_run()

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Keep the worker for this thread: no other experiment comes between its requests.

        A `stop()` counts until the session ends. Raises Busy if another thread has it.
        """
        if not self._lock.acquire(blocking=False):
            raise Busy("Another experiment is running: wait for its end, or stop it.")
        self._depth += 1
        if self._depth == 1:
            self._stopping.clear()
        try:
            yield
        finally:
            self._depth -= 1
            self._lock.release()

    # --- inside --------------------------------------------------------------------

    def _load(self, workload: Workload, own_models: dict[str, Callable]) -> None:
        here: dict[str, Any] = {"do": "load", "folder": os.getcwd(), "path": self._path()}
        code = b""
        if workload.spec is None or own_models:
            functions = [workload.blocking, workload.coroutine, *own_models.values()]
            sources = sources_of(functions)
            code = as_code((None if workload.spec else workload, own_models, sources))
            self._check_version(workload)
        self.start()
        library = catalog.library_of(workload) if self.method == "fork" else None
        self._unload(keep=library)
        if library and self._library is None:
            self._library = library, self._host(workload.title, {**here, "library": library})
        spec = {} if workload.spec is None else {"spec": dict(workload.spec)}
        self.host = self._host(workload.title, {**here, **spec}, code)
        self._loaded = (workload, own_models)

    def _host(self, title: str, description: dict[str, Any], code: bytes = b"") -> int:
        """Fork a host as `description` says; its process id. Raises RunError if it can't load."""
        self._open.inbox.write(code)
        self._open.send(description)
        answer = self._open.answer(START_S)
        if answer is None or "loaded" not in answer:
            cause = (answer or {}).get("refused", "the worker ended. Run it again.")
            details = self._left_text() if answer else ""
            self._open.answer(1.0)
            raise RunError(f"{title} can't be loaded in the worker: {cause}", details)
        return answer["loaded"]

    def _path(self) -> list[str] | None:
        """Where the worker looks for modules: as here, unless it is another interpreter.

        That one has a standard library and packages of its own.
        """
        return sys.path if self.python == sys.executable else None

    def _check_version(self, workload: Workload) -> None:
        self.start()
        version = self._open.version[:2]
        if version != sys.version_info[:2]:
            theirs = ".".join(map(str, version))
            raise RunError(
                f"{workload.title} can't be sent to Python {theirs}: functions travel only "
                f"between equal versions. Use a built-in workload there."
            )

    @property
    def _open(self) -> Channel:
        assert self._channel is not None, "call start() first"
        return self._channel

    def _revive(self) -> None:
        """Start and load the worker again, if it or its host has ended since it was loaded."""
        self.start()
        if self.host is None and self._loaded is not None:
            self._load(*self._loaded)

    def _new_board(self, tasks: int) -> Board:
        """An empty board, shared with a worker that has the workload loaded."""
        self._revive()
        self._open.board.clear(Board.size(tasks))
        return Board(tasks, self._open.board.map(Board.size(tasks)))

    def _unload(self, keep: str | None = None) -> None:
        """End the host, and that of a library, unless it is the one to `keep`."""
        library = self._library if self._library and self._library[0] != keep else None
        for host in (self.host, library):
            if host is None or self._channel is None or self.method != "fork":
                continue
            self._open.send({"do": "unload"})
            if self._open.answer(START_S) != {"unloaded": 0}:  # it was killed meanwhile
                self._end()
                self.start()
                break
        if library:
            self._library = None
        self.host = self._loaded = None

    def _measure(self, request: dict, time_box: float, memory_mb: float,
                 progress: Callable[[], object] | None) -> bytes:  # fmt: skip
        """Send a request, watch the child, give back what it left in the outbox."""
        if self._stopping.is_set():
            raise Stopped("Stopped.")
        self._open.outbox.clear(0)
        self._open.send(request)
        begin = shown = time.monotonic()
        room_mb = self._room.mb()
        done = ended = False
        cause: RunError | None = None
        died: float | None = None
        while not ended:
            answer = self._open.answer(POLL_S)
            if answer is None:
                if not self._open.alive():
                    # The worker itself has ended. Its last words may still be on their way:
                    # they come from a thread of this busy process.
                    died = died or time.monotonic()
                    if time.monotonic() - died > LAST_WORDS_S:
                        break
            elif "started" in answer:
                self._running = answer["started"]
            elif "done" in answer:
                done = True
            elif "failed" in answer:
                cause = RunError(answer["failed"], self._left_text())
            elif "ended" in answer:
                status, ended = answer["ended"], True
            elif answer.get("closed") or "unloaded" in answer:
                break  # zygote or host was killed, and nobody would tell of the run's end
            if ended or done:
                continue
            if self._stopping.is_set():
                self._kill_run()  # the Stop may have come before the run's process
            now = time.monotonic()
            if cause is None and now - begin > time_box:
                cause = TimeBoxEnded(
                    f"Ended after {time_box:g} s, the time box. Use fewer tasks or a smaller "
                    f"size, or give it more time with time_box=."
                )
                self._kill_run()
            if cause is None and taken_mb(self._running) > min(memory_mb, room_mb):
                cap = "the cap" if memory_mb <= room_mb else "about all that this machine has free"
                cause = MemoryCapReached(
                    f"Ended at {min(memory_mb, room_mb):,.0f} MB of memory, {cap}. Use fewer tasks "
                    f"at once."
                )
                self._kill_run()
            if progress and now - shown >= 0.2:
                shown = now
                progress()
        packed = self._open.outbox.read() if done else None
        if not ended:
            # Who would have killed what the run started is gone, and each of those processes
            # keeps the pipe open: this kills them, too.
            self._end()
            cause = cause or WorkerEnded()
        self._running = None
        if packed is not None:
            return packed
        if self._stopping.is_set():
            raise Stopped("Stopped.")
        raise cause or RunError(death_sentence(status))

    def _renew(self) -> None:
        """A worker that spawns is used up by one request: end it, remember its workload."""
        if self.method == "spawn":
            self._end()

    def _left_text(self) -> str:
        """The traceback that a failure left in the outbox."""
        return self._open.outbox.read().decode("utf-8", "replace")

    def _kill_run(self) -> None:
        pid = self._running
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, 9)
