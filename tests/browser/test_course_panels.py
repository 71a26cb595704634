"""Every notebook of the course in real JupyterLab: Run All, then its panel as a person uses it.

Of the five that compute longest, only the cells that a page makes something of: figures,
bars, pictures, panels, quizzes. nbval runs all their cells, in `test_nbval.py`;
ALL_NOTEBOOKS=1 runs all of them here as well.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import below
from tests.harness.accessible import look_over
from tests.harness.browser import LabPage
from tests.harness.cells import cut_out
from tests.harness.labserver import LabServer
from tests.harness.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: By the notebook's number, the cells that are opened in a page; of every other notebook, all.
SHOWN = {
    "03": ["imports", "api-server", "api-functions", "api-aiohttp", "downloads-server", "downloads",
           "downloads-run", "handlers", "limits-run", "connections-panel", "few", "panel",
           "quiz-widget"],
    "04": ["imports", "workloads", "guesses", "guesses-say", "picture", "turns", "panel",
           "quiz-widget"],
    "05": ["imports", "script-source", "ways-coroutine", "ways-thread-code", "ways-pool-code",
           "heartbeat-run", "imports-executors", "exec-stairs", "exec-stairs-run", "exec-siblings",
           "exec-siblings-gather", "exec-siblings-group", "exec-cancel", "exec-cancel-run",
           "exec-siblings-run", "exec-panel",
           "imports-pipeline", "pipeline-server", "pipeline-steps", "pipeline-poster",
           "pipeline-steps-show", "pipeline-download", "pipeline-process", "pipeline-write",
           "pipeline-crew", "pipeline-whole", "pipeline-first", "pipeline-panel", "quiz-widget"],
    "06": ["imports", "model-compare", "kinds", "map-run", "six-rows-predict", "surprises",
           "advise-functions", "advise-wait", "guide-shown", "report-make", "run-save", "run-load",
           "panel", "quiz-widget"],
    "07": ["imports", "cluster-start", "pools", "who", "images-batch", "local-end", "panel",
           "quiz-widget"],
}  # fmt: skip


def runs(server: LabServer) -> list[int]:
    """The processes of runs: what the server's workers' hosts have started."""
    return below(server, "helpers.worker", 3)


def shown(notebook: Path, folder: Path) -> Path:
    """What is opened of a notebook: itself, or a shorter one in `folder`."""
    cells = SHOWN.get(notebook.stem[:2])
    if cells is None or os.environ.get("ALL_NOTEBOOKS") == "1":
        return notebook
    return cut_out(notebook, cells, folder / notebook.name)


def opened(page: LabPage, notebook: Path, kernel: str | None = None) -> LabPage:
    """A notebook of the course, opened and run to its end, without any error."""
    page.open(notebook, kernel=kernel)
    page.run_all()
    page.wait_idle(timeout=240)
    assert page.errors() == []
    # A notebook may have other panels; the one that counts tasks is the course's own.
    page.scope = ".jp-NotebookPanel .cav-panel:has(.cav-tasks)"
    return page


def run_once(page: LabPage) -> str:
    """Choose a preset, set a number, predict, and run: the description of the picture."""
    figure = page.widget("cav-picture")
    expect(figure.locator("svg")).to_have_count(0)
    page.choose("cav-preset", "20 waits")
    expect(page.widget("cav-tasks").locator("input")).to_have_value("20")
    page.set_number("cav-tasks", 7)
    page.choose("cav-said-model", "threads")
    page.set_number("cav-said", 300)
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    page.wait_text("cav-verdict", "You said 300 ms for threads")
    expect(figure).to_contain_text(re.compile("in flight|overlap"))
    words = figure.locator("svg").first.get_attribute("aria-label")
    assert "7" in words
    return words


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 5


# The last one first: test_nbval.py, which runs beside this, begins with the first.
@pytest.mark.parametrize("notebook", NOTEBOOKS[:0:-1], ids=lambda path: path.stem)
def test_run_all_then_the_panel(notebook: Path, lab_page: LabPage, tmp_path: Path) -> None:
    """The notebook's cells, and its panel once; all of it accessible. (The first one: below.)"""
    run_once(opened(lab_page, shown(notebook, tmp_path)))
    found = look_over(lab_page)
    assert not found, "\n".join(found)


def test_the_panel(lab_page: LabPage, lab: LabServer, kernel: str | None) -> None:
    """Set, run, look, stop, reset, and nonsense: the panel stays usable throughout."""
    page = opened(lab_page, NOTEBOOKS[0], kernel)
    figure, status = page.widget("cav-picture"), page.widget("cav-status")
    first = run_once(page)
    found = look_over(page)
    assert not found, "\n".join(found)

    # another number, another picture
    page.set_number("cav-tasks", 3)
    page.tick("cav-model-sequential", False)
    page.click("cav-run")
    expect(figure.locator("svg").first).not_to_have_attribute("aria-label", first, timeout=60_000)
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    assert "3 " in figure.locator("svg").first.get_attribute("aria-label")

    # a long run is stopped, and nothing of it goes on
    page.set_number("cav-size", 7000)
    page.tick("cav-model-processes")
    page.click("cav-run")
    page.wait_text("cav-status", re.compile(r"\d+ of \d+ tasks"), timeout=20)
    assert wait_until(lambda: runs(lab)), "a run has a process of its own"
    page.click("cav-stop")
    page.wait_text("cav-status", re.compile("^Stopped"), timeout=20)
    assert wait_until(lambda: not runs(lab))

    # what can't be run gets one sentence, and Run still works
    page.set_number("cav-tasks", -1)
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("Tasks is a whole number from 1"))
    page.set_number("cav-tasks", 1_000_000_000)
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("too large"))
    page.click("cav-reset")
    page.wait_text("cav-status", re.compile("^Make a prediction"))
    expect(figure.locator("svg")).to_have_count(0)
    expect(status.locator("[role=alert]")).to_have_count(0)
    assert page.errors() == []
