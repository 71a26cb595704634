"""The worker process: a warm interpreter that forks one child for each measurement.

It imports the standard library and the lower rooms of `helpers`, nothing else, so that
any CPython from 3.11 on can be one. It reads one JSON line a request and answers in JSON
lines; bulk data lies in three anonymous files beside the pipes (`shared`):

====== ==========================================================================
load   fork a host that prepares a workload and takes the requests until `unload`; with
       ``library`` it loads only that, and the workloads that need it become hosts below it
run    fork a child that runs the loaded workload once
call   fork a child that calls one function
unload the host ends
====== ==========================================================================

A host and a child end when their parent does, and the whole tree when the kernel's end
of the pipe closes. The design is that of Android's zygote: fork from warm, clean, small.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from ..measure.recorder import Board, own_traceback
from ..measure.shortage import shortage
from . import job
from .shared import SharedFile

_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """A function that asks Linux to kill this process when its parent dies, or None."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Zygote:
    """Serves requests from a pipe. `inbox`, `board`, `outbox` are shared files."""

    def __init__(self, inbox: SharedFile, board: SharedFile, outbox: SharedFile) -> None:
        self.inbox, self.board, self.outbox = inbox, board, outbox
        self.loaded: tuple[Any, dict[str, Any]] = None, {}
        self.is_host = False
        self._pending = b""
        # The protocol gets descriptors of its own: a task that reads stdin or prints
        # must not be able to disturb it.
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1):
            os.dup2(null, descriptor)
        os.close(null)
        self._die_with_parent = _die_with_parent()

    # --- the pipe ------------------------------------------------------------------

    def send(self, **message: Any) -> None:
        """Write one line. Short enough to be written whole (``PIPE_BUF``)."""
        line = json.dumps(message).encode()[:4000] + b"\n"
        with contextlib.suppress(BrokenPipeError):
            os.write(self._out, line)

    def receive(self) -> dict | None:
        """The next request, None when the other end has closed."""
        while b"\n" not in self._pending:
            chunk = os.read(self._in, 65536)
            if not chunk:
                return None
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return json.loads(line)

    # --- requests ------------------------------------------------------------------

    def serve(self) -> None:
        """Answer requests until the pipe closes or, in a host, until `unload`."""
        while (request := self.receive()) is not None:
            action = request["do"]
            if action == "unload":
                if self.is_host:
                    return
                self.send(unloaded=0)
            elif action == "load":
                status = self._fork(partial(self._host, request), wait=True)
                self.send(unloaded=status)
            else:
                status = self._fork(partial(self._measure, request))
                self.send(ended=status)

    def _host(self, request: dict) -> None:
        if self.prepare(request):
            gc.collect()
            gc.freeze()
            self.is_host = True
            self.serve()

    def prepare(self, request: dict) -> bool:
        """Load what a `load` request names, and say whether that went well."""
        sys.path[:] = request.get("path") or sys.path
        with contextlib.suppress(OSError):
            os.chdir(request.get("folder") or ".")
        try:
            self.loaded = job.load_workload(request, self.inbox.read())
        except BaseException as error:
            self.outbox.write(own_traceback(error).encode())
            self.send(refused=f"{type(error).__name__}: {error}"[:1500])
            return False
        self.send(loaded=os.getpid())
        return True

    def _measure(self, request: dict) -> None:
        try:
            if request["do"] == "call":
                import pickle

                answer = job.call(request, self.inbox.read())
                self.outbox.write(pickle.dumps(answer, 5))
            else:
                buffer = self.board.map(Board.size(request["tasks"]))
                workload, own_models = self.loaded
                run = job.execute(workload, request, buffer, own_models)
                self.outbox.write(run.pack())
        except BaseException as error:
            # What a learner calls keeps its traceback; where the course got too little, it does
            # not help.
            learners = request["do"] == "call" and not request.get("target")
            short = None if learners else shortage(error, starting=True)
            self.outbox.write(b"" if short else own_traceback(error).encode())
            self.send(failed=short or f"{type(error).__name__}: {error}"[:1500])
        else:
            self.send(done=True)

    # --- processes -----------------------------------------------------------------

    def _fork(self, work: Callable[[], object], wait: bool = False) -> int:
        """Do `work` in a child; its exit status. With `wait`, the child reads the pipe."""
        try:
            child = os.fork()
        except OSError as error:
            cause = shortage(error, starting=True) or f"{type(error).__name__}: {error}"
            self.outbox.write(b"")
            self.send(**{"refused" if wait else "failed": cause})
            return 0
        if child == 0:
            code = 1
            try:
                if not wait:
                    os.setpgid(0, 0)  # a group of its own, to be killed with all it starts
                if self._die_with_parent:
                    self._die_with_parent()
                work()
                code = 0
            finally:
                os._exit(code)
        if not wait:
            # Here too: who learns of the child may kill its group before it has run.
            with contextlib.suppress(OSError):
                os.setpgid(child, child)
            self.send(started=child)
            self._watch(child)
        _, status = os.waitpid(child, 0)
        if not wait:
            _kill_group(child)  # what a run started and left behind
        return status

    def _watch(self, child: int) -> None:
        """Return when `child` has ended; end everything when the pipe closes."""
        try:
            ended = os.pidfd_open(child)
        except (AttributeError, OSError):  # not Linux: look at the pipe only
            return
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(self._in, select.POLLHUP)
        try:
            while True:
                events = dict(poll.poll())
                if ended in events:
                    return
                if events.get(self._in, 0) & (select.POLLHUP | select.POLLERR):
                    _kill_group(child)
                    os._exit(0)
        finally:
            os.close(ended)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def serve_once(zygote: Zygote) -> None:
    """Without fork: load, run once in this very process, end with the pipe."""
    import threading

    request = zygote.receive()
    if request is not None and request["do"] == "load":
        if not zygote.prepare(request):
            return
        request = zygote.receive()
    if request is None or request["do"] == "unload":
        return
    zygote.send(started=os.getpid())

    def end_with_the_pipe() -> None:
        os.read(zygote._in, 1)
        os.killpg(os.getpgrp(), signal.SIGKILL)  # a pool's processes too; it leads the group

    threading.Thread(target=end_with_the_pipe, daemon=True).start()
    zygote._measure(request)
    zygote.send(ended=0)
    os._exit(0)


def main(argv: list[str]) -> None:
    """Entry point: ``python -m helpers.worker METHOD INBOX BOARD OUTBOX``."""
    method, *descriptors = argv
    zygote = Zygote(*(SharedFile(int(d)) for d in descriptors))
    zygote.send(ready=os.getpid(), version=list(sys.version_info[:3]))
    if method == "fork":
        gc.collect()
        gc.freeze()
        zygote.serve()
    else:
        serve_once(zygote)
