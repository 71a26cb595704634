"""The exit quiz: in JupyterLab, by keyboard alone; and its module by itself in a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import Browser, Page, expect

from helpers.course import Entry, entries
from helpers.course.quizzes import NAMES, find
from helpers.widgets.browser import module_and_style
from tests.browser.conftest import page_with, tab_to, write
from tests.harness.browser import LabPage
from tests.harness.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
NAME = "01-what-are-threads"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with one quiz."""
    cells = [new_markdown_cell("# A sample"), new_code_cell("from helpers import quiz"),
             new_code_cell(f'quiz("{NAME}")')]  # fmt: skip
    return write(tmp_path / "sample.ipynb", cells)


def answered() -> list[Entry]:
    return [one for one in entries() if one.kind == "answer" and one.title == NAME]


def test_answered_by_keyboard(lab_page: LabPage, notebook: Path) -> None:
    """Wrong, then right; with options, then with a number; all of it in the diary."""
    earlier = len(answered())
    known = {one.about for one in answered() if one.right}  # the diary is the whole session's
    page, keys = lab_page, lab_page.page.keyboard
    page.open(notebook, theme="light")
    page.run_all()
    page.wait_idle()
    total = len(find(NAME).questions)
    score, form = page.widget("cav-quiz-score"), page.widget("cav-quiz-question", 1)
    expect(score).to_have_text(f"{len(known)} of {total} answered right")
    said = form.get_by_role("status")
    before = "You answered this right before." if "two-sleeps" in known else ""
    expect(said).to_have_text(before)
    options = form.get_by_role("radio")

    # a wrong option, then down or up to the right one with the arrow keys
    tab_to(page.page, options.nth(0))
    keys.press("Space")
    keys.press("ArrowDown")
    expect(options.nth(1)).to_be_checked()
    tab_to(page.page, form.get_by_role("button", name="Check"))
    keys.press("Enter")
    expect(said).to_contain_text("Not yet. That would mean that a sleeping thread keeps the GIL.")
    keys.press("Shift+Tab")
    expect(options.nth(1)).to_be_focused()
    keys.press("ArrowUp")
    keys.press("Enter")
    expect(said).to_contain_text("Right. A thread lets go of the GIL before it sleeps.")

    # a number, with words and a unit around it
    form = page.widget("cav-quiz-question", 2)
    field, said = form.get_by_label("Your answer"), form.get_by_role("status")
    tab_to(page.page, field)
    keys.press("Enter")
    expect(said).to_have_text("Type a number first.")
    expect(field).to_be_focused()
    keys.type("1,000,000")
    keys.press("Enter")
    expect(said).to_contain_text("Not yet. A thread is not interrupted after every operation.")
    keys.press("Control+A")
    keys.type("180 times")
    keys.press("Enter")
    expect(said).to_contain_text("Right. ")
    known |= {"two-sleeps", "hand-overs"}
    expect(score).to_have_text(f"{len(known)} of {total} answered right")

    def noted() -> list[tuple]:
        return [(one.about, one.said, one.right) for one in answered()[earlier:]]

    assert wait_until(lambda: len(noted()) == 4), noted()
    assert noted() == [
        *(("two-sleeps", "About 2 s", False), ("two-sleeps", "About 1 s", True)),
        *(("hand-overs", 1e6, False), ("hand-overs", 180.0, True)),
    ]
    assert page.errors() == []
    assert page.console == []


# --- the module by itself, as a static page loads it ---------------------------------------


@pytest.fixture
def plain_page(chrome: Browser) -> Iterator[Page]:
    """A page without JupyterLab or kernel that has the module as ``window.shown``."""
    page = page_with(chrome, "quiz")
    yield page
    page.context.close()


