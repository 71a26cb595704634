"""The database cells of notebook 03, executed on SQLite and on PostgreSQL: the same cells."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

from helpers.experiment.pace import VARIABLE as ROUNDS
from helpers.services.database.bakery import VARIABLE, server_binaries
from tests.harness.cells import cut_out
from tests.harness.labserver import REPO
from tests.harness.run_all import run_all

NOTEBOOK = REPO / "notebooks" / "03-when-to-use-async.ipynb"
IMPORTS = "imports"
#: By their ids, so that a cell that vanishes or gets another name is noticed.
CELLS = ["db-open", "db-rows", "db-functions", "db-run", "db-lag", "db-threads"]


def database_cells(folder: Path) -> Path:
    """A notebook of the imports and the database cells only, and one that says what it was."""
    path = cut_out(NOTEBOOK, [IMPORTS, *CELLS], folder / "database.ipynb")
    whole = nbformat.read(NOTEBOOK, as_version=4)
    others = [c.id for c in whole.cells if c.cell_type == "code" and c.id.startswith("db-")]
    assert sorted(others) == sorted(CELLS), "add the new ones to CELLS"
    said = f"from pathlib import Path\nPath({str(folder / 'kind')!r}).write_text(db.kind)"
    document = nbformat.read(path, as_version=4)
    document.cells.append(nbformat.v4.new_code_cell(said))
    nbformat.write(document, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("setting", "kind"), [("", "sqlite"), ("local", "postgresql")])
def test_the_cells_pass_on_both(setting: str, kind: str, tmp_path: Path) -> None:
    """Every cell passes, on the database that was asked for, and nothing is left behind."""
    if kind == "postgresql" and server_binaries() is None:
        what = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(f"{what} (REQUIRE_POSTGRES=1)", pytrace=False)
        pytest.skip(what)
    path = database_cells(tmp_path)
    report = run_all(path, env={VARIABLE: setting, ROUNDS: "few"}, timeout=100)
    assert report.problems() == []
    assert (tmp_path / "kind").read_text() == kind
