"""Fixtures of the browser tests: a notebook with a small control panel."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from tests.harness.sources import METADATA

SAMPLE = Path(__file__).with_name("sample_panel.py")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with the panel in it, and text enough above it to have to scroll."""
    cells = [
        new_markdown_cell("# A sample\n\n" + "Some text.\n\n" * 40),
        new_code_cell(SAMPLE.read_text(encoding="utf-8")),
        new_code_cell("import ipykernel\n\nprint('ipykernel', ipykernel.__version__)"),
    ]
    return write(tmp_path / "sample.ipynb", cells)


def write(path: Path, cells: list[NotebookNode]) -> Path:
    """Write a notebook that asks for the kernel which the course's ask for."""
    path.write_text(writes(new_notebook(cells=cells, metadata=METADATA)), encoding="utf-8")
    return path


def wait_until(true: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether `true()` becomes so within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False
