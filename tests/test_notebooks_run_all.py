"""Every notebook survives Run All: all its cells queued at once, as JupyterLab does.

With the oldest ipykernel that pyproject.toml allows, and in haste: each experiment in one
round. The environment's own takes Run All in `browser/test_course_panels.py`, and cell by
cell in `test_nbval.py`. So where the oldest is the environment's own, and there is a browser,
this would be the same once more.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from helpers.experiment.pace import VARIABLE
from tests.conftest import KERNELS
from tests.harness.browser import chromium
from tests.harness.foreign import foreign, watched
from tests.harness.run_all import Report, run_all
from tests.harness.sources import notebooks

ALL = notebooks("notebooks")
NAMES = [path.stem for path in ALL]
#: Seconds for one notebook: twice what DESIGN.md allows it, for a busy machine.
TIMEOUT = 240


def make(path: Path, *cells: str, tags: tuple[str, ...] = ()) -> Path:
    """Write a notebook of code cells; `tags` are the second cell's."""
    document = new_notebook(cells=[new_code_cell(source) for source in cells])
    if tags:
        document.cells[1].metadata["tags"] = list(tags)
    path.write_text(writes(document), encoding="utf-8")
    return path


def statuses(report: Report) -> list[str]:
    return [cell.status for cell in report.cells]


def test_there_are_notebooks() -> None:
    """The parameters below aren't an empty list, which would pass."""
    assert ALL, "no notebook in notebooks/"


@pytest.mark.slow
@pytest.mark.skipif(
    KERNELS == ["newest"] and chromium() is not None,
    reason="The oldest ipykernel is installed: the browser tests take Run All with it.",
)
@pytest.mark.timeout(TIMEOUT + 60)
@pytest.mark.parametrize("path", ALL, ids=NAMES)
def test_oldest_ipykernel(
    path: Path, oldest_ipykernel: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    """All cells at once: every cell ok, nothing outlives the kernel, nothing leaves the machine."""
    version, env = oldest_ipykernel
    log = tmp_path / "net.log"
    report = run_all(path, env={**watched(log, env), VARIABLE: "few"}, timeout=TIMEOUT)
    assert report.ipykernel == version
    assert not report.problems(), "\n\n".join(report.problems())
    assert foreign(log) == []


# The harness itself: it sees what it is there for.


def test_good_notebook_is_ok(tmp_path: Path) -> None:
    """Cells run in the notebook's folder, with top-level await; an error may be meant."""
    (tmp_path / "here.txt").touch()
    cells = ("assert open('here.txt')", "1/0", "import asyncio; await asyncio.sleep(0)", " ")
    report = run_all(make(tmp_path / "a.ipynb", *cells, tags=("raises-exception",)), timeout=60)
    assert statuses(report) == ["ok", "ok", "ok"]
    assert report.problems() == []


def test_what_would_leave_the_machine_is_seen(tmp_path: Path) -> None:
    """A call to another machine, a name that is looked up, a port open to all: in a worker too."""
    cells = (
        "import socket, subprocess, sys",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))",
        "t = socket.socket(); t.bind(('0.0.0.0', 0)); t.close(); s.close()",
        "code = 'import socket; socket.getaddrinfo(\"192.0.2.2\", 80)'",
        "assert subprocess.run([sys.executable, '-c', code]).returncode == 0",
        "u = socket.socket(); u.bind(('127.0.0.1', 0)); u.listen()",
        "v = socket.create_connection(u.getsockname()); v.close(); u.close()",
    )
    log = tmp_path / "net.log"
    report = run_all(make(tmp_path / "a.ipynb", *cells), env=watched(log, {}), timeout=60)
    assert report.problems() == []
    assert [line.split()[0] for line in foreign(log)] == [
        "socket.connect", "socket.bind", "socket.getaddrinfo"]  # fmt: skip


def test_error_stops_the_rest(tmp_path: Path) -> None:
    """The failing cell's traceback is reported; the cells after it never ran."""
    report = run_all(make(tmp_path / "a.ipynb", "1", "1/0", "2"), timeout=60)
    assert statuses(report) == ["ok", "error", "never ran"]
    assert "ZeroDivisionError: division by zero" in report.problems()[0]


def test_error_that_did_not_come(tmp_path: Path) -> None:
    """A cell tagged raises-exception that doesn't raise is no longer a demonstration."""
    notebook = make(tmp_path / "a.ipynb", "1", "2", tags=("raises-exception",))
    assert statuses(run_all(notebook, timeout=60)) == ["ok", "error"]


def test_hang_is_seen(tmp_path: Path) -> None:
    """A cell that doesn't end is given up after the timeout, and so are those behind it."""
    report = run_all(make(tmp_path / "a.ipynb", "1", "while True: pass", "2"), timeout=3)
    assert statuses(report) == ["ok", "never ran", "never ran"]


def test_dead_kernel_is_seen(tmp_path: Path) -> None:
    """A kernel that dies is reported at once, not after the timeout."""
    # the pause lets the answer to the first cell leave the process before it dies
    death = "import os, time; time.sleep(1); os._exit(3)"
    report = run_all(make(tmp_path / "a.ipynb", "1", death), timeout=60)
    assert statuses(report) == ["ok", "never ran"]
    assert "the kernel died" in report.problems()[0]
    assert report.seconds < 30


@pytest.mark.parametrize("detached", [False, True])
def test_survivor_is_seen(tmp_path: Path, detached: bool) -> None:
    """A process left behind is named, also one that left the kernel's session."""
    start = f"subprocess.Popen([sys.executable, '-c', code], start_new_session={detached})"
    notebook = make(
        tmp_path / "a.ipynb",
        f"import subprocess, sys; code = 'import time; time.sleep(99)'; p = {start}",
        "end = 'import sys; sys.stdin.read()'  # ends with the kernel, as it should",
        "q = subprocess.Popen([sys.executable, '-c', end], stdin=subprocess.PIPE)",
    )
    report = run_all(notebook, timeout=60)
    assert statuses(report) == ["ok"] * 3
    (survivor,) = report.problems()
    assert "time.sleep(99)" in survivor
