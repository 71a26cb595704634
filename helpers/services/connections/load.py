"""The load client: many connections to one server, in a process of its own.

Commands: ``open`` connections and have each answered once; ``fixed``: a given number of
requests a second over all of them, whether or not answers come (open loop); ``closed``: each
connection asks again as soon as it is answered; ``close``. One loop over non-blocking
sockets, no framework: the client must cost less than the server that it measures.

In the open loop a latency counts from the moment at which the request was meant to be sent,
so that a server which stalls is not spared the requests that had to wait for it
("coordinated omission"; the term is Gil Tene's).
"""

from __future__ import annotations

import gc
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ..commands import Commands
from . import timing
from .sockets import raise_file_limit
from .wire import GRACE_S, Wire, cause_of, request_for

clock = time.perf_counter
AT_ONCE = 512  # connections that may be on their way at a time: fewer than servers queue
TELL_S = 0.2


class Load(Wire):
    """Connections to one server. `tell` gets a dict, at most five times a second."""

    def __init__(self, tell: Callable[[dict], object] = lambda progress: None) -> None:
        super().__init__()
        self.tell = tell
        self._told = 0.0

    # --- commands ----------------------------------------------------------------------

    def open(self, port: int, connections: int, seconds: float = 20.0) -> dict[str, Any]:
        """Open connections, as fast as it goes; each asks once. Failures are counted by cause."""
        self.close()
        self.port, self.request = port, request_for(port, "/")
        begin, left = clock(), connections
        waiting: dict[int, bool] = {}
        connected_s = 0.0
        while (left or waiting) and clock() - begin < seconds:
            while left and len(waiting) < AT_ONCE:
                left -= 1
                number = self._connect()
                if number is not None:
                    waiting[number] = False  # not connected yet
            for number in self.poller.wait(0.05 if waiting else 0):
                if number not in waiting:  # answered, and closed by the server since
                    self._answered(number)
                elif not waiting[number]:
                    error = self.connections[number].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    connected_s = clock() - begin
                    if error:
                        self._drop(number, cause_of(error))
                        del waiting[number]
                    elif self._send(number, self.request):
                        waiting[number] = True
                        self.poller.to_read(number)
                    else:
                        del waiting[number]
                elif self._answered(number):
                    del waiting[number]
            waiting = {n: asked for n, asked in waiting.items() if n in self.connections}
            self._progress(answered=len(self.connections) - len(waiting), of=connections)
        for number in waiting:
            self._drop(number, f"no answer within {seconds:g} s")
        self.failures["not tried in time"] += left
        return {"open": len(self.connections), "seconds": clock() - begin,
                "connected_s": connected_s, "failures": +self.failures}  # fmt: skip

    def closed(self, seconds: float, drain: bool = True) -> dict[str, Any]:
        """Every connection asks again as soon as it is answered.

        Without `drain` the answers still due are not waited for: only `close` may follow.
        """
        self.failures.clear()
        latencies: list[float] = []
        asked = dict.fromkeys(self.connections, 0.0)
        receive = {n: c.recv for n, c in self.connections.items()}
        send = {n: c.send for n, c in self.connections.items()}
        request, size, took = self.request, len(self.request), latencies.append
        begin = now = clock()
        end = begin + seconds
        for number in list(self.connections):
            asked[number] = clock()
            self._send(number, request)
        while now < end and self.connections:
            whole = self._whole
            for number, _ in self.poller.some(0.05):
                try:
                    data = receive[number](65536)
                except OSError as error:
                    self._drop(number, cause_of(error.errno))
                    continue
                # as a rule the answer is the same as the last: nothing to take apart
                if data != whole and not self._complete(number, data):
                    continue
                now = clock()
                took(now - asked[number])
                asked[number] = now
                try:
                    if send[number](request) != size:
                        self._drop(number, "a request could not be sent whole")
                except OSError as error:
                    self._drop(number, cause_of(error.errno))
            now = clock()
        result = {"seconds": now - begin, "answered": len(latencies),
                  "per_s": len(latencies) / max(now - begin, 1e-9), **timing.summed_up(latencies),
                  "failures": +self.failures}  # fmt: skip
        if drain:
            self._drain(set(self.connections))
        return result

    def fixed(self, rate: float, seconds: float, path: str = "", at: float = 0.0,
              width: float = 0.0) -> dict[str, Any]:  # fmt: skip
        """`rate` requests a second in all, in turn over the connections.

        With `path`, one connection more asks for that at `at` seconds: the rude request; its
        interval comes back as ``rude``, and the time before, during and after it. With
        `width`, the answers in each so many seconds come back as ``buckets``.
        """
        self.failures.clear()
        turn, total = list(self.connections), round(rate * seconds)
        if not turn:
            return {"answered": 0, "failures": {"no connection is open": 1}}
        queues: dict[int, deque] = {number: deque() for number in turn}
        due: dict[int, float] = {}
        ends, latencies, late = [], [], []
        rude, rude_asked, rude_ended = self._connect_one() if path else None, None, None
        rude_request = request_for(self.port, path)
        sent, begin = 0, clock() + 0.005
        give_up = begin + seconds + GRACE_S
        while (now := clock()) < give_up:
            while sent < total and begin + sent / rate <= now:
                number, moment = turn[sent % len(turn)], begin + sent / rate
                sent += 1
                if number in due:
                    queues[number].append(moment)
                elif number in self.connections:
                    due[number] = moment
                    late.append(now - moment)
                    self._send(number, self.request)
            if rude is not None and rude_asked is None and now - begin >= at:
                rude_asked = now - begin
                self._send(rude, rude_request)
            if sent == total and not due and (rude is None or rude_ended):
                break
            next_s = begin + sent / rate - now if sent < total else 0.02
            for number in self.poller.wait(min(next_s, 0.05)):
                if not self._answered(number):
                    continue
                now = clock()
                if number == rude:
                    rude_ended = now - begin
                    continue
                if number not in due:
                    continue
                ends.append(now - begin)
                latencies.append(now - due.pop(number))
                if queues[number]:
                    due[number] = queues[number].popleft()
                    self._send(number, self.request)
            if len(self.connections) < len(turn) + (rude is not None):
                due = {n: moment for n, moment in due.items() if n in self.connections}
                if rude is not None and rude not in self.connections:
                    rude_ended = rude_ended or clock() - begin
                if not self.connections:  # nobody is left who could answer
                    break
            state = "" if rude_asked is None else "done" if rude_ended else "now"
            self._progress_of(ends, latencies, len(due), now - begin, state)
        unanswered = len(due) + sum(len(q) for n, q in queues.items() if n in self.connections)
        self.failures[f"no answer within {GRACE_S:g} s"] += unanswered
        self._drain(set(due))
        wall = max(ends[-1] if ends else 0.0, seconds)
        result: dict[str, Any] = {
            "seconds": wall, "asked": sent, "answered": len(ends),
            "per_s": len(ends) / wall, **timing.summed_up(latencies),
            "late_p99": timing.summed_up(late)["p99"], "failures": +self.failures,
        }  # fmt: skip
        if width:
            result["buckets"] = timing.buckets(ends, latencies, width, wall)
        if path:
            a, b = rude_asked or at, rude_ended or wall
            result["rude"] = [a, b]
            pieces = {"before": (0.0, a), "during": (a, b), "after": (b, wall)}
            for name, (start, stop) in pieces.items():
                result[name] = timing.stretch(ends, latencies, start, stop)
            if rude in self.connections:
                self._drop(rude)
        return result

    def close(self) -> dict[str, Any]:
        """Close all connections, without a trace in the system's tables."""
        for number in list(self.connections):
            self._drop(number)
        self.failures.clear()
        return {"open": 0}

    # --- inside ------------------------------------------------------------------------

    def _progress(self, **facts: Any) -> None:
        now = clock()
        if now - self._told >= TELL_S:
            self._told = now
            self.tell(facts)

    def _progress_of(self, ends: list, latencies: list, due: int, now: float, rude: str) -> None:
        if clock() - self._told < TELL_S:
            return
        first = len(ends)
        while first and ends[first - 1] > now - TELL_S:
            first -= 1
        latest = latencies[first:]
        self._progress(seconds=now, per_s=len(latest) / TELL_S, waiting=due,
                       longest=max(latest, default=None), rude=rude)  # fmt: skip


def main() -> None:
    """Do what the owner says, one command after the other."""
    commands = Commands()
    raise_file_limit()
    gc.disable()  # a pause of the client must not look like one of the server
    load = Load(lambda progress: commands.say(progress=progress))
    does: dict[str, Callable[..., dict[str, Any]]] = {
        "open": load.open, "closed": load.closed, "fixed": load.fixed, "close": load.close,
    }  # fmt: skip
    commands.announce()
    while True:
        command = commands.heard.get()
        try:
            commands.say(**does[command.pop("do")](**command))
        except Exception as error:
            commands.say(failed=f"The load client failed: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