def test_the_browser_judges_as_python_does(plain_page: Page) -> None:
    judge = "([question, said]) => shown.judge(question, said)"
    for question in (one for name in NAMES for one in find(name).questions):
        data = question.as_data()
        if question.numeric:
            low, high = (question.answer * (1 + k * question.tolerance) for k in (-1, 1))
            tried = [question.answer, low, high, low * 0.99, high * 1.01, -1, 0]
            explained = {miss.near: miss.why for miss in question.misses}
            explained[question.answer] = question.why
        else:
            tried = [one.id for one in question.options]
            explained = {one.id: one.why for one in question.options}
        for said in (*tried, *explained):
            found = plain_page.evaluate(judge, [data, said])
            assert found["right"] is question.judge(said), (question.id, said)
            assert found["why"] == explained.get(said, found["why"]), (question.id, said)
        assert plain_page.evaluate(judge, [data, "nonsense"]) is None


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        *(("100", 100), (" 0.5 ", 0.5), ("0,5", 0.5), (".5", 0.5), ("1e3", 1000), ("-3", -3)),
        *(("1,000", 1000), ("1,234,567.5", 1234567.5), ("10 000", 10000), ("0,500", 0.5)),
        *(("100 ms", 100), ("100ms", 100), ("100 MS", 100), ("95 %", 95), ("4.8×", 4.8)),
        *(("", None), ("ms", None), ("ten", None), ("1,00,0", None), ("1e999", None)),
        *(("NaN", None), ("Infinity", None), ("0x10", None), ("1.2.3", None), ("--1", None)),
    ],
)
def test_what_people_type_is_read_as_a_number(
    plain_page: Page, typed: str, number: float | None
) -> None:
    assert plain_page.evaluate("(typed) => shown.readNumber(typed, 'ms')", typed) == number


def test_a_question_is_named_by_its_number_and_its_words(plain_page: Page) -> None:
    """By two elements: of one legend with two lines Orca said "Question 1 of 5A hundred"."""
    page, data = plain_page, find(NAME).as_data()
    page.evaluate("(data) => document.body.append(shown.buildQuiz(data, {}))", data)
    named = """(all) => all.map((one) => one.getAttribute("aria-labelledby").split(" ")
        .map((id) => document.getElementById(id).textContent))"""
    asked = [one["ask"].replace("`", "") for one in data["questions"]]
    expected = [[f"Question {n} of {len(asked)}", ask] for n, ask in enumerate(asked, 1)]
    assert page.locator("fieldset").evaluate_all(named) == expected


def test_two_quizzes_in_one_page_have_names_of_their_own(plain_page: Page) -> None:
    """Each widget has a copy of the module, as each notebook that is open in JupyterLab has."""
    page, quizzes = plain_page, [find(name).as_data() for name in NAMES[:2]]
    page.evaluate(
        """async ([code, quizzes]) => {
          for (const quiz of quizzes) {
            const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
            const copy = await import(url);
            document.body.append(copy.buildQuiz(quiz, {}));
          }
        }""",
        [module_and_style("quiz")[0], quizzes],
    )
    ids = page.locator("[id]").evaluate_all("(all) => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) > 2 * sum(len(quiz["questions"]) for quiz in quizzes)


def test_a_page_without_a_kernel_asks_and_explains(plain_page: Page) -> None:
    """Text that looks like HTML stays text; each answer is told once; answers come back."""
    page, data = plain_page, find(NAME).as_data()
    data["questions"][1]["ask"] = "<b>bold</b> and `<i>code</i>`"
    page.evaluate(
        """(data) => {
          window.told = [];
          const answers = [{ n: 1, question: "two-computations", said: 2 }];
          const onAnswer = (...answer) => told.push(answer);
          document.body.append(shown.buildQuiz(data, { before: ["shared"], answers, onAnswer }));
        }""",
        data,
    )
    form = page.locator("form").nth(1)
    expect(form.locator("legend")).to_contain_text("<b>bold</b> and <i>code</i>")
    expect(form.locator("legend code")).to_have_text("<i>code</i>")
    score = page.locator(".cav-quiz-score")
    expect(score).to_have_text("2 of 5 answered right")
    expect(page.locator("form").nth(0).get_by_role("status")).to_contain_text("Right.")
    expect(page.get_by_label("Your answer").first).to_have_value("2")

    check = form.get_by_role("button", name="Check")
    check.click()
    expect(form.get_by_role("status")).to_have_text("Choose an answer first.")
    form.get_by_label("About 1 s").check()
    check.click()
    expect(score).to_have_text("3 of 5 answered right")
    form.get_by_label("About 2 s").check()  # to read why not: it stays answered
    check.click()
    expect(form.get_by_role("status")).to_contain_text("Not yet.")
    expect(score).to_have_text("3 of 5 answered right")
    assert page.evaluate("told") == [["two-sleeps", "one"], ["two-sleeps", "two"]]
