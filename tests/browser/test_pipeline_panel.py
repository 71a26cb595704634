"""The panel of the pipeline in real JupyterLab: run, move a worker, run, stop, nonsense, reset."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from tests.browser.conftest import below, write
from tests.harness import sample_pipeline
from tests.harness.browser import LabPage
from tests.harness.labserver import LabServer
from tests.harness.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

#: A pipeline written in the notebook, as in notebook 05, and its panel.
SOURCE = f"""{inspect.getsource(sample_pipeline)}
from helpers import pipeline_panel

pipeline_panel(pipeline, [turn, spin])"""


def runs(server: LabServer) -> list[int]:
    """The processes of runs and of their pools: a worker's children, and theirs."""
    return below(server, "helpers.worker", 2)


def test_the_panel(lab_page: LabPage, lab: LabServer, tmp_path: Path) -> None:
    """A run, another one with a worker moved by keyboard, one that is stopped, and nonsense."""
    page = lab_page
    page.open(write(tmp_path / "pipeline.ipynb", [new_code_cell(SOURCE)]))
    page.run_all()
    page.wait_idle()
    figure, status = page.widget("cav-picture"), page.widget("cav-status")
    workers = {stage: page.widget(f"cav-{stage}").locator("input")
               for stage in ("download", "process", "write")}  # fmt: skip
    expect(workers["write"]).to_have_value("3")

    page.choose("cav-said", "download")
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    page.wait_text("cav-verdict", "You said download would be the bottleneck")
    drawn = figure.locator("svg").first
    first = drawn.get_attribute("aria-label")
    assert "download: 3 workers" in first
    contact = figure.locator("img.cav-contact")
    assert "the 24 pictures" in contact.get_attribute("alt")
    assert contact.evaluate("image => image.naturalWidth") > 900
    expect(figure.get_by_text("The runs so far")).to_have_count(0)

    # one worker is moved without a mouse
    page.widget("cav-move-write-download").focus()
    page.page.keyboard.press("Enter")
    expect(workers["download"]).to_have_value("4")
    expect(workers["write"]).to_have_value("2")
    page.wait_text("cav-status", re.compile("One worker moved from write to download"))
    page.choose("cav-pool", "processes")
    page.click("cav-run")
    expect(drawn).not_to_have_attribute("aria-label", first, timeout=60_000)
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    assert "download: 4 workers" in drawn.get_attribute("aria-label")
    said = page.wait_text("cav-verdict", "Before (download 3, process 2, write 3, turn in threads)")
    assert "Now (download 4, process 2, write 2, turn in processes)" in said
    expect(figure.get_by_text("The runs so far")).to_have_count(1)

    # a step that never ends is stopped, and its pool's processes are gone
    page.choose("cav-step", "spin")
    page.click("cav-run")
    page.wait_text("cav-status", re.compile(r"download [1-9]"), timeout=30)
    assert len(runs(lab)) >= 3, "a run and its two processes"
    page.click("cav-stop")
    page.wait_text("cav-status", re.compile("^Stopped"), timeout=20)
    assert wait_until(lambda: not runs(lab))

    # what can't be gets one sentence
    page.set_number("cav-write", 1)
    page.click("cav-move-write-process")
    page.wait_text("cav-status", re.compile("write needs one worker at least"))
    page.set_number("cav-pictures", 4_000)
    page.click("cav-run")
    page.wait_text("cav-status", re.compile("Pictures is a whole number from 1 to 48"))
    expect(status.locator("[role=alert]")).to_have_count(1)
    page.click("cav-reset")
    page.wait_text("cav-status", re.compile("^Say which stage"))
    expect(workers["download"]).to_have_value("3")
    expect(figure.locator("svg")).to_have_count(0)
    assert page.errors() == []
