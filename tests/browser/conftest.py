"""Fixtures of the browser tests: a notebook with a small control panel."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from pathlib import Path

import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes
from playwright.sync_api import Browser, Locator, Page, expect

from helpers.charts.replay.data import replay_data
from helpers.experiment.comparison import Comparison
from helpers.experiment.lines import Recording
from helpers.widgets.browser import module_and_style
from tests.harness.labserver import LabServer
from tests.harness.sources import METADATA

SAMPLE = Path(__file__).with_name("sample_panel.py")
MOST_TABS = 60  # through what JupyterLab puts around a cell's output
#: Whether an element has the focus; if not, the key that leads from the focus to it.
_WAY = """(target) => {
    const active = document.activeElement;
    if (target === active) return null;
    const before = target.compareDocumentPosition(active) & Node.DOCUMENT_POSITION_FOLLOWING;
    return before ? "Shift+Tab" : "Tab";
}"""


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


def page_with(chrome: Browser, module: str, **options) -> Page:
    """A page without JupyterLab or kernel that has the module as ``window.shown``."""
    page = chrome.new_context(viewport={"width": 1100, "height": 800}, **options).new_page()
    page.set_default_timeout(10_000)
    code, style = module_and_style(module)
    page.add_style_tag(content=style)
    load = "async (url) => { window.shown = await import(url); }"
    page.evaluate(load, f"data:text/javascript;base64,{b64encode(code.encode()).decode()}")
    return page


def play_in(page: Page, result: Comparison | Recording) -> None:
    """Build a replay of `result` in the page of `page_with(chrome, "replay")`."""
    data, numbers = replay_data(result)
    page.evaluate(
        """([data, numbers]) => {
          window.built = shown.buildReplay(data, shown.numbersOf(numbers));
          document.body.append(built.element);
        }""",
        [data, b64encode(numbers).decode()],
    )


def tab_to(page: Page, target: Locator) -> None:
    """Come to `target` as a keyboard does: by Tab, or by Shift+Tab where it lies before.

    Radio buttons of which none is chosen are entered at the first, by Shift+Tab at the last.
    """
    expect(target).to_be_visible()
    way = target.evaluate(_WAY)  # once: a key that goes too far fails, and does not turn round
    for _ in range(MOST_TABS):
        if target.evaluate(_WAY) is None:
            return
        page.keyboard.press(way)
    raise AssertionError(f"no {way} leads to {target}")


def below(server: LabServer, module: str, generations: int = 1) -> list[int]:
    """The processes that the server's kernels have started which run `module`, by their ids.

    With several `generations` only those whose parents, as far up, run it as well.
    """
    found = []
    for process in psutil.Process(server.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it may end while it is looked at
            line = [process, *process.parents()[: generations - 1]]
            if all(any(module in part for part in member.cmdline()) for member in line):
                found.append(process.pid)
    return found
