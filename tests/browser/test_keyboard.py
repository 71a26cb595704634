"""Every control of the course by keyboard alone, in JupyterLab: reached, seen, used, not lost.

What is done with the keys of a quiz, a replay and the loop game: test_quiz.py, test_replay.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import expect

from helpers.course.six_rows import ROWS
from tests.browser.conftest import write
from tests.harness.accessible import look_over
from tests.harness.browser import LabPage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

#: One of each, and no panel runs: what counts is how they are reached. Two quizzes: the first
#: has options and numbers, the second has code as well.
CELLS = (
    "from helpers import (connections_panel, guesses, panel, pipeline_panel, predictions, present,"
    "\n                     preset, progress, work)\npresent(False)",
    'preset("A long one", "wait", ms=5000, tasks=2)\npanel("20 waits", room=True)',
    "connections_panel()",
    "async def pipeline(plan):\n    ...\n\n\ndef soften(data):\n    return data\n\n\n"
    "pipeline_panel(pipeline, steps=soften)",
    "guesses([work.sleep(ms=5), work.compute(ms=5)])",
    "predictions()",
    "progress()",
    "import asyncio\nimport time\n\nfrom helpers import be_the_loop, quiz, record, replay",
    'quiz("00")',
    'quiz("02")',
    "def bake(loaf):\n    time.sleep(0.005)\n\n\n"
    "async def bake_async(loaf):\n    await asyncio.sleep(0.005)\n\n\n"
    "replay(await record((bake, bake_async), tasks=2))",
    "await be_the_loop()",
)
#: What the last ones show once the browser has built them.
BUILT = (("cav-quiz-score", 2), ("cav-replay-code", 2), ("cav-loop-pick", 4))
MOST_TABS = 200
#: What can be used now, of ours: Stop is switched off. What only takes keys or scrolls is named
#: here, not found by its tabindex: without one it would not be missed. Each gets a number.
CONTROLS = """() => {
    const boxes = ".cav-keys, .cav-present, .cav-quiz, .cav-replay, .cav-loop";
    const controls = "button, select, input:not([type=file]), summary,"
        + ".cav-quiz-code, .cav-replay-stage, .cav-replay-code";
    const found = [...document.querySelectorAll(boxes)].flatMap((box) =>
        [...box.querySelectorAll(controls)]);
    return found.filter((one) => !one.disabled && one.getClientRects().length)
        .map((one, number) => {
            one.dataset.number = number;
            return `${one.cloneNode().outerHTML} ${one.textContent.slice(0, 40)}`;
        });
}"""
#: Where the focus is: the control's number, whether a ring around it is to be seen, and how many
#: more radio buttons share its one stop.
FOCUS = """() => {
    const active = document.activeElement;
    const style = getComputedStyle(active);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && !/rgba\\(.*, 0\\)|transparent/.test(style.outlineColor);
    const group = [...(active.form?.elements ?? [])].filter((one) =>
        active.type === "radio" && one.type === "radio" && one.name === active.name);
    return [active.dataset.number ?? null, ring, Math.max(0, group.length - 1)];
}"""


@pytest.fixture
def page(lab_page: LabPage, tmp_path: Path) -> LabPage:
    cells = [new_markdown_cell("# A sample"), *map(new_code_cell, CELLS)]
    lab_page.open(write(tmp_path / "sample.ipynb", cells))
    lab_page.run_all()
    lab_page.wait_idle()
    return lab_page


def test_every_control_by_keyboard(page: LabPage) -> None:
    keys, cells = page.page.keyboard, page.page.locator(".jp-Notebook .jp-Cell")
    number = cells.count()
    for name, many in BUILT:
        expect(page.page.locator(f".{name}")).to_have_count(many)
    found = look_over(page)
    assert not found, "\n".join(found)

    # a row of controls has a name: "threads" alone could be anything
    rows = {"Models": "checkbox", "Servers": "checkbox", "Workers": "spinbutton",
            "Move one": "button"}  # fmt: skip
    for name, role in rows.items():
        row = page.page.get_by_role("group", name=name, exact=True)
        expect(row).to_have_count(1)
        assert row.get_by_role(role).count() >= 2

    # a field of a prediction says what it asks, not only of which row it is
    for row in ROWS:
        field = page.page.get_by_label(row.feature, exact=True)
        expect(field).to_have_accessible_description(row.asks)

    # a question is called by its own words: in two quizzes no id stands twice
    ids = page.page.locator(".cav-quiz [id]").evaluate_all("(all) => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) > 0

    # Tab comes to each of them, and it is seen to be there
    controls = page.page.evaluate(CONTROLS)
    assert len(controls) >= 100
    page.page.locator(".cav-present button").first.focus()
    keys.press("Shift+Tab")
    seen: dict[int, bool] = {}

    def look() -> int:
        at, ring, more = page.page.evaluate(FOCUS)
        if at is not None:
            seen[int(at)] = ring
        return more

    for _ in range(MOST_TABS):
        keys.press("Tab")
        for _ in range(look()):  # of radio buttons Tab finds one, an arrow key the next one
            keys.press("ArrowDown")
            look()
        if len(seen) == len(controls):
            break
    lost = [one for at, one in enumerate(controls) if at not in seen]
    assert not lost, "\n".join(lost)
    bare = [one for at, one in enumerate(controls) if not seen[at]]
    assert not bare, "\n".join(bare)

    # the arrow keys of a menu are the menu's, letters too; Ctrl+B is still JupyterLab's
    menu, tasks = page.widget("cav-preset").locator("select"), page.widget("cav-tasks")
    menu.focus()
    keys.press("ArrowDown")
    expect(menu).to_be_focused()
    expect(menu.locator("option:checked")).to_have_text("20 waits, 4 at once")
    for key in ("b", "a", "d", "d", "x"):
        keys.press(key)
        expect(menu).to_be_focused()
    expect(cells).to_have_count(number)
    keys.press("End")  # the preset of the second cell
    expect(tasks.locator("input")).to_have_value("2")
    side = page.page.locator("#jp-left-stack")
    shown = side.is_visible()
    keys.press("Control+b")
    expect(side).to_be_visible(visible=not shown)

    # Run is switched off, and Stop has the focus; after its end Run has it again
    run, stop = page.widget("cav-run"), page.widget("cav-stop")
    run.focus()
    keys.press("Enter")
    expect(stop).to_be_focused()
    keys.press("Space")
    page.wait_text("cav-status", re.compile("^Stopped"))
    expect(run).to_be_focused()
    box = page.widget("cav-model-sequential").locator("input")
    box.focus()
    keys.press("Space")
    expect(box).not_to_be_checked()
    keys.press("F8")  # Reset, from wherever the focus is in the panel
    expect(tasks.locator("input")).to_have_value("20")
    expect(box).to_be_checked()
    page.set_number("cav-size", 5)
    run.focus()
    keys.press("Space")
    expect(stop).to_be_focused()
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    expect(run).to_be_focused()

    # who has gone elsewhere meanwhile stays there
    page.set_number("cav-size", 200)
    run.focus()
    keys.press("Enter")
    expect(stop).to_be_focused()
    menu.focus()
    page.wait_text("cav-status", re.compile("^Done"), timeout=60)
    expect(run).to_be_enabled()
    expect(menu).to_be_focused()

    # a room's predictions, and the presenter's sizes
    page.widget("cav-secret").locator("input").focus()
    keys.type("threads 30")
    keys.press("Enter")
    said = page.widget("cav-said-all")
    expect(said).to_contain_text("1 prediction, hidden until Reveal.")
    page.widget("cav-reveal").focus()
    keys.press("Enter")
    expect(said).to_contain_text("What the room said")
    page.page.locator(".cav-present button", has_text="hall").first.focus()
    keys.press("Space")
    expect(page.page.locator("head style[id^=cav-presenter]")).to_have_count(1)
    assert page.errors() == []
    assert page.console == []
