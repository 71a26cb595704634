"""The architecture: a room imports only rooms below it, and a worker hardly anything."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = Path(__file__).parents[2] / "helpers"
ROOMS = [
    *("workloads", "measure", "models", "services", "worker"),
    *("experiment", "advisor", "checks", "course", "charts", "widgets", "notebook"),
]
LIGHT = ("workloads", "measure", "models")  # and the worker's own side of its room
#: Their libraries are what they measure: imported inside functions, where a workload is run.
LATE = ("workloads/images.py", "workloads/data.py", "workloads/learning.py")
MODULES = sorted(p for p in HELPERS.rglob("*.py") if p.parent != HELPERS or p.stem != "__init__")


def room_of(path: Path) -> str:
    return path.relative_to(HELPERS).parts[0].removesuffix(".py")


def imports(path: Path, inside: bool = True) -> set[str]:
    """Absolute names of all modules that a file imports, also `inside` its functions."""
    package = ["helpers", *path.relative_to(HELPERS).parts[:-1]]
    names, tree = set(), ast.parse(path.read_text())
    for node in ast.walk(tree) if inside else tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            names |= {stem} | {f"{stem}.{alias.name}" for alias in node.names}
    return names


def printed_by(code: str) -> str:
    """What a fresh interpreter prints that runs `code`."""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=HELPERS.parent,
    )  # fmt: skip
    return out.stdout.strip()


def test_there_are_modules_to_look_at():
    assert {room_of(path) for path in MODULES} >= {"workloads", "measure", "models", "worker"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HELPERS)))
def test_a_room_imports_only_rooms_below(path):
    own = ROOMS.index(room_of(path))
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "helpers" and len(parts) > 1 and parts[1] in ROOMS:
            assert ROOMS.index(parts[1]) <= own, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HELPERS)))
def test_what_a_worker_loads_needs_the_standard_library_only(path):
    own_side = ("zygote.py", "job.py", "shared.py", "sources.py", "__main__.py")
    if room_of(path) not in LIGHT and path.name not in own_side:
        return
    late = str(path.relative_to(HELPERS)) in LATE
    roots = {name.split(".")[0] for name in imports(path, inside=not late)} - {"helpers"}
    # cloudpickle is imported where a learner's own function arrives, and only there
    foreign = roots - sys.stdlib_module_names - {"cloudpickle"}
    assert not foreign, f"{path.name} imports {foreign}"


def test_files_are_of_a_size_that_one_can_read():
    for path in MODULES:
        lines = len(path.read_text().splitlines())
        assert lines <= 350, f"{path.relative_to(HELPERS)} has {lines} lines: split it"


def test_the_worker_loads_neither_matplotlib_nor_ipython():
    code = (
        "import sys, helpers.worker.zygote\n"
        "heavy = {'matplotlib', 'IPython', 'ipywidgets', 'numpy', 'psutil', 'cloudpickle'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert printed_by(code) == "[]"


def test_importing_helpers_has_no_side_effect():
    code = (
        "import sys, threading, helpers\n"
        "print(threading.active_count(), 'asyncio' in sys.modules)"
    )
    assert printed_by(code).split() == ["1", "False"]
