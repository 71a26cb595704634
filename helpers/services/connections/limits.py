"""How many connections this machine lets a server hold, and which limit it is. Reads only."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

import psutil

from ..container import groups, memory_free, number, words

#: More than this the course does not ask for.
MOST = 10_000
SERVERS = ("asyncio", "threads")
#: Open files of a server or of the load client that are no connections, with some to spare.
OWN_FILES = 40
#: What one connection takes at most, in KB: both ends' buffers in the kernel, its object in
#: the load client, and the server's task or thread (whose stack in the kernel counts too).
COST_KB = {"asyncio": 30, "threads": 80}
#: The share of a limit that is used.
SHARE = 0.8
MAPS_PER_THREAD = 3


@dataclass(frozen=True)
class Limit:
    """One limit: what it allows each server (None: it does not concern it), and its name."""

    name: str
    asyncio: int | None
    threads: int | None

    def of(self, server: str) -> int | None:
        """How many connections it allows `server`."""
        return getattr(self, server)


@dataclass(frozen=True)
class Limits:
    """Every limit that could be read. `most(server)` is what they allow together."""

    found: tuple[Limit, ...]

    def tightest(self, server: str) -> Limit:
        """The limit that decides for `server`."""
        return self._tightest(server)[1]

    def most(self, server: str) -> int:
        """The most connections that `server` may hold here."""
        return max(1, self._tightest(server)[0])

    def _tightest(self, server: str) -> tuple[int, Limit]:
        known = [(most, limit) for limit in self.found if (most := limit.of(server)) is not None]
        return min(known, key=lambda pair: pair[0])

    def sentence(self, server: str) -> str:
        """Which limit decides, in words."""
        limit = self.tightest(server)
        return f"{server}: at most {self.most(server):,} connections here. The limit: {limit.name}."

    def summary(self) -> list[str]:
        """A sentence for each server."""
        return [self.sentence(server) for server in SERVERS]


def read_limits() -> Limits:
    """Read all limits that the system tells of; what it does not tell is left out."""
    found = [Limit("what the course asks for at most", MOST, MOST)]
    files = file_limit()
    if files is not None:
        left = files - OWN_FILES
        found.append(Limit(f"{files:,} open files for a process (ulimit -Hn)", left, left))
    ports = local_ports()
    if ports is not None:
        left = int(ports * SHARE)
        found.append(Limit(f"{ports:,} local ports to one address (ip_local_port_range), of "
                           f"which {SHARE:.0%} are used", left, left))  # fmt: skip
    for name, left in threads_left():
        found.append(Limit(name, None, max(1, int(left * SHARE))))
    free = memory_free()
    allowed = (int(free / 2 / 1024 / COST_KB[server]) for server in SERVERS)
    found.append(Limit(f"{free / 2**30:,.1f} GB of free memory, of which half is used", *allowed))
    return Limits(tuple(found))


def file_limit() -> int | None:
    """Open files that a process may have once it has raised its limit; None: no limit."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if hard == resource.RLIM_INFINITY else hard
    except (ImportError, OSError):
        return None


def local_ports() -> int | None:
    """How many ports a client has for connections to one address and port."""
    ports = words("/proc/sys/net/ipv4/ip_local_port_range")
    try:
        return int(ports[1]) - int(ports[0]) + 1
    except (IndexError, ValueError):
        return None


def threads_left() -> list[tuple[str, int]]:
    """What each limit on threads leaves, as (its name, how many more)."""
    left = []
    running = sum(_threads().values())
    for name in ("kernel/threads-max", "kernel/pid_max"):
        left += [(f"{most:,} threads in the whole system ({name.split('/')[1]})", most - running)
                 for most in number(f"/proc/sys/{name}")]  # fmt: skip
    left += [(f"{most:,} memory maps for a process (vm.max_map_count), about {MAPS_PER_THREAD} "
              f"for a thread", most // MAPS_PER_THREAD)
             for most in number("/proc/sys/vm/max_map_count")]  # fmt: skip
    return left + own_threads_left()


def own_threads_left(below: float = float("inf")) -> list[tuple[str, int]]:
    """What the limits on this user's and this container's threads leave, as `threads_left`.

    A user's limit from `below` on is left out: counting that user's threads takes a while.
    """
    left = []
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        if soft != resource.RLIM_INFINITY and soft < below:
            own = _threads().get(os.getuid(), 0)
            left.append((f"{soft:,} threads of one user (ulimit -u)", soft - own))
    for folder in groups("pids"):
        for most in number(folder / "pids.max"):
            used = next(iter(number(folder / "pids.current")), 0)
            left.append((f"{most:,} threads in this container (pids.max)", most - used))
    return left


# --- inside ----------------------------------------------------------------------------


def _threads() -> dict[int, int]:
    """Threads by user, as far as they can be seen."""
    counted: dict[int, int] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            user = process.uids().real
            counted[user] = counted.get(user, 0) + process.num_threads()
    return counted
