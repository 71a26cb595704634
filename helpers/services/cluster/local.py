"""A Dask cluster as an object: `cluster()` starts one, or finds the one that you name."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import signal
import socket
import sys
import threading
import warnings
import weakref
from concurrent.futures import Executor
from typing import Any

import psutil

from ...measure.shortage import shortage
from ...workloads.learning import ONE_THREAD
from ..service import Closing, Service, ServiceError, check_room
from . import jobs

#: The address of a scheduler to use instead of one of our own, such as tcp://192.0.2.7:8786.
VARIABLE = "COURSE_DASK_SCHEDULER"
MOST_WORKERS = 16
#: Memory that Dask takes in each worker, in the scheduler, and in the kernel for its client.
EACH_MB = 60
CONNECT_S = 5.0
#: Bytes; a scheduler's greeting has a few dozen.
LONGEST_GREETING = 1 << 20
_ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d+")
_open: weakref.WeakSet[Cluster] = weakref.WeakSet()


class Cluster(Closing):
    """A Dask scheduler with its workers; ends with `close()` or with its owner.

    `address` is the scheduler's, `client` Dask's own client, `own` whether the course
    started it. Where it did, a worker is one process with one thread. Raises ServiceError
    if it does not start, can't be reached, or can't run this Python's functions.
    """

    def __init__(self, workers: int, address: str | None = None) -> None:
        if address:
            _knock(address)  # before seconds go into Dask's import
        self._service = None if address else Service(
            "helpers.services.cluster.app", workers=workers, environment=ONE_THREAD)  # fmt: skip
        self.own = self._service is not None
        self.address: str = self._service.facts["address"] if self._service else address or ""
        try:
            self.client = _connected(self.address)
        except BaseException as error:
            if self._service is not None:
                self._service.close()
            if cause := shortage(error, starting=True):
                raise ServiceError(cause) from error
            raise
        _open.add(self)
        # Forgotten, it closes too: from a thread, for a client can't close on its own loop.
        self._forgotten = weakref.finalize(self, _close_later, self.client, self._service)
        self._forgotten.atexit = False

    def executor(self) -> Executor:
        """A new `concurrent.futures.Executor` whose jobs run on the workers.

        Equal calls are calls of their own, as in any executor. Dask's default
        (``client.get_executor()``) takes functions for pure and runs equal calls once.
        """
        return self.client.get_executor(pure=False)

    def workers(self) -> dict[str, int]:
        """The workers that the scheduler knows now: name -> process id.

        Raises ServiceError if the scheduler has ended.
        """
        try:
            return dict(sorted(self.client.run(jobs.name_and_process).values()))
        except Exception as error:
            raise _gone(self.address) from error

    def check(self) -> None:
        """Raise ServiceError if the course started the cluster and it has ended."""
        if self._service is not None and not self._service.alive():
            raise _gone(self.address)

    def threads(self) -> int:
        """How many jobs it runs at once: the threads of all workers."""
        return sum(self.client.nthreads().values())

    def kill_one(self, pid: int | None = None) -> int:
        """Kill a worker with SIGKILL, as a crash would: the one with `pid`, or any; its id.

        Raises ServiceError for a cluster that the course did not start, or no such worker.
        """
        if self._service is None:
            raise ServiceError("These workers are not the course's, so it ends none of them: use "
                               'cluster(scheduler="local") for one of your own.')  # fmt: skip
        alive = [p for p in self._service.facts["workers"].values() if _alive(p)]
        if pid is None and alive:
            pid = alive[0]
        if pid is None or pid not in alive:
            raise ServiceError(f"There is no living worker with the process id {pid}: "
                               f"workers() names them.")  # fmt: skip
        os.kill(pid, signal.SIGKILL)
        return pid

    def close(self) -> None:
        """End the connection and, where the course started it, the cluster. Safe to call twice."""
        _open.discard(self)
        self._forgotten.detach()
        _close(self.client, self._service)

    def __repr__(self) -> str:
        count, threads = len(self.client.nthreads()), self.threads()
        whose = "started by this kernel" if self.own else f"named by {VARIABLE}"
        return (f"<Dask cluster at {self.address}, {whose}: {count} worker"
                f"{'' if count == 1 else 's'}, {threads} at once>")  # fmt: skip


def cluster(workers: int = 2, scheduler: str | None = None) -> Cluster:
    """A Dask cluster: `workers` processes on this machine, or the cluster of a scheduler.

    `scheduler` is its address; without one, what the environment variable
    COURSE_DASK_SCHEDULER says; "local" or nothing there starts a cluster of this kernel's
    own, in about a second. It has no dashboard, listens on the loopback interface only, and
    ends with the kernel. Raises ServiceError, with one sentence, as `Cluster` does.
    """
    if (
        isinstance(workers, bool)
        or not isinstance(workers, int)
        or not (1 <= workers <= MOST_WORKERS)
    ):
        raise ServiceError(f"workers is a whole number from 1 to {MOST_WORKERS}; {workers!r} is "
                           f"not: write workers=2.")  # fmt: skip
    address = scheduler if scheduler is not None else os.environ.get(VARIABLE, "")
    if address in ("", "local"):
        check_room(f"A cluster of {workers} workers", (workers + 2) * EACH_MB,
                   f"let {VARIABLE} name a scheduler elsewhere")  # fmt: skip
        return Cluster(workers)
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise ServiceError(f"{address!r} is no address of a Dask scheduler: write it as in "
                           f"tcp://127.0.0.1:8786, or unset {VARIABLE} to have a cluster "
                           f"here.")  # fmt: skip
    return Cluster(workers, address)


def cluster_processes() -> list[int]:
    """The processes, on this machine, of clusters that are not the course's own.

    Their work is ours, though the processes aren't: it is no foreign load.
    """
    found: list[int] = []
    for one in list(_open):
        if not one.own and re.match(r"\w+://(127\.|localhost)", one.address):
            with contextlib.suppress(ServiceError):
                found += one.workers().values()
            with contextlib.suppress(Exception):
                found.append(one.client.run_on_scheduler(os.getpid))
    return found


# --- inside ----------------------------------------------------------------------------


def _connected(address: str) -> Any:
    """A client of the scheduler there, whose workers can run what this Python sends."""
    from distributed import Client

    hush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions that differ: said below, in one sentence
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise _nobody(address) from error
        try:
            _check(client, address)
        except BaseException:
            client.close(timeout=2)
            raise
    return client


def _knock(address: str) -> None:
    """Raise ServiceError unless what listens at `address` greets as a Dask scheduler does.

    Dask's client waits without end for the greeting of whoever has taken the connection
    (dask/distributed#8071), and a scheduler sends it first: a frame with its length before it.
    Behind TLS it can't be seen.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or found[1] != "tcp":
        return
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_S) as line:
            greeting = line.recv(8, socket.MSG_WAITALL)
    except (OSError, OverflowError) as error:
        raise _nobody(address) from error
    if len(greeting) < 8 or int.from_bytes(greeting, "little") > LONGEST_GREETING:
        raise _nobody(address)


