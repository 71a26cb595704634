"""The quizzes: what a file may say, all files of the course, and every answer run by code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from helpers.course import Entry, entries, shared_diary
from helpers.course.quizzes import NAMES, BadQuiz, find, read
from helpers.course.quizzes.plan import FEWEST, MOST, Question
from helpers.course.quizzes.settling import Unsettled, agrees, lets_go, settled
from helpers.experiment import BadRequest
from helpers.widgets.quiz import quiz

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("folder")
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
QUESTIONS = [(name, one) for name in NAMES for one in find(name).questions]
IDS = [f"{name[:2]}-{one.id}" for name, one in QUESTIONS]
SETTLED = [one for _, one in QUESTIONS if one.settle]

CHOICE = """
[[question]]
id = "bread"
ask = "What is `baked`?"
source = "a cookbook"
[[question.option]]
id = "bread"
text = "bread"
why = "It is."
right = true
[[question.option]]
id = "soup"
text = "soup"
why = "Soup is cooked."
[[question.option]]
id = "tea"
text = "tea"
why = "Tea is brewed."
"""
NUMBER = """
[[question]]
id = "loaves"
ask = "How many loaves?"
answer = 100
unit = "loaves"
tolerance = 0.25
why = "They were counted."
settle = "answer = 10 * 10"
[[question.miss]]
near = 12
why = "That is a dozen."
"""


@pytest.fixture
def written(tmp_path):
    """``written(text)`` reads a quiz from a file with that text."""

    def write(text):
        path = tmp_path / "09-baking.toml"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write


@pytest.fixture
def three():
    return CHOICE + NUMBER + CHOICE.replace('id = "bread"\nask', 'id = "again"\nask')


# --- the course's quizzes ------------------------------------------------------------------


def test_every_notebook_has_a_quiz_and_shows_it():
    assert list(NAMES) == NOTEBOOKS
    for name in NAMES:
        cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"]
        (code,) = [c for c in cells if c["id"] == "quiz-widget"]
        assert "".join(code["source"]) == f'quiz("{name[:2]}")'
        where = "imports-pipeline" if name.startswith("05") else "imports"
        (imports,) = [c for c in cells if c["id"] == where]
        assert re.search(r"\bquiz\b", "".join(imports["source"]))


@pytest.mark.parametrize("name", NAMES)
def test_a_quiz_is_short_and_its_misconceptions_are_explained(name):
    found = find(name)
    assert FEWEST <= len(found.questions) <= MOST
    for one in found.questions:
        texts = [one.ask, one.why, *(o.text for o in one.options), *(o.why for o in one.options),
                 *(miss.why for miss in one.misses)]  # fmt: skip
        prose = " ".join(re.sub("`[^`]+`", "code", text) for text in texts)
        assert not set("!`*<>") & set(prose), one.id  # marks that would show as they are
        assert one.options or one.misses, f"{one.id}: no wrong number is explained"


def test_most_notebooks_ask_for_a_number():
    numeric = {name for name, one in QUESTIONS if one.numeric}
    assert len(numeric) >= 5


def test_code_settles_all_but_what_only_a_document_can():
    assert sorted(one.id for _, one in QUESTIONS if one.source) == ["free-threaded", "run-twice"]


@pytest.mark.parametrize("question", SETTLED, ids=lambda one: one.id)
def test_the_answer_is_what_the_code_finds(question):
    found = settled(question)
    assert agrees(question, found), f"{question.id}: the code says {found!r}"


@pytest.mark.parametrize("question", SETTLED, ids=lambda one: one.id)
def test_a_question_marked_wrongly_would_be_noticed(question):
    truth = question.solution
    for wrong in wrongly_marked(question):
        assert not agrees(wrong, truth)
    assert agrees(question, truth)


def wrongly_marked(question: Question) -> list[Question]:
    """The question with each other option marked, or each well-known wrong number."""
    if question.numeric:
        return [replace(question, answer=miss.near) for miss in question.misses]
    return [
        replace(question, options=tuple(replace(o, right=o is marked) for o in question.options))
        for marked in question.options
        if not marked.right
    ]


def test_running_the_code_finds_a_wrong_mark(written, three):
    (_, number, _) = written(three.replace("answer = 100", "answer = 90")).questions
    assert number.judge(100) is True  # within the tolerance for people
    assert not agrees(number, settled(number))


@pytest.mark.parametrize("code", ["answer = 1 / 0", "pass", "import os; os._exit(0)"])
def test_code_without_an_answer_settles_nothing(code):
    question = Question("q", "?", answer=1.0, why="w", settle=code)
    with pytest.raises(Unsettled, match="q: no answer"):
        settled(question)


def test_code_that_hangs_is_ended():
    question = Question("q", "?", answer=1.0, why="w", settle="import time\ntime.sleep(600)")
    with pytest.raises(Unsettled, match=r"no answer after 0\.5 s"):
        settled(question, time_box=0.5)


def test_letting_go_of_the_gil_is_seen():
    import time

    before = sys.getswitchinterval()
    assert lets_go(lambda: time.sleep(0.001))
    assert not lets_go(lambda: sum(range(1_000)), most=1_000)
    assert sys.getswitchinterval() == before


# --- reading a file ------------------------------------------------------------------------


def test_a_file_becomes_a_quiz(written, three):
    found = written(three)
    choice, number, _ = found.questions
    assert (found.name, choice.id, number.unit) == ("09-baking", "bread", "loaves")
    assert (choice.numeric, number.numeric) == (False, True)
    assert (choice.solution, number.solution) == ("bread", 100.0)
    assert number.misses[0].near == 12
    with pytest.raises(FrozenInstanceError):
        choice.id = "other"
    assert json.loads(json.dumps(found.as_data()))["questions"][0]["id"] == "bread"
    assert "settle" not in found.as_data()["questions"][1]
    assert "( ) soup" in found.as_text()
    assert "____ loaves" in found.as_text()
    assert "It is." not in found.as_text()


@pytest.mark.parametrize(
    ("said", "right"),
    [
        *((100, True), (75, True), (125.0, True), (74.9, False), (126, False), (-100, False)),
        *((None, None), ("100", None), (True, None), ([], None)),
        *((float("nan"), None), (float("inf"), None)),
    ],
)
def test_a_number_is_right_within_its_tolerance(written, three, said, right):
    assert written(three).questions[1].judge(said) is right


@pytest.mark.parametrize(
    ("said", "right"), [("bread", True), ("tea", False), ("ink", None), (1, None), ([], None)]
)
def test_an_option_is_judged_by_its_id(written, three, said, right):
    assert written(three).questions[0].judge(said) is right


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[[question]]", "[[question", "is no TOML"),
        ("[[question]]", "[[questions]]", "the file has an unknown key 'questions'"),
        ("right = true", "", "question 'bread' has 0 right options"),
        ("brewed.\"", "brewed.\"\nright = true", "question 'bread' has 2 right options"),
        ("right = true", 'right = "yes"', "right is not of type bool"),
        ('why = "Soup is cooked."', "", "question 'bread' lacks why"),
        ('id = "tea"', 'id = "soup"', "'soup' is there twice"),
        ('id = "again"', 'id = "bread"', "the question 'bread' is there twice"),
        ('id = "loaves"', 'id = "Loaves 2"', "is not words joined by hyphens"),
        ('source = "a cookbook"', "", "needs either settle"),
        ('settle = "', 'source = "x"\nsettle = "', "needs either settle"),
        ("answer = 100", "", "neither options nor an answer"),
        ("answer = 100", "answer = inf", "must be finite"),
        ("answer = 100", 'answer = "100"', "answer is not of type float"),
        ("tolerance = 0.25", "tolerance = 2", "tolerance from 0 to below 1"),
        ("near = 12", "near = 110", "110 would be accepted"),
        ('ask = "What', 'hint = "x"\nask = "What', "unknown key 'hint'"),
        ('source = "a cookbook"', 'source = "a"\nunit = "s"', "has options and a number"),
    ],
)  # fmt: skip
def test_a_malformed_file_says_what_to_mend(written, three, old, new, sentence):
    assert old in three
    with pytest.raises(BadQuiz, match=re.escape(sentence)) as caught:
        written(three.replace(old, new))
    assert str(caught.value).startswith("09-baking.toml")


def test_too_few_questions_and_too_few_options(written, three):
    with pytest.raises(BadQuiz, match="there are 2 questions: ask 3 to 5"):
        written(CHOICE + NUMBER)
    two = three.replace(CHOICE[CHOICE.rindex("[[question.option]]") :], "")
    with pytest.raises(BadQuiz, match="has 2 options: give 3 or 4"):
        written(two)
    with pytest.raises(BadQuiz, match=r"\[1\] is no table"):
        written("question = [[1], [2], [3]]")


def test_a_quiz_is_found_by_its_number_or_its_name():
    assert find("00") is find("00-start-here")
    for unknown in ("42", "start-here", "", 0, None):
        with pytest.raises(BadRequest, match=r'There is no quiz .*: write quiz\("00"\)'):
            find(unknown)


# --- the widget, without a browser ---------------------------------------------------------


def answers():
    return [(e.title, e.about, e.said, e.right) for e in entries() if e.kind == "answer"]


def test_answers_are_noted_once():
    widget = quiz("00")
    wrong = {"n": 1, "question": "one-core", "said": "error"}
    right = {"n": 2, "question": "hundred-waits", "said": 110}
    widget.answers = [wrong]
    widget.answers = [wrong, right]
    widget.answers = [right]  # the browser keeps only the latest
    text = next(o.text for o in find("00").question("one-core").options if o.id == "error")
    name = "00-start-here"
    assert answers() == [(name, "one-core", text, False), (name, "hundred-waits", 110.0, True)]


@pytest.mark.parametrize(
    "sent",
    ["nonsense", None, 7, [7], [None], {"n": 1}, [{}], [{"n": 1}]]
    + [[{"n": n, "question": "one-core", "said": "error"}] for n in (0, -1, "1", True, 1.5, None)]
    + [[{"n": 1, "question": q, "said": "error"}] for q in ("unknown", None, [], {})]
    + [[{"n": 1, "question": "one-core", "said": s}] for s in ("unknown", None, 7, [], {})]
    + [[{"n": 1, "question": "hundred-waits", "said": s}] for s in ("100", None, True, [])],
    ids=repr,
)
def test_nonsense_from_a_browser_is_ignored(sent):
    widget = quiz("00")
    widget.answers = sent
    assert answers() == []
    widget.answers = [{"n": 1, "question": "hundred-waits", "said": 10_000}]
    assert answers() == [("00-start-here", "hundred-waits", 10_000.0, False)]


def test_nonsense_does_not_hide_what_comes_with_it():
    widget = quiz("00")
    widget.answers = [7, {"n": 1}, {"n": 2, "question": "hundred-waits", "said": 100}]
    assert [right for *_, right in answers()] == [True]


def test_what_was_right_in_an_earlier_session_is_told_to_the_browser():
    assert quiz("00").before == []
    parts = {"title": "00-start-here", "about": "one-core"}
    shared_diary().add(Entry.now("answer", right=False, said="x", **parts))
    shared_diary().add(Entry.now("answer", right=True, title="01-what", about="hundred-waits"))
    assert quiz("00").before == []
    shared_diary().add(Entry.now("answer", right=True, said="x", **parts))
    shared_diary().add(Entry.now("answer", right=True, title="00-start-here", about="gone"))
    assert quiz("00").before == ["one-core"]


def test_without_widgets_the_questions_are_text():
    data, _ = quiz("03")._repr_mimebundle_()
    assert data["text/plain"] == str(quiz("03")) == find("03").as_text()
    assert "application/vnd.jupyter.widget-view+json" in data


def test_importing_helpers_loads_no_widget_library():
    code = (
        "import sys, helpers; from helpers import work\n"
        "print(sorted({'anywidget', 'ipywidgets'} & set(sys.modules)))\n"
        "from helpers import quiz; print(len(str(quiz('07'))) > 500)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                         check=True)  # fmt: skip
    assert out.stdout.split() == ["[]", "True"]
