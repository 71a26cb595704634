"""The panel of the connections in real JupyterLab: set, run, look, stop, reset, and nonsense."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from tests.browser.conftest import below, write
from tests.harness.browser import LabPage
from tests.harness.labserver import LabServer
from tests.harness.waiting import wait_until
from tests.unit import sample_handlers as handlers

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

#: Handlers written in the notebook, as in notebook 03, and their panel.
SOURCE = "\n\n".join(
    [
        "from helpers import connections_panel",
        f"ANSWER = {handlers.ANSWER!r}",
        inspect.getsource(handlers.good),
        inspect.getsource(handlers.good_threaded),
        "connections_panel((good, good_threaded))",
    ]
)


def services(server: LabServer) -> list[int]:
    """The servers and load clients that the server's kernels have started."""
    return below(server, "helpers.services.")


def test_the_panel(lab_page: LabPage, lab: LabServer, tmp_path: Path, kernel: str | None) -> None:
    """A few connections, other ones, thousands that are stopped, too few, and Reset."""
    page = lab_page
    path = write(tmp_path / "connections.ipynb", [new_code_cell(SOURCE)])
    page.open(path, kernel=kernel)
    page.run_all()
    page.wait_idle()
    figure, status = page.widget("cav-picture"), page.widget("cav-status")
    expect(page.widget("cav-count").locator("input")).to_have_value("1000")

    page.set_number("cav-count", 20)
    page.choose("cav-said", "asyncio")
    page.click("cav-run")
    page.wait_text("cav-status", re.compile(r"[Rr]ound \d of \d, 20 connections"), timeout=60)
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    page.wait_text("cav-verdict", "You said asyncio would need less memory")
    first = figure.locator("svg").first.get_attribute("aria-label")
    assert "20 connections" in first

    # another number adds to the picture
    page.set_number("cav-count", 35)
    page.click("cav-run")
    expect(figure.locator("svg").first).not_to_have_attribute("aria-label", first, timeout=60_000)
    second = figure.locator("svg").first.get_attribute("aria-label")
    assert "20 connections" in second
    assert "35 connections" in second
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)

    # a preset fills in the number; a long run is stopped, and nothing of it goes on
    page.choose("cav-preset", "10,000")
    expect(page.widget("cav-count").locator("input")).to_have_value("10000")
    page.click("cav-run")
    page.wait_text("cav-status", re.compile(r"[Rr]ound 1 of"), timeout=60)
    assert wait_until(lambda: services(lab)), "a run has processes of its own"
    page.click("cav-stop")
    page.wait_text("cav-status", re.compile("^Stopped"), timeout=20)
    assert wait_until(lambda: not services(lab))

    # what can't be run gets one sentence
    page.set_number("cav-count", -1)
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("Connections is a whole number"))
    page.click("cav-reset")
    page.wait_text("cav-status", re.compile("^Say which server"))
    expect(figure.locator("svg")).to_have_count(0)
    expect(status.locator("[role=alert]")).to_have_count(0)
    assert page.errors() == []