def hush() -> None:
    """Quiet Dask's log in this process.

    What it tells of ends that are meant would stand below some cell. Some of its loggers have a
    level of their own.
    """
    import distributed  # noqa: F401 - sets the levels

    for name in ["distributed", *logging.root.manager.loggerDict]:
        if name.split(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _check(client: Any, address: str) -> None:
    import distributed

    ours = ".".join(map(str, sys.version_info[:2])), distributed.__version__
    found = client.get_versions()
    if not found["workers"]:
        raise ServiceError(f"The scheduler at {address} has no workers yet: start some with "
                           f"`dask worker {address}`.")  # fmt: skip
    for where, one in {"scheduler": found["scheduler"], **found["workers"]}.items():
        theirs = ".".join(one["host"]["python"].split(".")[:2]), one["packages"]["distributed"]
        if theirs != ours:
            name = "Its scheduler" if where == "scheduler" else f"Its worker {where}"
            raise ServiceError(
                f"{name} runs Python {theirs[0]} with distributed {theirs[1]}, this kernel "
                f"Python {ours[0]} with {ours[1]}: functions travel as code only between equal "
                f"versions. Start it with this kernel's Python, {sys.executable}."
            )
    try:
        client.run(jobs.ready)
    except Exception as error:
        raise ServiceError(
            "The workers can't import the course's package helpers: start them in the course's "
            "folder, or with its path in PYTHONPATH."
        ) from error


def _nobody(address: str) -> ServiceError:
    return ServiceError(f"No Dask scheduler answers at {address}: start one with `dask scheduler`, "
                        f"or unset {VARIABLE} to have a cluster here.")  # fmt: skip


def _gone(address: str) -> ServiceError:
    return ServiceError(f"The cluster at {address} has ended: start one again with cluster().")


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _close(client: Any, service: Service | None) -> None:
    with contextlib.suppress(Exception):
        client.close(timeout=2)
    if service is not None:
        service.close()


def _close_later(client: Any, service: Service | None) -> None:
    threading.Thread(target=_close, args=(client, service), daemon=True).start()


@atexit.register
def _close_all() -> None:
    for one in list(_open):
        one.close()
