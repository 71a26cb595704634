"""The process that starts an installed PostgreSQL with a folder of its own, and ends it.

It listens on a Unix socket in that folder only, so that no port is open and nobody else
of the machine can reach it. What it writes need not survive, so it never waits for the
disk.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import psutil

from ..keeper import Keeper
from .bakery import create, server_binaries, version_of, way_to

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "16MB",
    # Files rather than /dev/shm, which containers keep small.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
SCHEMA = "course"
START_S = 60.0
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def refuse(sentence: str) -> NoReturn:
    """Tell the owner why not, and end: raises SystemExit."""
    print(json.dumps({"refused": sentence}), flush=True)
    raise SystemExit(1)


def ordinary_user() -> tuple[str, int | None]:
    """Who shall run the server, by name and, if that is somebody else, number.

    PostgreSQL refuses to run as root, so root hands it to its own user, or to nobody.
    """
    if os.geteuid() != 0:
        return getpass.getuser(), None
    for name in ("postgres", "nobody"):
        try:
            return name, pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    refuse("PostgreSQL doesn't run as root, and there is no other user here: use SQLite.")


def end_with_parent() -> None:
    """Ask Linux to shut this process down at once when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def keep_orphans() -> None:
    """Have Linux make this process the parent of what a killed server leaves behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def remove_segment(data: Path) -> None:
    """Remove the System V shared memory that a killed server left, as its lock file names it.

    A server that ends by itself removes both. The number is the system's: a segment counts
    only if it has the server's key too.
    """
    try:
        key, number = map(int, (data / "postmaster.pid").read_text().splitlines()[6].split())
    except (OSError, ValueError, IndexError):
        return
    libc = ctypes.CDLL(None)
    if libc.shmget(key, ctypes.c_size_t(0), 0) == number:
        libc.shmctl(number, 0, None)  # 0: IPC_RMID


class Cluster:
    """One PostgreSQL server in `folder`, run by an ordinary user."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder = binaries, folder
        self.user, self.uid = ordinary_user()
        self.data, self.log = folder / "data", folder / "log"
        self.process: subprocess.Popen | None = None
        self.ending = self._serves = False
        self._one_at_a_time = threading.Lock()
        self._as_user: dict[str, Any] = {}
        if self.uid is not None:
            group = pwd.getpwuid(self.uid).pw_gid
            os.chown(folder, self.uid, group)
            self._as_user = {"user": self.uid, "group": group, "extra_groups": []}

    def make(self) -> None:
        """Run initdb. Raises RuntimeError with its last line if that fails."""
        self._run("initdb", "-D", self.data, "-U", "course", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")  # fmt: skip
        if self.process is not None and self.process.wait():
            raise RuntimeError(self._last_line())

    def start(self) -> None:
        """Start the server; it may not answer yet."""
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        self._run("postgres", "-D", self.data, *options)

    def end(self) -> None:
        """End whatever runs, with its children, and start nothing more.

        Nothing in it is worth a checkpoint; but as long as one of them lives, it could
        write into a folder that is being removed.
        """
        with self._one_at_a_time:
            self.ending = True
            if self.process is None:
                return
            family = self._family()
            for member in family:  # the server tells its own children
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(signal.SIGQUIT if self._serves else signal.SIGKILL)
            _, alive = psutil.wait_procs(family, 3.0)
            for member in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs(alive, 3.0)
            remove_segment(self.data)

    def _family(self) -> list[psutil.Process]:
        """The server's processes; also those whose parent was killed, which are ours then."""
        found = []
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(self.process.pid) if self.process else None
            found = [leader, *leader.children(recursive=True)] if leader else []
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if child not in found and Path(child.cwd()).is_relative_to(self.folder):
                    found.append(child)
        return found

    def wait(self) -> None:
        """Wait until the server has ended, whoever ended it."""
        if self.process is not None:
            self.process.wait()

    def connection(self):
        """A connection, as soon as the server answers. Raises RuntimeError if it does not."""
        import psycopg

        end = time.monotonic() + START_S
        while True:
            try:
                return psycopg.connect(**way_to(SCHEMA, self.way()))
            except psycopg.OperationalError:
                if self._ended() or time.monotonic() > end:
                    raise RuntimeError(self._last_line()) from None
                time.sleep(0.02)

    def way(self) -> dict[str, str]:
        """What psycopg's ``connect`` takes."""
        return {"host": str(self.folder), "port": "5432", "user": "course", "dbname": "postgres"}

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _run(self, program: str, *arguments: str | Path) -> None:
        with self._one_at_a_time, self.log.open("wb") as log:
            if self.ending:
                raise RuntimeError("it was ended")
            self._serves = program == "postgres"
            self.process = subprocess.Popen(
                [self.binaries / program, *arguments],
                cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=end_with_parent, **self._as_user,
            )  # fmt: skip

    def _last_line(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:  # it is being removed: this process ends
            lines = []
        return (lines or ["it said nothing"])[-1]

    def _environment(self) -> dict[str, str]:
        # A person's own PostgreSQL settings (PGDATA, PGPORT ...) are not meant for this one.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**kept, "LC_ALL": "C", "HOME": str(self.folder)}


def main() -> None:
    """Start, fill, announce, and wait for the end."""
    binaries = server_binaries()
    if binaries is None:
        refuse("No PostgreSQL server is installed here: install it (on Debian and Ubuntu: "
               "apt install postgresql), or use SQLite.")  # fmt: skip
    keeper = Keeper()
    keep_orphans()
    cluster = Cluster(binaries, keeper.folder)
    keeper.at_end(cluster.end)
    try:
        cluster.make()
        cluster.start()
        with cluster.connection() as connection:
            create(connection, SCHEMA)
            name = version_of(connection)
    except RuntimeError as error:
        if not cluster.ending:  # else the keeper is about to end this process
            print(json.dumps({"refused": f"PostgreSQL did not start: {error}"}), flush=True)
            keeper.end(1)
        signal.pause()
    keeper.announce(name=name, schema=SCHEMA, way=cluster.way(),
                    server=cluster.process.pid if cluster.process else 0)  # fmt: skip
    # The main thread must stay: the server ends with the thread that started it.
    cluster.wait()
    keeper.end(0 if cluster.ending else 1)


if __name__ == "__main__":
    main()
