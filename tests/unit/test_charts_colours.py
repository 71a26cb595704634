"""The colours: contrast on both backgrounds, and for people who see fewer of them."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from helpers.charts.theme import COLOURS, LEGEND, LINES, STATES, STYLE

THEMES = [0, 1]
# Machado et al. 2009, severity 1, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    c = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    light, dark = sorted((float(linear(c) @ TO_XYZ[1]) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def colour(name, theme):
    return COLOURS[name][theme]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("name", "on"),
    [("fg", "bg"), ("mute", "bg"), ("error", "bg"), ("bg", "run"), ("fg", "bar")],
)
def test_text_can_be_read(name, on, theme):
    assert contrast(colour(name, theme), colour(on, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["run", "ready", "edge", *(line[0] for line in LINES.values())])
def test_shapes_stand_out_from_the_page(name, theme):
    assert contrast(colour(name, theme), colour("bg", theme)) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_a_pale_shape_has_an_edge_that_can_be_seen(theme):
    for fill, _, _, edge in STATES.values():
        if contrast(colour(fill, theme), colour("bg", theme)) < 3:
            assert edge is not None
            assert contrast(colour(edge, theme), colour("bg", theme)) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_states_differ_for_everyone(theme, sight):
    seen = {n: lab(SIGHT[sight] @ linear(colour(n, theme))) for n in ("run", "ready", "wait")}
    for a, b in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= 30, (a, b)


@pytest.mark.parametrize("theme", THEMES)
def test_states_differ_in_grey(theme):
    grey = {n: lab(linear(colour(n, theme)))[0] for n in ("run", "ready", "wait")}
    for a, b in itertools.combinations(grey, 2):
        assert abs(grey[a] - grey[b]) >= 15, (a, b)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_lines_differ_in_more_than_colour(theme, sight):
    markers = [marker for _, marker, _ in LINES.values()]
    styles = [str(style) for _, _, style in LINES.values()]
    assert len(set(markers)) == len(set(styles)) == len(LINES)
    seen = {m: lab(SIGHT[sight] @ linear(colour(c, theme))) for m, (c, _, _) in LINES.items()}
    # the three of most pictures differ by colour alone, too
    for a, b in itertools.combinations(("sequential", "asyncio", "threads"), 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= 12, (a, b)


def test_each_state_has_a_look_of_its_own_and_words():
    assert len({look[:2] for look in STATES.values()}) == len(STATES)
    assert set(LEGEND) == set(STATES)


def test_colours_to_draw_with_are_all_different():
    drawn = [pair[0] for pair in COLOURS.values()]
    assert len(set(drawn)) == len(drawn)


def test_dark_where_a_page_says_so_and_by_preference_only_where_none_does():
    dark, preferred = STYLE.split("@media (prefers-color-scheme:dark)")
    for where in ('body[data-jp-theme-light="false"]', 'html[data-theme="dark"]',
                  'body[data-vscode-theme-kind*="dark"]'):  # fmt: skip
        assert f"{where} .cav-figure" in dark
        assert f"{where} .cav-figure .cav-day" in dark
    rule = preferred[: preferred.index("}}")]
    for attribute in ("data-theme", "data-jp-theme-light", "data-vscode-theme-kind"):
        assert f":not([{attribute}])" in rule
    for name, (day, night) in COLOURS.items():
        if name != "bg":
            assert f"--cav-{name}:{day}" in dark
            assert f"--cav-{name}:{night}" in dark
            assert f"--cav-{name}:{night}" in preferred
    assert not re.search(r"(?:^|[},])\s*(?!\.cav-figure|body|html|@media)[a-z*#.][\w\s.-]*\{",
                         STYLE.removeprefix("<style>"))  # fmt: skip
