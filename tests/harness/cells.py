"""A few cells of a notebook as a notebook of their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat


def cut_out(notebook: Path, cells: Iterable[str], target: Path) -> Path:
    """Write the code cells with these ids, in the notebook's order, to `target`; gives it back.

    The modules beside the notebook, which its cells may import, go along.
    Raises LookupError for an id that the notebook does not have.
    """
    document = nbformat.read(notebook, as_version=4)
    wanted = list(cells)
    found = {cell.id: cell for cell in document.cells if cell.cell_type == "code"}
    missing = [name for name in wanted if name not in found]
    if missing:
        raise LookupError(f"{notebook.name} lacks the code cells {missing}")
    document.cells = [cell for name, cell in found.items() if name in wanted]
    for module in notebook.parent.glob("*.py"):
        shutil.copy(module, target.parent)
    nbformat.write(document, target)
    return target
