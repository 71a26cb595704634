"""nbval passes over every notebook: each cell runs, each `assert` in a cell holds.

By hand: pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 120 notebooks

The long notebooks are rehearsed: every cell runs and every `assert` holds, with one round
an experiment where the course takes as many as fit its time. FULL_ROUNDS=1 runs them as a
learner does; `make bench` does so too, twice, and says how long each took.

nbval sends one cell at a time: what breaks only under Run All is for
`test_notebooks_run_all.py` to see.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from helpers.experiment.pace import VARIABLE as ROUNDS
from tests.harness.foreign import foreign, watched
from tests.harness.labserver import REPO
from tests.harness.sources import notebooks

NET_LOG = "net.log"


def nbval(target: Path, folder: Path) -> tuple[Counter[str], str]:
    """Run nbval on a notebook or a folder of them; cells by outcome, and what it printed.

    `folder` is for its report, and for what the kernels asked of other machines. It runs in
    a pytest of its own: neither `-m` nor `--maxfail` of this session thin it out.
    """
    result = folder / "nbval.xml"
    mine = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"),
            *("--nbval-cell-timeout", "120", "-o", "addopts=", "-p", "no:cacheprovider", "-q"),
            *(f"--junitxml={result}", str(target)),
        ],
        cwd=REPO,
        env=watched(folder / NET_LOG, mine),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.exists(), done.stdout + done.stderr
    outcomes: Counter[str] = Counter()
    for case in ET.parse(result).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcomes[kinds[0] if kinds else "passed"] += 1
    return outcomes, done.stdout[-8000:]


def code_cells(path: Path) -> int:
    """How many cells of a notebook have code in them."""
    cells = nbformat.read(path, as_version=4).cells
    return sum(1 for cell in cells if cell.cell_type == "code" and cell.source.strip())


ALL = notebooks("notebooks")
#: Those that take a minute or two on two cores, nearly all of it in repeats.
LONG = [path for path in ALL if path.stem[:2] in ("02", "03", "04", "05", "06", "07")]


def test_there_are_notebooks() -> None:
    """The parameters below aren't an empty list, which would pass."""
    assert len(ALL) > len(LONG) > 0, "no notebook in notebooks/"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])
def test_notebook_passes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every code cell passes, none is skipped, and nothing leaves the machine."""
    if path in LONG and os.environ.get("FULL_ROUNDS") != "1":
        monkeypatch.setenv(ROUNDS, "few")
    outcomes, printed = nbval(path, tmp_path)
    assert set(outcomes) == {"passed"}, printed
    assert outcomes["passed"] >= code_cells(path), printed
    assert foreign(tmp_path / NET_LOG) == []


def test_failing_assert_is_seen(tmp_path: Path) -> None:
    """A notebook in which an `assert` fails doesn't pass; one that asks elsewhere is noted."""
    path = tmp_path / "a.ipynb"
    ask = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    cells = [new_code_cell(f"{ask}; x = 1"), new_code_cell("assert x == 2")]
    path.write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
    outcomes, printed = nbval(path, tmp_path)
    assert outcomes == {"passed": 1, "failure": 1}, printed
    assert [line.split()[0] for line in foreign(tmp_path / NET_LOG)] == ["socket.connect"]
