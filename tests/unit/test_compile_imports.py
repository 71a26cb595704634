"""What a fresh environment compiles: all that the course imports, whatever the environment says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from tools import compile_imports

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
#: Comes with another one that is named.
WITH_ANOTHER = {"IPython", "dask", "jupyter_client", "traitlets", "numpy"}


def imported() -> set[str]:
    """The packages that are not Python's own and not ours, imported anywhere in `helpers`."""
    found: set[str] = set()
    for path in HELPERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"helpers"}


def test_all_that_the_course_imports_is_compiled():
    names = {name.split(".")[0] for share in compile_imports.SHARES for name in share}
    assert imported() - names == WITH_ANOTHER
    assert "jupyterlab" in names


def test_it_keeps_what_it_compiles_and_goes_on_after_what_is_not_there(tmp_path):
    (tmp_path / "first.py").write_text("import nothing_of_that_name")
    (tmp_path / "second.py").write_text("")
    code = ("import sys; from tools import compile_imports as c; "
            "c.SHARES = (('first', 'no_such_module'), ('no_such_one', 'second')); "
            "sys.exit(c.main())")  # fmt: skip
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{tmp_path}"}
    environment.pop("PYTHONPYCACHEPREFIX", None)
    done = subprocess.run([sys.executable, "-c", code], cwd=HELPERS.parent, env=environment,
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    kept = {path.name.split(".")[0] for path in tmp_path.rglob("*.pyc")}
    assert kept == {"first", "second"}
