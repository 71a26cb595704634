"""A lab in JupyterLab, from the stub to the solution, as a learner works through it.

One lab each time, as the page is the same for all; ALL_LABS=1 works through all six.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from helpers.checks.blank import without_marks
from helpers.checks.labs import NUMBERS, find
from tests.harness.accessible import look_over
from tests.harness.browser import LabPage
from tests.harness.labserver import REPO
from tests.harness.shots import slices
from tools.make_labs import SOLUTIONS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

#: A folder to keep a picture of each lab in, to look at by hand.
PICTURES = os.environ.get("LAB_PICTURES")


@pytest.mark.parametrize("number", NUMBERS if os.environ.get("ALL_LABS") == "1" else [1])
def test_from_the_stub_to_the_solution(lab_page: LabPage, number: int):
    """Untouched: not attempted. A hint. Each step typed, run and checked: right."""
    lab, page = find(number), lab_page
    path = REPO / "labs" / f"{lab.stem}.ipynb"
    places = {cell.id: k for k, cell in enumerate(nbformat.read(path, as_version=4).cells)}
    solved = {c.id: c for c in nbformat.read(SOLUTIONS / path.name, as_version=4).cells}
    page.open(path, theme="dark" if number % 2 else "light")
    page.run_all()
    page.wait_idle()
    assert page.errors() == []
    for step in range(1, len(lab.steps) + 1):
        check = places[f"check-{step}"]
        output = page.cell(check).locator(".jp-Cell-outputArea")
        expect(output).to_contain_text(f"Step {step}: not attempted.")
        if step == 1:
            page.rewrite(check, f"lab{number}.hint(1)")
            expect(page.run_cell(check)).to_contain_text("hint 1 of")
            page.rewrite(check, solved["check-1"].source)
        page.rewrite(places[f"step-{step}"], without_marks(solved[f"step-{step}"].source))
        page.run_cell(places[f"step-{step}"])
        expect(page.run_cell(check)).to_contain_text(f"Step {step}: right.", timeout=30_000)
    if PICTURES:
        page.run_all()
        page.wait_idle()
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        slices(page, Path(PICTURES), lab.stem)
    found = look_over(page)
    assert not found, "\n".join(found)
    assert page.errors() == []
    assert page.console == []
