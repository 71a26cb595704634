"""Progress as a person keeps it: looked at, downloaded, lost, restored, looked at again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import expect

from helpers.course import Diary
from tests.browser.conftest import write
from tests.harness.browser import LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

NOTES = """
from helpers.course import note

for question in ("one", "two"):
    note("answer", "00-start-here", about=question, said="a", right=True)
note("check", "lab-1-what-are-threads", about="step 1", right=True, sentence="It ran.")
note("comparison", "20 × wait", sentence="Threads are <b>faster</b>.")
"""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A notebook that notes four things and shows the progress, in a folder of its own."""
    folder = f'import os\n\nos.environ["COURSE_FOLDER"] = {str(tmp_path / "course")!r}'
    cells = [
        new_markdown_cell("# A sample"),
        new_code_cell(folder),
        new_code_cell("from helpers import progress"),
        new_code_cell(NOTES.strip()),
        new_code_cell("progress()"),
    ]
    return write(tmp_path / "00-start-here.ipynb", cells)


def test_download_lose_restore(
    lab_page: LabPage, sample: Path, tmp_path: Path, kernel: str | None
) -> None:
    """The restored overview is the one before; a file that is none gets a sentence."""
    page, course = lab_page, tmp_path / "course"
    page.open(sample, theme="dark", kernel=kernel)
    # Choosers are caught as long as somebody listens; a listener of the moment may be late.
    page.page.on("filechooser", lambda chooser: None)
    page.run_all()
    page.wait_idle()
    overview = page.page.locator(f"{page.scope} .jp-OutputArea-output table")
    lab = overview.locator("tr", has_text="Lab 1")
    expect(lab).to_contain_text("1 of 3 steps")
    before = overview.inner_text()

    with page.page.expect_download() as download:
        page.page.get_by_role("link", name="Download async-or-threads-progress-").click()
    assert download.value.suggested_filename.startswith("async-or-threads-progress-2")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert len(saved.read_bytes().splitlines()) == 4

    shutil.rmtree(course)  # Binder forgets
    page.page.locator(f"{page.scope} .jp-CodeCell").last.click()
    page.page.keyboard.press("Control+Enter")
    expect(lab).to_contain_text("0 of 3 steps")
    expect(page.page.get_by_role("link", name="Download async")).to_have_count(0)

    other = tmp_path / "notes.jsonl"
    other.write_text("my <b>notes</b>")
    choose(page, other)
    page.wait_text("cav-restore-note", "This file holds no progress of this course.")
    for sentence in ("4 entries are new here.", "0 entries are new here, 4 were here already."):
        choose(page, saved)
        page.wait_text("cav-restore-note", f"Restored: {sentence}")
        expect(lab).to_contain_text("1 of 3 steps")
    assert overview.inner_text() == before
    assert Diary(course).raw() == saved.read_bytes()
    assert page.errors() == []
    assert page.console == []


def choose(page: LabPage, path: Path) -> None:
    """Choose a file to restore, by the keyboard alone."""
    button = page.widget("cav-restore")
    expect(button).to_have_text("Restore progress (0)")
    button.focus()
    with page.page.expect_file_chooser() as chooser:
        page.page.keyboard.press("Enter")
    chooser.value.set_files(path)


def test_a_title_opens_its_notebook(lab_page: LabPage) -> None:
    """What comes next is a link that opens it in this JupyterLab, from 00 itself."""
    page = lab_page
    page.open(Path(__file__).parents[2] / "notebooks" / "00-start-here.ipynb")
    page.page.locator(f"{page.scope} .jp-CodeCell", has_text="from helpers import").first.click()
    page.page.keyboard.press("Control+Enter")
    cell = page.page.locator(f"{page.scope} .jp-CodeCell", has_text="progress()").last
    cell.scroll_into_view_if_needed()
    cell.click()
    page.page.keyboard.press("Control+Enter")
    page.page.locator(f"{page.scope} table").get_by_role("link", name="02 Key differences").click()
    tab = page.page.locator(".lm-TabBar-tab.lm-mod-current", has_text="02-key-differences.ipynb")
    expect(tab.first).to_be_visible()
    assert page.console == []
