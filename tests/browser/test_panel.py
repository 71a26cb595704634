"""The control panel, used as a person would: set, run, look, stop, reset."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from tests.harness.browser import LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def worker_of(text: str) -> psutil.Process:
    """The process that the panel says it runs."""
    found = re.search(r"in process (\d+)", text)
    assert found, text
    return psutil.Process(int(found[1]))


def test_run_and_stop(
    lab_page: LabPage,
    notebook: Path,
    kernel: str | None,
    request: pytest.FixtureRequest,
) -> None:
    """Set a number, run, see the new picture; stop a long run; no error, in either theme."""
    page = lab_page
    page.open(notebook, theme="light", kernel=kernel)
    page.run_all()
    page.wait_idle()
    if kernel == "oldest":
        version, _ = request.getfixturevalue("oldest_ipykernel")
        printed = page.page.locator(".jp-OutputArea-output", has_text="ipykernel")
        expect(printed).to_have_text(f"ipykernel {version}\n")

    page.set_number("cav-tasks", 7)
    page.set_number("cav-said", 0.5)
    page.tick("cav-model-threads")
    page.click("cav-run")
    page.wait_text("cav-status", "done")
    expect(page.widget("cav-figure").locator("svg rect")).to_have_count(7)
    expect(page.widget("cav-verdict")).to_have_text("7 threads tasks; you said 0.5 s")

    page.choose("cav-preset", "Many")  # 2,000 × 50 ms: it does not end by itself
    expect(page.widget("cav-tasks").locator("input")).to_have_value("2000")
    page.set_number("cav-size", 50)
    page.click("cav-run")
    worker = worker_of(page.wait_text("cav-status", re.compile(r"running \d+ in process")))
    page.click("cav-stop")
    page.wait_text("cav-status", "stopped")
    worker.wait(10)  # raises when it goes on
    expect(page.widget("cav-figure").locator("svg rect")).to_have_count(7)

    page.click("cav-reset")
    page.wait_text("cav-status", "idle")
    expect(page.widget("cav-figure").locator("svg")).to_have_count(0)

    page.set_theme("dark")
    assert page.errors() == []
    assert page.console == []
