"""A notebook with its results: run in a fresh kernel, or as it was run before.

What was run is kept in a folder, one file for each notebook, under a name that changes
with its code, with the helpers and with the versions below them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from helpers.course.place import VARIABLE as FOLDER
from helpers.experiment.pace import VARIABLE as ROUNDS

from .address import ROOT

#: A cell that takes longer hangs, in seconds.
TIMEOUT = 300
#: What a run does not depend on: a page takes these anew each time.
_LATE = ("*.js", "*.css", "course/quizzes/*.toml")
_CARD = "from helpers import machine as _machine; print((await _machine()).sentence())"


class CellFailed(RuntimeError):
    """A cell raised an exception, or hung; the message says which, and how."""


def executed(notebook: Path, kept: Path) -> NotebookNode:
    """The notebook with its outputs, run now unless `kept` has it already.

    `metadata.course` says on which machine, and `metadata.widgets` what its widgets hold.
    Raises CellFailed for a cell that fails without being tagged `raises-exception`.
    """
    document = nbformat.read(notebook, as_version=4)
    stem, key = notebook.stem, _key(document, notebook.parent)
    file = kept / f"{stem}-{key}.ipynb"
    if file.exists():
        done = nbformat.read(file, as_version=4)
        results = {cell.id: cell for cell in done.cells}
        for cell in document.cells:  # the text may have changed since
            if cell.cell_type == "code":
                cell.outputs = results[cell.id].outputs
                cell.execution_count = results[cell.id].execution_count
        document.metadata = done.metadata
        return document
    began = time.monotonic()
    print(f"{notebook.name}: running", flush=True)
    _run(document, notebook)
    print(f"{notebook.name}: {time.monotonic() - began:.0f} s", flush=True)
    kept.mkdir(parents=True, exist_ok=True)
    for old in kept.glob(f"{stem}-*.ipynb"):
        old.unlink()
    unfinished = file.with_suffix(".part")
    unfinished.write_text(nbformat.writes(document), encoding="utf-8")
    unfinished.replace(file)
    return document


def _run(document: NotebookNode, notebook: Path) -> None:
    """Run all cells one after the other, in a copy of the folder; the outputs go into them."""
    with tempfile.TemporaryDirectory(prefix="course-site-") as scratch:
        folder = Path(scratch) / notebook.parent.name
        hidden = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(notebook.parent, folder, ignore=hidden)
        diary = Path(scratch) / "course"  # nobody's progress
        place = {"metadata": {"path": folder}}
        # It warns of its open port, which is on this machine and asks for a key.
        quiet = ["--IPKernelApp.log_level=ERROR"]
        client = NotebookClient(document, timeout=TIMEOUT, kernel_name="python3",
                                resources=place, extra_arguments=quiet)  # fmt: skip
        env = os.environ | {FOLDER: str(diary), "JUPYTER_CONFIG_DIR": scratch}
        card = nbformat.v4.new_code_cell(_CARD)
        document.cells.insert(0, card)
        try:
            client.execute(env=env)
        except Exception as error:  # also a kernel that dies, a cell that hangs
            raise CellFailed(f"{notebook.name} does not run to its end.\n{error}") from error
        finally:
            document.cells.remove(card)
        sentence = "".join(out.get("text", "") for out in card.outputs).strip()
        document.metadata["course"] = {"machine": sentence}


def _key(document: NotebookNode, folder: Path) -> str:
    """A digest of everything that a run's results depend on."""
    digest = hashlib.sha256()
    for cell in document.cells:
        if cell.cell_type == "code":
            digest.update(f"{cell.id}\0{cell.source}\0".encode())
    digest.update(f"{sys.version_info}{os.environ.get(ROUNDS)}".encode())
    for file in [ROOT / "requirements.lock", *sorted(folder.glob("*.py")), *_helpers()]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _helpers() -> list[Path]:
    """The files of the package that a kernel may read."""
    package = ROOT / "helpers"
    files = (file for file in package.rglob("*") if file.suffix in (".py", ".toml", ".json"))
    return sorted(file for file in files if not any(file.match(late) for late in _LATE))
