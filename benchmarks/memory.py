"""Rows on memory: what a learner needs, the server, a kernel and all that it starts.

PSS is what a process has of its own, plus its part of what it shares with others; the sum over
processes is what they need together. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from .rows import Row

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
EVERY_S = 0.1
#: What a learner has on Binder at least, for the notebook that needs most.
MOST_MB = 1024


class Watch:
    """Follows what a process starts, in a thread; `peak` is the largest sum of PSS, in MB.

    `processes` is how many there were at that moment. `itself` counts the process, and what it
    had started before.
    """

    def __init__(self, root: int, itself: bool = False) -> None:
        self.peak, self.processes = 0.0, 0
        self._root = psutil.Process(root)
        self._others = set() if itself else {self._root, *self._root.children(recursive=True)}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="memory", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def look(self) -> None:
        """Add them up once."""
        family = {self._root, *self._root.children(recursive=True)} - self._others
        sizes = [pss_mb(process.pid) for process in family]
        if sum(sizes) > self.peak:
            self.peak, self.processes = sum(sizes), sum(size > 0 for size in sizes)

    def _follow(self) -> None:
        while not self._over.wait(EVERY_S):
            with contextlib.suppress(psutil.Error):
                self.look()


def pss_mb(pid: int) -> float:
    """The PSS of one process in MB; 0 for one that has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    (kb,) = (line.split()[1] for line in text.splitlines() if line.startswith("Pss:"))
    return int(kb) / 1024


def memory() -> Iterator[Row]:
    """Needs Linux and the test tools; gives no rows, and says so, without them."""
    try:
        from tests.harness.labserver import lab_server
        from tests.harness.run_all import run_all
    except ImportError as error:
        print(f"(no rows on memory: {error})")
        return
    if not Path("/proc/self/smaps_rollup").exists():
        print("(no rows on memory: this system does not tell what processes share)")
        return
    with tempfile.TemporaryDirectory() as root, lab_server(root) as server:
        watch = Watch(server.pid, itself=True)
        watch.look()
        yield Row("memory: JupyterLab's server alone", [watch.peak], "MB")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        with Watch(os.getpid()) as watch:
            report = run_all(path, timeout=360)
        if problems := report.problems():
            print(f"(no row for {path.stem}: {problems[0].splitlines()[0]})")
            continue
        yield Row(f"memory: notebook {path.stem}, its kernel and all it starts", [watch.peak],
                  "MB", MOST_MB, f"{watch.processes} processes")  # fmt: skip
