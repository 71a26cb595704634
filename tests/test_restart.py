"""A kernel that is killed in mid-run, as by a restart, leaves no process, port or file.

A port is held by a process: where none is left, no port is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.services.database.bakery import VARIABLE, server_binaries
from tests.harness.cells import cut_out
from tests.harness.labserver import REPO
from tests.harness.run_all import run_all

ASYNC, THREADS, SUMMARY = (
    REPO / "notebooks" / f"{name}.ipynb"
    for name in ("03-when-to-use-async", "04-when-to-use-threads", "06-summary")
)

#: The cells that are needed, the last of them the one in which the kernel dies, and how
#: many seconds after its start.
MOMENTS = [
    (ASYNC, ["api-server", "api-functions", "api-aiohttp", "api-run"], 2.0),
    (ASYNC, ["downloads-server", "downloads", "downloads-run"], 0.3),
    (ASYNC, ["db-open", "db-functions", "db-run"], 1.5),
    (ASYNC, ["handlers", "connections-run"], 3.0),
    (ASYNC, ["handlers", "hold-run"], 1.0),
    (ASYNC, ["handlers", "rude-work", "rude-async", "rude-block"], 1.5),
    (THREADS, ["workloads", "images-survey"], 5.0),
    (THREADS, ["convoy-threads", "convoy-ping", "convoy-run"], 0.8),
    (SUMMARY, ["kinds", "map-run"], 3.0),
    (SUMMARY, ["advise-functions", "advise-functions-2", "advise-mine"], 1.0),
]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for everything temporary; PostgreSQL's own user can reach it too."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("notebook", "cells", "seconds"), MOMENTS, ids=[cells[-1] for _, cells, _ in MOMENTS]
)
def test_nothing_is_left(
    notebook: Path, cells: list[str], seconds: float, scratch: Path, tmp_path: Path
) -> None:
    """No process of the kernel's, and nothing in the folder for temporary files."""
    small = cut_out(notebook, ["imports", *cells], tmp_path / "few.ipynb")
    env = {"TMPDIR": str(scratch)}
    if cells[0] == "db-open" and server_binaries() is not None:
        env[VARIABLE] = "local"  # the harder one: a server with processes of its own
    report = run_all(small, env=env, timeout=60, kill_in=(cells[-1], seconds))
    last = report.cells[-1]
    assert last.begun, [cell.error for cell in report.cells]
    assert last.status == "never ran", "the cell was over before the kernel was killed"
    assert report.survivors == []
    assert [path.name for path in scratch.iterdir()] == []
