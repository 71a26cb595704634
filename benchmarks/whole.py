"""Rows on the whole: `make lab` to the page and `make test`, each in a clone of its own."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .rows import Row, in_pairs

REPO = Path(__file__).resolve().parents[1]
FRESH, AGAIN = 3, 3
LONGEST_S = 300
MAKE_LAB = ["make", "lab", "LAB_ARGS=--no-browser"]
#: A fresh clone the usual way; the environment is made once.
BY_PIP = """set -e
if [ ! -d venv ]; then
  python3 -m venv venv
  venv/bin/python -m pip install --quiet --require-hashes --no-deps --requirement requirements.lock
fi
exec venv/bin/python -m jupyterlab --no-browser --allow-root --ServerApp.ip=127.0.0.1
"""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*\?token=\w+")


def lab() -> Iterator[Row]:
    """From the command to the first answered page: in a fresh clone, then again.

    What pip and uv keep of earlier downloads is used, as on anybody's second clone. The peer is
    what a person would do without the Makefile: an environment, the same lock by pip, JupyterLab.
    Needs git.
    """
    fresh: list[float] = []
    again: list[float] = []
    by_pip: list[float] = []
    by_pip_again: list[float] = []
    for _ in range(FRESH):
        for command, first, later in ((MAKE_LAB, fresh, again),
                                      (["sh", "by-pip"], by_pip, by_pip_again)):  # fmt: skip
            with _clone() as folder:
                (folder / "by-pip").write_text(BY_PIP, encoding="utf-8")
                first.append(_to_the_page(folder, command))
                later += [_to_the_page(folder, command) for _ in range(AGAIN)]
    yield Row("make lab to the page, fresh clone", fresh, "s", 40, "packages from the cache")
    yield Row("the same, in pairs", in_pairs(fresh, by_pip), "×", None,
              f"venv, pip, jupyter lab: {min(by_pip):.0f} to {max(by_pip):.0f} s")  # fmt: skip
    yield Row("make lab to the page, again", again, "s", 3)
    yield Row("the same, in pairs", in_pairs(again, by_pip_again), "×", None,
              "jupyter lab without the course's settings")  # fmt: skip


def suite() -> Iterator[Row]:
    """`make test` in a fresh clone, set-up not counted; no row, and a line, where a test fails."""
    with _clone() as folder:
        subprocess.run(["make", "setup"], cwd=folder, check=True, capture_output=True)
        begin = time.perf_counter()
        done = subprocess.run(["make", "test"], cwd=folder, capture_output=True, text=True)
        minutes = (time.perf_counter() - begin) / 60
    said = done.stdout.strip().splitlines()[-1].strip("= ") if done.stdout.strip() else done.stderr
    if done.returncode:
        print(f"(no row on make test: {said})")
        return
    yield Row("make test", [minutes], "min", 15, said)


@contextlib.contextmanager
def _clone() -> Iterator[Path]:
    """A clone of the last commit, in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(REPO), str(clone)], check=True)
        yield clone


def _to_the_page(folder: Path, command: list[str]) -> float:
    """Seconds from the command to an answered page. Raises RuntimeError if none comes."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "PYTHONUNBUFFERED": "1"},
                               start_new_session=True)  # fmt: skip
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, lines))
    reader.start()
    try:
        while time.perf_counter() - begin < LONGEST_S:
            found = _ADDRESS.search(lines.get(timeout=LONGEST_S))
            while found and time.perf_counter() - begin < LONGEST_S:
                try:
                    with urllib.request.urlopen(found[0], timeout=20):
                        return time.perf_counter() - begin
                except urllib.error.URLError:  # it says its address before it listens there
                    time.sleep(0.01)
        raise RuntimeError(f"{' '.join(command)} named no address within {LONGEST_S} s")
    except queue.Empty:
        raise RuntimeError(f"{' '.join(command)} wrote nothing for {LONGEST_S} s") from None
    finally:
        from tests.harness.labserver import stop_tree

        stop_tree(process)
        reader.join()


def _read(pipe: IO[bytes] | None, lines: queue.SimpleQueue[str]) -> None:
    for line in pipe or ():
        lines.put(line.decode(errors="replace"))
