"""Guesses: by menu and by code, and their score beside surveys made by hand."""

from __future__ import annotations

import pytest

from helpers.experiment import BadRequest
from helpers.widgets.controls import NO_GUESS
from helpers.widgets.guesses import GAINS, NO_GAIN, guesses
from helpers.workloads import work

from .test_survey import against, six, survey_of


@pytest.fixture
def mine():
    return guesses([work.compute(ms=5, steps=1), work.hashing(ms=5, steps=1)])


def measured(**walls):
    return survey_of(**{name: against(six(wall)) for name, wall in walls.items()})


def test_nothing_is_guessed_at_first(mine):
    assert mine.said() == {"compute": None, "hashing": None}
    assert [menu.value for menu in mine.menus.values()] == [NO_GUESS] * 2
    assert all(menu.options == (NO_GUESS, GAINS, NO_GAIN) for menu in mine.menus.values())
    score = mine.score(measured(compute=0.2, hashing=0.1))
    assert (score.right, score.told) == (0, 0)
    assert "0 of 0 predictions were right. None was made" in str(score)


def test_a_menu_and_the_code_say_the_same(mine):
    mine.menus["compute"].value = NO_GAIN
    mine.say("hashing", gain=True)
    assert mine.said() == {"compute": False, "hashing": True}
    assert mine.menus["hashing"].value == GAINS
    mine.say("hashing", gain=None)
    assert mine.said()["hashing"] is None


def test_the_score_counts_what_was_right(mine):
    mine.say("compute", gain=True)
    mine.say("hashing", gain=True)
    score = mine.score(measured(compute=0.2), measured(hashing=0.1))
    assert (score.right, score.told) == (1, 2)
    assert [row[-1] for row in score.rows] == ["wrong", "right"]
    assert score.sentence() == "1 of 2 predictions were right."
    assert "no gain: 1.00×" in score._repr_html_()
    assert "threads gain: 2.00×" in score._repr_html_()


def test_what_cant_be_told_is_neither_right_nor_wrong(mine):
    mine.say("compute", gain=True)
    score = mine.score(survey_of(compute=against(six(0.2 / 1.2, 0.05))))
    assert (score.right, score.told) == (0, 0)
    assert [row[-1] for row in score.rows] == ["can't be told here", "–"]
    assert score.sentence() == "0 of 0 predictions were right. 1 more can't be told here."
    assert score.rows[1][2] == "not measured"


def test_one_core_makes_no_guess_wrong(mine):
    mine.say("compute", gain=True)
    score = mine.score(survey_of(compute=against(six(0.2), control=1.0)))
    assert score.told == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda g: g.say("blur"), "no workload 'blur' among the guesses: choose among compute"),
        (lambda g: g.say("compute", gain="yes"), "gain is True, False or None"),
        (lambda g: g.score(), "needs what survey"),
        (lambda g: g.score("survey"), "needs what survey"),
        (lambda g: guesses([]), "takes a list of workloads"),
    ],
)
def test_bad_input_gets_a_sentence(mine, call, words):
    with pytest.raises(BadRequest, match=words):
        call(mine)


def test_every_menu_is_labelled_with_its_workload(mine):
    assert [menu.description for menu in mine.menus.values()] == ["5 ms of Python",
                                                                  "5 ms of SHA-256"]  # fmt: skip
    assert "application/vnd.jupyter.widget-view+json" in mine._repr_mimebundle_()
