"""What goes wrong with asyncio and threads in a notebook: each is shown, or can't happen here.

`PITFALLS` says where. The tests below check the list against notebook 05 and against the
tests it names, and try the course's own cells and helpers in a real kernel.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers.experiment.pace import VARIABLE
from tests.harness.labserver import REPO
from tests.harness.run_all import run_all, running_kernel
from tests.harness.sources import notebooks
from tests.harness.waiting import wait_until
from tests.test_bad_input import Kernel

NOTEBOOK = REPO / "notebooks" / "05-combining-async-and-threads.ipynb"


@dataclass(frozen=True)
class Pitfall:
    """One way to go wrong: the cells of notebook 05 that show it, the tests that it can't be."""

    name: str
    shown: tuple[str, ...] = ()
    prevented: tuple[str, ...] = ()


def here(*names: str) -> tuple[str, ...]:
    """Tests of this file."""
    return tuple(f"tests/test_pitfalls.py::{name}" for name in names)


#: In the order in which the course's notes list them.
PITFALLS = [
    Pitfall("asyncio.run in a cell", ("script-form", "own-loop")),
    Pitfall(
        "nest_asyncio",
        ("nest-works-run", "nest-cost-run", "nest-table"),
        here(
            "test_no_notebook_or_helper_patches_its_own_process", "test_the_kernel_stays_unpatched"
        ),
    ),
    Pitfall("%run and libraries that call asyncio.run", ("own-loop", "script-run")),
    Pitfall(
        "tasks outlive the cell",
        ("pit-outlive", "pit-outlive-seen"),
        here("test_helpers_leave_the_kernel_as_it_was", "test_the_cells_leave_no_task"),
    ),
    Pitfall("tasks that nobody refers to", ("pit-vanish", "pit-vanish-run")),
    Pitfall(
        "exceptions that nobody retrieves",
        ("exec-errors-never-run", "exec-siblings-run"),
        (
            "tests/unit/test_panel.py::test_bad_input_is_said_and_the_panel_stays_usable",
            *here("test_an_exception_group_of_a_cell_fails_its_notebook"),
        ),
    ),
    Pitfall(
        "a forgotten await",
        ("pit-forgotten",),
        ("tests/unit/test_experiment.py::test_a_coroutine_object_is_named_and_closed",),
    ),
    Pitfall(
        "blocking the kernel",
        ("pit-blocked-run",),
        (
            *here("test_an_experiment_leaves_the_loop_free"),
            "tests/unit/test_panel.py::test_a_callback_from_another_thread_works",
            "tests/unit/test_panel.py::test_stop_and_run_again",
        ),
    ),
    Pitfall(
        "interrupting a long await",
        ("pit-interrupt",),
        (
            "tests/test_bad_input.py::test_interrupting_a_cell_ends_its_run",
            *here("test_the_ticker_makes_a_long_await_interruptible"),
        ),
    ),
    Pitfall(
        "functions of a notebook in a process pool",
        ("pit-pickle-run",),
        here("test_functions_of_a_cell_travel"),
    ),
    Pitfall(
        "threads in cells",
        ("pit-thread", "pit-thread-print", "exec-errors-kept"),
        here("test_what_a_thread_prints_lands_below_its_cell"),
    ),
    Pitfall("context variables across cells", ("pit-context", "pit-context-next")),
    Pitfall(
        "settings of the whole process",
        ("pit-globals",),
        here("test_helpers_leave_the_kernel_as_it_was"),
    ),
]


def sources() -> dict[str, str]:
    """The code cells of notebook 05, by id."""
    document = nbformat.read(NOTEBOOK, as_version=4)
    return {cell.id: cell.source for cell in document.cells if cell.cell_type == "code"}


# --- the list, checked against reality ------------------------------------------------------


def test_the_list_is_whole() -> None:
    """Thirteen pitfalls were noted when the course was planned; none is left out."""
    assert len({pitfall.name for pitfall in PITFALLS}) == len(PITFALLS) == 13


