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

import psutil

from ..measure.recorder import Board
from ..measure.run import Run
from ..services.connections.limits import memory_free
from ..workloads import Workload, catalog
from .channel import START_S, Channel
from .errors import Busy, MemoryCapReached, RunError, Stopped, TimeBoxEnded, death_sentence
from .sources import sources_of
from .travel import as_code

POLL_S = 0.02
LAST_WORDS_S = 1.0
#: A run may take so much of the free memory, and so many MB in any case: it shares most of
#: what it has at first with its parent.
ROOM_SHARE, LEAST_MB = 0.9, 64


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
        self._looked, self._room = float("-inf"), 0.0

    # --- life ----------------------------------------------------------------------

    def start(self) -> None:
        """Start the process if it isn't running. Raises RunError if it can't be."""
        if self._channel is not None and self._channel.alive():
            return
        self.close()
        self._channel = Channel(self.python, self.method)
        self.version = self._channel.version

    def close(self) -> None:
        """End the process and everything it started. Safe to call twice."""
        channel, self._channel, self._loaded, self.host = self._channel, None, None, None
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
            self._revive()
            self._open.board.clear(Board.size(tasks))
            board = Board(tasks, self._open.board.map(Board.size(tasks)))
            tell = on_progress
            progress = (lambda: tell(board.finished())) if tell else None
            try:
                return Run.unpack(self._measure(request, time_box, memory_mb, progress))
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
            cause = (answer or {}).get("refused", "the worker ended")
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
        """Start and load the worker again, if it has ended since it was loaded."""
        gone = self._channel is None or not self._channel.alive()
        if gone and self._loaded is not None:
            self._load(*self._loaded)

    def _unload(self, keep: str | None = None) -> None:
        """End the host, and that of a library, unless it is the one to `keep`."""
        library = self._library if self._library and self._library[0] != keep else None
        for host in (self.host, library):
            if host is not None and self._channel is not None and self.method == "fork":
                self._open.send({"do": "unload"})
                self._open.answer(START_S)
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
        room_mb = self._room_mb()
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
            elif "ended" in answer or answer.get("closed"):
                status, ended = answer.get("ended", -1), True
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
            if cause is None and self._memory_mb() > min(memory_mb, room_mb):
                cap = "the cap" if memory_mb <= room_mb else "about all that this machine has free"
                cause = MemoryCapReached(
                    f"Ended at {min(memory_mb, room_mb):,.0f} MB of memory, {cap}. Use fewer tasks "
                    f"at once."
                )
                self._kill_run()
            if progress and now - shown >= 0.2:
                shown = now
                progress()
        self._running = None
        if self._stopping.is_set() and not done:
            raise Stopped("Stopped.")
        if done:
            return self._open.outbox.read()
        if cause is not None:
            raise cause
        if not ended:
            self.close()
            raise RunError("The worker has ended: run it again.")
        raise RunError(death_sentence(status))

    def _renew(self) -> None:
        """A worker that spawns is used up by one request: end it, remember its workload."""
        if self.method == "spawn":
            loaded = self._loaded
            self.close()
            self._loaded = loaded

    def _left_text(self) -> str:
        """The traceback that a failure left in the outbox."""
        return self._open.outbox.read().decode("utf-8", "replace")

    def _room_mb(self) -> float:
        """MB that a run may take here: beyond it the system would kill, perhaps the kernel.

        Read at most once a second, as it costs about 2 ms.
        """
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked, self._room = now, max(LEAST_MB, ROOM_SHARE * memory_free() / 2**20)
        return self._room

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
