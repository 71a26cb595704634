"""What a learner is asked to change shows what the text says that it shows."""

from __future__ import annotations

import json
import textwrap
import threading
from types import SimpleNamespace

from tests.harness.labserver import REPO


def cells(stem: str) -> dict[str, str]:
    """The sources of a notebook's cells by their ids."""
    (path,) = (REPO / "notebooks").glob(f"{stem}-*.ipynb")
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in found}


def test_two_lines_outside_of_the_lock_lose_coins() -> None:
    """Notebook 01: pause and writing out of the `with` block, four bakers: coins are lost.

    With the writing alone outside none would be: its thread holds the GIL until then.
    """
    notebook = cells("01")
    assert "last two lines out of the `with` block" in notebook["lock-change"]
    lines = notebook["lock-race"].splitlines()
    moved = [textwrap.indent(line.strip(), "    ") for line in lines[-2:]]
    assert "sleep" in moved[0]
    assert "+ 1" in moved[1]
    everyone_has_read = threading.Barrier(4)  # in place of a pause that is long enough
    names = {
        "threading": threading,
        "time": SimpleNamespace(sleep=lambda seconds: everyone_has_read.wait(30)),
    }
    exec("\n".join([*lines[:-2], *moved]), names)  # the learner's change
    bakers = [threading.Thread(target=names["put_in_locked"], args=(n,)) for n in range(4)]
    for baker in bakers:
        baker.start()
    for baker in bakers:
        baker.join()
    assert names["box"] == {"coins": 1}
