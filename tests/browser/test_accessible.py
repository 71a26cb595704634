"""Pages without JupyterLab: the report, a quiz, replays. axe-core, figures' data, 200 % zoom."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from helpers import charts, decision_guide
from helpers.charts.report import Part, report_html
from helpers.course.quizzes import NAMES, find
from tests.browser.conftest import page_with, play_in
from tests.browser.test_replay import game, lined
from tests.harness.accessible import COLOURS, ZOOMED, bare_figures, spills, violations
from tests.harness.sample_runs import MACHINE, comparison, many, three
from tests.unit.test_report import noted

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]


def look_over(page: Page) -> list[str]:
    """What is wrong with a page that follows the reader's wish for light or dark."""
    page.emulate_media(color_scheme="dark")
    found = violations(page, only=COLOURS)
    page.emulate_media(color_scheme="light")
    found += violations(page) + bare_figures(page)
    usual = page.viewport_size
    page.set_viewport_size(ZOOMED)
    found += spills(page)
    page.set_viewport_size(usual)
    return found


def test_the_report(chrome: Browser, tmp_path: Path) -> None:
    """The file that notebook 06 writes, with every kind of thing in it."""
    parts = [
        Part("Comparison", charts.comparison_html(three(said={"threads": 0.03}))),
        Part("Decision guide", decision_guide()._repr_html_()),
    ]
    file = tmp_path / "report.html"
    file.write_text(report_html(MACHINE, noted(), parts, {"numpy": "2"}, "2026-01-02"))
    page = chrome.new_page(viewport={"width": 1280, "height": 800})
    page.goto(file.as_uri())
    found = look_over(page)
    assert not found, "\n".join(found)
    page.close()


#: Of a document around the widget alone: there is none here.
PAGE = "document.documentElement.lang = 'en'; document.title = 'A page';"
MAIN = """() => {
    const main = document.createElement("main");
    const title = document.createElement("h1");
    title.textContent = "A page";
    main.append(title, ...document.body.children);
    document.body.append(main);
}"""


def test_widgets_of_a_page(chrome: Browser) -> None:
    """Each by itself in a page without a kernel, as the site has them."""
    for name in ("quiz", "replay", "loop"):
        page = page_with(chrome, name)
        page.evaluate(PAGE)
        if name == "replay":
            play_in(page, lined())
            play_in(page, comparison(many()))
        elif name == "loop":
            page.evaluate("(data) => document.body.append(shown.buildLoop(data).element)", game())
        else:
            build = "(data) => document.body.append(shown.buildQuiz(data, {}))"
            for quiz in NAMES[:2]:  # options, numbers and code; the site has all of them
                page.evaluate(build, find(quiz).as_data())
            page.get_by_role("radio").first.check()
            page.get_by_role("button", name="Check").first.click()
        page.evaluate(MAIN)
        found = look_over(page)
        assert not found, "\n".join([name, *found])
        page.context.close()
