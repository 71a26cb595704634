"""What the experiments with servers share: the handlers, the processes, the way to stop."""

from __future__ import annotations

import contextlib
import inspect
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...services.commanded import Commanded, Crew
from ...services.connections.handlers import handle_async, handle_threaded
from ...services.connections.limits import SERVERS, Limits
from ...services.connections.sockets import bundle
from ...services.service import ServiceError
from ...worker.errors import Busy, RunError, Stopped
from ...worker.sources import sources_of
from ...worker.travel import as_code
from ..request import BadRequest, whole
from ..stoppable import Progress

MODULES = {
    "asyncio": "helpers.services.connections.async_server",
    "threads": "helpers.services.connections.threaded_server",
}
LOAD = "helpers.services.connections.load"
_FORMS = "async def handle(reader, writer) or def handle(connection)"
WARM_UP = 5  # connections
#: The fixed rate is at most this share of what the slower server manages with few connections.
UNSATURATED = 0.25
_one_at_a_time = threading.Lock()  # two experiments would measure each other


def make_handlers(handlers: Any) -> dict[str, Callable]:
    """``{server: handler}`` from a handler, a pair of them, or None for the course's own.

    An ``async def`` of two arguments is for the server on the event loop, a plain function
    of one for the server with a thread a connection. Raises BadRequest.
    """
    if handlers is None:
        return {"asyncio": handle_async, "threads": handle_threaded}
    if isinstance(handlers, Mapping):
        handlers = list(handlers.values())
    found: dict[str, Callable] = {}
    for one in handlers if isinstance(handlers, (list, tuple)) else [handlers]:
        if not callable(one):
            raise BadRequest(f"{one!r} is no handler: pass a function, {_FORMS}.")
        server = "asyncio" if inspect.iscoroutinefunction(one) else "threads"
        wanted = ("reader", "writer") if server == "asyncio" else ("connection",)
        try:
            inspect.signature(one).bind(*wanted)
        except TypeError:
            raise BadRequest(f"A handler takes ({', '.join(wanted)}) here: write it as {_FORMS}."
                             ) from None  # fmt: skip
        if server in found:
            kind = "async" if server == "asyncio" else "plain"
            raise BadRequest(f"There are two {kind} handlers: pass one async and one plain.")
        found[server] = one
    if not found:
        raise BadRequest(f"There is no handler: pass a function, {_FORMS}.")
    return {server: found[server] for server in SERVERS if server in found}


def capped(count: Any, server: str, limits: Limits, notes: list[str]) -> int:
    """How many connections `server` gets of `count`; if fewer, `notes` says which limit it is.

    Raises BadRequest for what is no count.
    """
    count, most = whole(count, "connections", 1, 10**9, "try "), limits.most(server)
    if count > most:
        text = f"{count:,} connections asked for. {limits.sentence(server)}"
        if text not in notes:
            notes.append(text)
    return min(count, most)


class ServerExperiment:
    """Servers and load clients, each in a process of its own; blocks the calling thread.

    `on_progress(Progress)` comes from that thread. `stop()` may come from any other: it
    kills every process, and the experiment raises Stopped.
    """

    def __init__(self, on_progress: Callable[[Progress], None] | None = None) -> None:
        self._tell = on_progress or (lambda progress: None)
        self._crew = Crew()
        self.printed: dict[str, str] = {}

    def stop(self) -> None:
        """End the experiment now: its processes are dead when this returns."""
        self._crew.stop()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The time in which processes may run; none is left after it.

        Raises Busy, Stopped, or RunError where a server does not serve.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise Busy("Another experiment with servers is running: wait for its end, or stop it.")
        try:
            with self._crew:
                if self._crew.stopped.is_set():
                    raise Stopped("Stopped.")
                yield
        except ServiceError as error:
            if self._crew.stopped.is_set():
                raise Stopped("Stopped.") from None
            raise RunError(str(error)) from None
        finally:
            _one_at_a_time.release()

    def load(self) -> Commanded:
        """A load client."""
        return self._crew.start(LOAD)

    def server(self, name: str, handle: Callable) -> Commanded:
        """A fresh server with the learner's handler."""
        code = bundle(as_code(handle), sources_of([handle]), list(filter(None, sys.path)))
        return self._crew.start(MODULES[name], handler=code)

    def end(self, *services: Commanded) -> None:
        """End these processes, and wait for that."""
        self._crew.leave(*services)

    def check(self, name: str, server: Commanded) -> None:
        """Raise RunError, with the traceback, if the server's handler has failed."""
        state = server.ask("state")
        if state["printed"]:
            self.printed[name] = state["printed"]
        if state["failures"]:
            lines = state["first"].strip().splitlines()
            raise RunError(
                f"The handler of the {name} server raised {lines[-1] if lines else 'an error'} "
                f"({state['failures']:,} of {state['accepted']:,} connections). Mend it and run "
                f"it again.",
                state["first"],
            )

    def must_be_open(self, name: str, server: Commanded, opened: dict) -> None:
        """Raise RunError if not a single connection was answered."""
        if not opened["open"]:
            self.check(name, server)
            causes = listed(opened["failures"]) or "no cause is known"
            raise RunError(f"The {name} server answered on no connection: {causes}. A handler must "
                           f"answer each request with HTTP/1.1 and a Content-Length.")  # fmt: skip

    def rate(self, load: Commanded, handles: dict[str, Callable], wanted: float,
             notes: list[str]) -> float:  # fmt: skip
        """The fixed rate, in requests a second: `wanted`, or what leaves both idle mostly."""
        self.say(0.0, "how much can the servers answer?")
        most = []
        for name, handle in handles.items():
            server = self.server(name, handle)
            opened = load.ask("open", port=server.port, connections=WARM_UP)
            self.must_be_open(name, server, opened)
            most.append(load.ask("closed", seconds=0.2)["per_s"])
            load.ask("close")
            self.check(name, server)
            self.end(server)
        possible = max(1.0, float(round(UNSATURATED * min(most), -1)))
        if possible < wanted:
            notes.append(f"The fixed rate is {possible:,.0f} requests a second, not {wanted:,.0f}: "
                         f"more would keep a server busy all the time.")  # fmt: skip
        return min(wanted, possible)

    def say(self, share: float, words: str) -> None:
        """Progress, from 0 to 1."""
        self._tell(Progress(min(1.0, share), words))


def added(*counted: Mapping[str, int]) -> dict[str, int]:
    """Failures by cause, those of several parts of a run taken together."""
    total: Counter[str] = Counter()
    for failures in counted:
        total.update(failures)
    return dict(total)


def listed(failures: Mapping[str, int]) -> str:
    """``3 × closed by the server, 1 × timed out``."""
    return ", ".join(f"{n:,} × {cause}" for cause, n in failures.items())
