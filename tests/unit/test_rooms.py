"""The architecture: a room imports only rooms below it, and a worker hardly anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools.site.rooms import HELPERS, imported, imports, room_of, rooms

ROOMS = [
    *("workloads", "measure", "models", "services", "worker"),
    *("experiment", "advisor", "checks", "course", "charts", "widgets", "notebook"),
]
LIGHT = ("workloads", "measure", "models")  # and the worker's own side of its room
#: Their libraries are what they measure: imported inside functions, where a workload is run.
LATE = ("workloads/images.py", "workloads/data.py", "workloads/learning.py")
MODULES = sorted(p for p in HELPERS.rglob("*.py") if p.parent != HELPERS or p.stem != "__init__")


def printed_by(code: str) -> str:
    """What a fresh interpreter prints that runs `code`."""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=HELPERS.parent,
    )  # fmt: skip
    return out.stdout.strip()


def test_there_are_modules_to_look_at():
    assert {room_of(path) for path in MODULES} >= {"workloads", "measure", "models", "worker"}


def test_the_package_names_its_rooms_in_this_order():
    assert list(rooms()) == ROOMS
    assert all(words for words in rooms().values())


def test_the_picture_of_the_rooms_shows_who_imports_whom():
    links = imported()
    assert "worker" in links["experiment"]
    assert links["workloads"] == []
    assert all(ROOMS.index(b) < ROOMS.index(a) for a, others in links.items() for b in others)


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
        "import sys, threading, helpers\nprint(threading.active_count(), 'asyncio' in sys.modules)"
    )
    assert printed_by(code).split() == ["1", "False"]
