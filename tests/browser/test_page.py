"""The harness's own page object: it sees errors, and its pictures show everything."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes
from playwright.sync_api import expect

from tests.browser.conftest import write
from tests.harness import shots
from tests.harness.browser import SCROLLER, LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def test_errors_are_seen(lab_page: LabPage, tmp_path: Path) -> None:
    """The page object finds a traceback, a warning and what an Output widget caught."""
    cells = [
        "import sys, ipywidgets\nprint('to stderr', file=sys.stderr)",
        "caught = ipywidgets.Output()\nwith caught:\n    [][5]\ncaught",
        "1 / 0",
        "'never ran'",
    ]
    lab_page.open(write(tmp_path / "bad.ipynb", [new_code_cell(text) for text in cells]))
    lab_page.run_all()
    lab_page.wait_idle()
    found = lab_page.errors()
    for words in ("to stderr", "IndexError: list index out of range", "ZeroDivisionError"):
        assert sum(words in text for text in found) == 1, found
    assert len(found) == 3, found


@pytest.mark.parametrize("where", ["callback", "loop"])
def test_unseen_errors_are_seen(
    lab_page: LabPage, tmp_path: Path, kernel: str | None, where: str
) -> None:
    """An exception that JupyterLab doesn't show: in a callback, in the kernel's loop."""
    cell = [
        "import asyncio, ipywidgets",
        "loop = asyncio.get_running_loop()",
        "button = ipywidgets.Button(description='Run')",
        "button.add_class('cav-run')",
        "fail = lambda *_: 1 / 0",
        "later = lambda _: loop.call_soon_threadsafe(fail)",
        f"button.on_click({'fail' if where == 'callback' else 'later'})",
        "button",
    ]
    notebook = write(tmp_path / "bad.ipynb", [new_code_cell("\n".join(cell))])
    lab_page.open(notebook, kernel=kernel)
    lab_page.run_all()
    lab_page.wait_idle()
    assert lab_page.errors() == []
    lab_page.click("cav-run")
    end = time.monotonic() + 20
    while not (found := lab_page.errors()) and time.monotonic() < end:
        lab_page.page.wait_for_timeout(100)
    assert "ZeroDivisionError" in "".join(found)


def test_screenshots(lab_page: LabPage, notebook: Path, tmp_path: Path) -> None:
    """A picture of an element, and one of the whole notebook, higher than the window."""
    lab_page.open(notebook)
    lab_page.run_all()
    lab_page.wait_idle()
    lab_page.screenshot(tmp_path / "run.png", "cav-run")
    lab_page.screenshot(tmp_path / "all.png")
    width, height = size_of(tmp_path / "run.png")
    assert 20 < height < 60 < width < 400
    assert size_of(tmp_path / "all.png")[1] > 1500


def size_of(png: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    header = png.read_bytes()[16:24]
    return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")


def test_slices_reach_the_end(lab_page: LabPage, notebook: Path, tmp_path: Path) -> None:
    """Consecutive pictures, each of a window's height; the last cell is in view at last."""
    lab_page.open(notebook)
    lab_page.run_all()
    lab_page.wait_idle()
    last = lab_page.page.locator("pre", has_text="ipykernel 7")  # what the last cell prints
    lab_page.page.locator(SCROLLER).evaluate("e => { e.scrollTop = 0; }")
    expect(last).not_to_be_in_viewport()
    files = shots.slices(lab_page, tmp_path, "x")
    assert [file.name for file in files] == [f"x-{n:02d}.png" for n in range(1, len(files) + 1)]
    assert len(files) >= 2
    assert len({size_of(file) for file in files}) == 1
    expect(last).to_be_in_viewport()


def test_dialog_is_reported(lab_page: LabPage, tmp_path: Path) -> None:
    """JupyterLab asks which kernel to take: the wait ends at once and quotes the dialog."""
    path = tmp_path / "unnamed.ipynb"
    path.write_text(writes(new_notebook()), encoding="utf-8")
    with pytest.raises(
        AssertionError, match=r"a dialog is in the way\ndialog: .*Select (Kernel|kernel for:)"
    ):
        lab_page.open(path)


def test_wrong_kernel_is_reported(lab_page: LabPage, notebook: Path) -> None:
    """A kernel that isn't there: JupyterLab asks, or takes another of the language."""
    with pytest.raises(AssertionError, match=r"not no-such-kernel|Select (Kernel|kernel for:)"):
        lab_page.open(notebook, kernel="no-such-kernel")


def test_endless_cell_is_reported(lab_page: LabPage, tmp_path: Path) -> None:
    """A cell that doesn't end: the message shows which one was running."""
    cells = [new_code_cell("1"), new_code_cell("import asyncio\nawait asyncio.Event().wait()")]
    lab_page.open(write(tmp_path / "endless.ipynb", cells))
    lab_page.run_all()
    with pytest.raises(AssertionError, match=r"did not end within 2 s[\s\S]*\[\*\]:"):
        lab_page.wait_idle(2)
