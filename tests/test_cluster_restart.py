"""A kernel that is killed while its cluster works leaves no process, no port and no file.

As `test_restart.py` has it for the other notebooks; here the kernel also has a client with a
loop of its own, and pools of processes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cells import cut_out
from tests.harness.labserver import REPO
from tests.harness.run_all import run_all

NOTEBOOK = REPO / "notebooks" / "07-beyond-one-machine.ipynb"

#: The cells that are needed, the last of them the one in which the kernel dies, and how
#: many seconds after its start.
MOMENTS = [
    (["cluster-start"], 0.3),
    (["cluster-start", "pools", "shipping"], 1.5),
    (["cluster-start", "pools", "batching-ways", "batching-run"], 0.5),
    (["loss-batch", "loss-run"], 0.6),
]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for everything temporary; a short path, for sockets are made in it."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize(("cells", "seconds"), MOMENTS, ids=[cells[-1] for cells, _ in MOMENTS])
def test_nothing_is_left(cells: list[str], seconds: float, scratch: Path, tmp_path: Path) -> None:
    """No process of the kernel's, and nothing in the folder for temporary files."""
    small = cut_out(NOTEBOOK, ["imports", *cells], tmp_path / "few.ipynb")
    report = run_all(small, env={"TMPDIR": str(scratch)}, timeout=60, kill_in=(cells[-1], seconds))
    last = report.cells[-1]
    assert last.begun, [cell.error for cell in report.cells]
    assert last.status == "never ran", "the cell was over before the kernel was killed"
    assert report.survivors == []
    assert [path.name for path in scratch.iterdir()] == []


@pytest.mark.slow
def test_nothing_is_left_at_the_regular_end(scratch: Path, tmp_path: Path) -> None:
    """A cluster and a pool that nobody closes end with the kernel, and nothing is printed."""
    small = cut_out(NOTEBOOK, ["imports", "cluster-start", "pools", "who"], tmp_path / "few.ipynb")
    report = run_all(small, env={"TMPDIR": str(scratch)}, timeout=60)
    assert report.problems() == []
    assert [path.name for path in scratch.iterdir()] == []
