"""The colours of quizzes, replays, presenter and focus: contrast on every page they stand on.

Computed from the style sheets; what they leave to a page's own variables, axe-core looks at.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from helpers.charts.theme import COLOURS
from helpers.widgets.browser import module_and_style
from tests.unit.test_charts_colours import SIGHT, THEMES, contrast, lab, linear

#: Grounds of JupyterLab, the site and a bare page, light and dark.
PAGES = (("#ffffff",), ("#111111", "#121212"))
HEX = r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b"


def rules(name: str) -> list[tuple[str, dict[str, str]]]:
    """The rules of a style sheet, in order: selector, and its declarations."""
    text = re.sub(r"@media[^{]*\{((?:[^{}]*\{[^}]*\})*)\s*\}", r"\1",
                  module_and_style(name)[1])  # fmt: skip
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^}]*)\}", text):
        pairs = (line.partition(":")[::2] for line in body.split(";") if ":" in line)
        found.append((" ".join(selector.split()), {a.strip(): b.strip() for a, b in pairs}))
    return found


def own(value: str) -> str | None:
    """The colour of ours in a value: the last one, which a page without variables gets."""
    found = re.findall(HEX, value)
    return found[-1] if found and not value.startswith(("color-mix", "rgb")) else None


def full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * one for one in colour[1:])


def quiz(theme: int) -> dict[str, str]:
    """The quiz's variables in a theme."""
    dark = [names for selector, names in rules("quiz") if "theme" in selector and names]
    names = dict(next(names for selector, names in rules("quiz") if selector == ".cav-quiz"))
    for more in dark[:theme]:
        names.update(more)
    return {key: full(own(value)) for key, value in names.items()
            if key.startswith("--q-") and own(value)}  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["fg", "soft", "blue", "right", "wrong"])
def test_words_of_a_quiz_can_be_read(name: str, theme: int) -> None:
    names = quiz(theme)
    for ground in PAGES[theme]:
        assert contrast(names[f"--q-{name}"], ground) >= 4.5
    assert contrast(names["--q-fg"], names["--q-code"]) >= 4.5
    assert contrast(names["--q-on-blue"], names["--q-blue"]) >= 4.5
    assert contrast(names["--q-edge"], PAGES[theme][0]) >= 3


def test_dark_is_the_same_by_mark_and_by_preference() -> None:
    marked, preferred = (
        {key: own(value) for key, value in names.items() if key.startswith("--q-")}
        for selector, names in rules("quiz") if "theme" in selector and "--q-fg" in names
    )  # fmt: skip
    assert marked == preferred


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_right_and_wrong_differ_for_everyone_in_more_than_colour(sight: str, theme: int) -> None:
    names = quiz(theme)
    right, wrong = (lab(SIGHT[sight] @ linear(names[f"--q-{one}"])) for one in ("right", "wrong"))
    assert np.linalg.norm(right - wrong) >= 12
    styles = {selector: names for selector, names in rules("quiz") if "data-state" in selector}
    assert styles['.cav-quiz-said[data-state="wrong"]']["border-left-style"] == "dashed"
    assert "border-left-style" not in styles['.cav-quiz-said[data-state="right"]']


@pytest.mark.parametrize("name", ["keys", "present"])
def test_fixed_colours_are_seen_in_their_theme(name: str) -> None:
    """A ring or an edge stands out from the page, and words from what is behind them."""
    seen = 0
    for selector, names in rules(name):
        theme = int("theme-light" in selector)
        colours = {key: own(value) for key, value in names.items() if own(value)}
        ground = colours.pop("background", None)
        for key, colour in colours.items():
            for page in [ground] if key == "color" and ground else PAGES[theme]:
                assert contrast(full(colour), full(page)) >= (4.5 if key == "color" else 3)
                seen += 1
    assert seen >= 2


@pytest.mark.parametrize("name", ["replay", "loop"])
def test_what_draws_runs_has_the_colours_of_the_charts_alone(name: str) -> None:
    """They come from Python by variables, which are computed in test_charts_colours.py."""
    text = "".join(module_and_style(name))
    assert not re.findall(rf"(?<![&\w(]){HEX}(?=[\s;\"'])", text)
    used = set(re.findall(r"var\(\s*--p-(\w+)", text))
    assert used
    assert used <= set(COLOURS)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("words", "ground"), [("fg", "band"), ("mute", "band")])
def test_words_on_a_button_of_a_replay_can_be_read(words: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[words][theme], COLOURS[ground][theme]) >= 4.5
