"""Processes that get little: few open files, few threads, a small disc."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.harness.labserver import REPO

#: Somebody who is not root, and nobody else: limits on threads count all threads of a user.
NOBODY = 50_000 + os.getpid() % 10_000
_KEPT = "-all,+dac_override,+dac_read_search"  # this course may lie in root's own folder


def as_a_user() -> list[str] | None:
    """What to put before a command so that limits on threads hold for it; None: impossible.

    Root is exempt from them, so for root it becomes somebody else, who can read all files.
    """
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        return None
    return ["setpriv", f"--reuid={NOBODY}", f"--inh-caps={_KEPT}", f"--ambient-caps={_KEPT}",
            f"--bounding-set={_KEPT}"]  # fmt: skip


def on_a_small_disc(kilobytes: int, folder: str) -> list[str] | None:
    """What to put before a command so that `folder` is a disc of so many KB for it alone.

    None where this user may not mount anything.
    """
    if shutil.which("unshare") is None:
        return None
    before = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
    mount = f'mount -t tmpfs -o size={kilobytes}k none "{folder}" && exec "$0" "$@"'
    found = [*before, "sh", "-c", mount]
    if subprocess.run([*found, "true"], capture_output=True, check=False).returncode:
        return None
    return found


#: What the course says then.
FULL = "The disc is full: delete what you don't need, then run it again."


def fill(filler: Path) -> None:
    """Write to `filler` until its disc is full."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def python(code: str, before: Sequence[str] = (), timeout: float = 60, **env: str) -> str:
    """What `code` prints, run by this Python behind `before`. Raises AssertionError if it fails."""
    command = [*before, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=REPO,
                          env={**os.environ, **env}, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
