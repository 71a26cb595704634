"""What a learner types in a lab: check, hint, solution, and what is said to wrong words."""

from __future__ import annotations

import asyncio
import threading

import pytest

from helpers.charts.graded import ShownCheck
from helpers.checks import NOT_ATTEMPTED, RIGHT, WRONG, Finding
from helpers.course import entries
from helpers.experiment import BadRequest
from helpers.notebook import labs
from helpers.notebook.labs import Lab, lab
from helpers.worker.registry import shared_worker


@pytest.fixture
def lab1(tmp_path, monkeypatch) -> Lab:
    monkeypatch.setenv("COURSE_FOLDER", str(tmp_path))
    return lab(1)


def start_all(jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_by_one(jobs):
    print("baking")
    for job in jobs:
        job()


def blank(jobs):
    ...
    return ...


def checked(one: Lab, *args) -> ShownCheck:
    return asyncio.run(one.check(*args))


def noted() -> list[tuple]:
    return [(e.title, e.about, e.right) for e in entries() if e.kind == "check"]


def test_right_is_said_and_noted(lab1):
    shown = checked(lab1, 1, start_all)
    assert shown.right is True
    assert str(shown).startswith("Step 1: right.\nAll 4 jobs")
    assert str(shown).endswith("On to step 2.")
    assert noted() == [("lab-1-what-are-threads", "step 1", True)]


def test_wrong_is_said_with_what_was_observed_and_where_help_is(lab1):
    shown = checked(lab1, 1, one_by_one)
    assert shown.right is False
    assert str(shown).startswith("Step 1: not yet.\nJob 0 ran in the thread that called start_all")
    assert str(shown).endswith("For a hint: lab1.hint(1).")
    assert shown.printed == "baking\n"
    assert "baking" in shown._repr_html_()
    assert noted() == [("lab-1-what-are-threads", "step 1", False)]


def test_not_attempted_is_neither_and_is_not_noted(lab1):
    for step, solution, words in (
        (1, blank, "2 blanks are left"), (2, ..., "A blank is left")
    ):  # fmt: skip
        shown = checked(lab1, step, solution)
        assert shown.right is None
        assert str(shown).startswith(f"Step {step}: not attempted.\n{words}")
    assert noted() == []


def test_a_death_in_the_solution_is_a_finding(lab1):
    def dies(jobs):
        import os

        os._exit(3)

    shown = checked(lab1, 1, dies)
    assert shown.right is False
    assert "ended itself with code 3" in str(shown)


def test_a_check_that_does_not_end_is_ended(lab1, monkeypatch):
    monkeypatch.setattr(labs, "TIME_BOX_S", 0.3)

    def endless(jobs):
        threading.Event().wait()

    shown = checked(lab1, 1, endless)
    assert "Deadlock or endless loop" in str(shown)
    assert shared_worker().processes()


def test_hints_come_one_after_the_other(lab1):
    texts = [str(lab1.hint(1)) for _ in range(4)]
    assert [text.split(":")[0] for text in texts] == [
        "Step 1, hint 1 of 3", "Step 1, hint 2 of 3", "Step 1, hint 3 of 3", "Step 1, hint 1 of 3",
    ]  # fmt: skip
    assert "lab1.solution(1)" in texts[2]
    assert "solution" not in texts[0]


def test_a_solution_is_the_cell_of_the_solutions_notebook_without_its_marks(lab1):
    text = str(lab1.solution(1))
    assert "    thread.start()\n" in text
    assert "BLANK" not in text
    assert "...  #" not in text


def test_solutions_that_are_elsewhere_are_said_to_be(lab1, monkeypatch, tmp_path):
    monkeypatch.setattr(labs, "SOLUTIONS", tmp_path)
    with pytest.raises(BadRequest, match="labs/solutions/lab-1"):
        lab1.solution(1)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((0, start_all), "steps 1 to 4; 0 is none"),
        (("one", start_all), "'one' is none"),
        ((True, start_all), "True is none"),
        ((1,), r"write lab1.check\(1, start_all\)"),
        ((1, start_all, start_all), "takes your function start_all"),
        ((1, None), "None is none"),
        ((1, "start_all"), "pass the function itself"),
    ],
)
def test_bad_words_get_a_sentence(lab1, args, words):
    with pytest.raises(BadRequest, match=words):
        checked(lab1, *args)


@pytest.mark.parametrize("number", [0, 7, "1", True, None])
def test_there_are_six_labs(number):
    with pytest.raises(BadRequest, match="labs 1 to 6"):
        lab(number)


@pytest.mark.parametrize("status", [RIGHT, WRONG, NOT_ATTEMPTED])
def test_what_is_shown_is_escaped(status):
    finding = Finding(status, "<b>seen</b>", "<i>because</i>", "<script>1</script>")
    html = ShownCheck("Step 1", finding, "<u>", "<s>")._repr_html_()
    for raw in ("<b>", "<i>because", "<script>", "<u>", "<s>"):
        assert raw not in html
    assert 'role="status"' in html