@pytest.mark.parametrize("pitfall", PITFALLS, ids=lambda pitfall: pitfall.name)
def test_a_pitfall_is_shown_or_prevented(pitfall: Pitfall) -> None:
    assert pitfall.shown or pitfall.prevented
    cells = sources()
    assert [name for name in pitfall.shown if name not in cells] == []
    for test in pitfall.prevented:
        file, name = test.split("::")
        tree = ast.parse((REPO / file).read_text(encoding="utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in functions, f"{test} is not there"


def test_the_notebooks_own_table_has_a_row_for_each() -> None:
    document = nbformat.read(NOTEBOOK, as_version=4)
    (text,) = [cell.source for cell in document.cells if cell.id == "pit-table"]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) - 2 == len(PITFALLS)


# --- nest_asyncio ---------------------------------------------------------------------------


def patches(code: str) -> list[int]:
    """The lines outside functions that import nest_asyncio; magics are passed over."""
    plain = "\n".join("" if line.lstrip()[:1] in ("%", "!") else line
                      for line in code.splitlines())  # fmt: skip
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return list(_imports(compile(plain, "cell", "exec", flags)))


def _imports(node: ast.AST) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        aliases = [name for name in getattr(child, "names", []) if isinstance(name, ast.alias)]
        names = [alias.name for alias in aliases]
        if "nest_asyncio" in [*names, getattr(child, "module", None)]:
            yield child.lineno
        yield from _imports(child)


def test_an_import_outside_functions_is_found() -> None:
    assert patches("%time 1\nif 1:\n    import nest_asyncio\nawait f()") == [3]
    assert patches("from nest_asyncio import apply") == [1]
    assert patches("async def f():\n    from nest_asyncio import apply\n    apply()") == []


def test_no_notebook_or_helper_patches_its_own_process() -> None:
    """It is imported only in functions, and never in a form whose `apply` is looked up later."""
    found = []
    for path in notebooks("notebooks", "labs"):
        document = nbformat.read(path, as_version=4)
        for cell in document.cells:
            if cell.cell_type == "code" and patches(cell.source):
                found.append((path.name, cell.id))
            if cell.cell_type == "code" and "nest_asyncio.apply" in cell.source:
                found.append((path.name, cell.id))
    for path in (REPO / "helpers").rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        if patches(code) or "nest_asyncio.apply" in code:
            found.append((str(path), ""))
    assert found == []


# --- in a kernel ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel(oldest_ipykernel: tuple[str, dict[str, str]]) -> Iterator[Kernel]:
    """A kernel with the oldest ipykernel, in haste, that has run the notebook's imports."""
    _, env = oldest_ipykernel
    env = {**env, VARIABLE: "few"}
    with running_kernel(NOTEBOOK.parent, sys.executable, env) as (manager, client):
        kernel = Kernel(manager, client)
        for name, source in sources().items():
            if name.startswith("imports"):
                assert kernel.run(source)[0] == "ok", name
        names = "compare, in_worker, panel, stairs, work"
        assert kernel.run(f"from helpers import {names}; import asyncio, sys, time")[0] == "ok"
        yield kernel


def last_line(kernel: Kernel, code: str) -> str:
    """Run a cell that must not fail, and give back the last line it showed."""
    status, shown = kernel.run(code)
    assert status == "ok", shown
    return (shown.strip().splitlines() or [""])[-1]


def ran(kernel: Kernel, *cells: str) -> str:
    """Run cells of notebook 05; what the last one showed."""
    found = sources()
    for name in cells:
        status, shown = kernel.run(found[name])
        assert status == "ok", shown
    return shown


#: What a cell must leave as it was, as one line of text.
STATE = """
import gc, threading
print([sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks()
              if task is not asyncio.current_task()),
       [thread.name for thread in threading.enumerate() if thread.name == "experiment"],
       sys.getswitchinterval(), asyncio.get_running_loop().get_debug(), time.sleep,
       asyncio.run.__module__, gc.get_threshold(), gc.isenabled()])
"""


@pytest.mark.parametrize(
    "code",
    [
        "await compare(work.sleep(ms=2), tasks=3, models=['asyncio', 'threads'])",
        "await in_worker(sys.setswitchinterval, 0.05)",
        "async def how(job, count):\n    await asyncio.gather(*("
        "asyncio.to_thread(job) for _ in range(count)))\nawait stairs(how, [1, 2], ms=1)",
        "p = panel('20 waits')\np.controls.tasks.value = 2\nawait p.run()",
    ],
    ids=["compare", "in_worker", "stairs", "panel"],
)
def test_helpers_leave_the_kernel_as_it_was(kernel: Kernel, code: str) -> None:
    """No task, no thread of an experiment, no setting of the process."""
    before = last_line(kernel, STATE)
    assert "asyncio.runners" in before
    last_line(kernel, code)
    assert last_line(kernel, STATE) == before


def test_the_cells_leave_no_task(kernel: Kernel) -> None:
    """The cell that shows how a task outlives it is followed by one that ends the task."""
    before = last_line(kernel, STATE)
    ran(kernel, "pit-outlive")
    assert "tick" in last_line(kernel, STATE)
    assert "CancelledError" in ran(kernel, "pit-outlive-seen")
    ran(kernel, "pit-interrupt")
    assert last_line(kernel, STATE) == before


def test_the_kernel_stays_unpatched(kernel: Kernel) -> None:
    """The cells that apply nest_asyncio do so in another process."""
    before = last_line(kernel, STATE)
    kernel.run(sources()["kernel-loop"])
    ran(kernel, "own-loop", "nest-works", "nest-works-run")
    assert last_line(kernel, STATE) == before
    assert last_line(kernel, "hasattr(asyncio, '_nest_patched')") == "False"


def test_an_experiment_leaves_the_loop_free(kernel: Kernel) -> None:
    """The work waits for an event that only the kernel's loop can set, and it comes."""
    code = (
        "import threading\nfrom helpers.notebook.running import in_thread\n"
        "opened = threading.Event()\n"
        "asyncio.get_running_loop().call_later(0.05, opened.set)\n"
        "print(await in_thread(lambda: opened.wait(20), lambda: None))"
    )
    assert last_line(kernel, code) == "True"


def test_the_ticker_makes_a_long_await_interruptible(kernel: Kernel) -> None:
    """An await without end, on a loop that nothing else wakes, ends by an interrupt."""
    ran(kernel, "pit-interrupt")
    before = last_line(kernel, STATE)
    # The name shows outside when the loop is in the long await, and not before.
    code = (
        "import pathlib, tempfile\nbegun = pathlib.Path(tempfile.mkdtemp(), 'begun')\nprint(begun)"
    )
    begun = Path(last_line(kernel, code))
    message = kernel.start(
        "asyncio.get_running_loop().call_later(0.3, begun.touch)\n"
        "await interruptible(asyncio.Event().wait())"
    )
    assert wait_until(begun.exists)
    kernel.manager.interrupt_kernel()
    status, _ = kernel.finish(message, timeout=30)
    assert status == "error"
    last_line(kernel, "begun.unlink(); begun.parent.rmdir()")
    assert last_line(kernel, STATE) == before, "the ticker has gone on"


def test_functions_of_a_cell_travel(kernel: Kernel) -> None:
    """To the worker, and into its pool of processes; plain pickling could not."""
    ran(kernel, "pit-pickle", "pit-pickle-run")
    assert last_line(kernel, "print(await in_worker(cost, 21))") == "42"
    code = "found = await compare(cost, tasks=2, models=['processes'])\nprint(found.failed())"
    assert last_line(kernel, code) == "None"


def test_what_a_thread_prints_lands_below_its_cell(kernel: Kernel) -> None:
    """`Kernel.run` gives only what belongs to the cell that it ran."""
    assert "printed by a thread" in ran(kernel, "pit-thread-print")
    assert last_line(kernel, "await asyncio.to_thread(print, 'from a thread')") == "from a thread"


def test_an_exception_group_of_a_cell_fails_its_notebook(tmp_path: Path) -> None:
    """IPython shows a group's traceback as plain text, and sends no error message of it."""
    cell = new_code_cell(
        "import asyncio\n\nasync def burn():\n    raise ValueError('burnt')\n\n"
        "async with asyncio.TaskGroup() as group:\n    group.create_task(burn())"
    )
    notebook = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=[cell]), notebook)
    report = run_all(notebook, timeout=60)
    assert [found.status for found in report.cells] == ["error"]
    assert "ValueError: burnt" in report.cells[0].error + report.cells[0].stderr
