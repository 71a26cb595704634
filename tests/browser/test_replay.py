"""Replays and the loop by hand: in a page without a kernel, and in JupyterLab."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import Browser, Page, expect

from helpers.charts.replay.turns import turns_data
from helpers.charts.theme import COLOURS
from helpers.course.runs import write_run
from helpers.experiment.lines import Recording, Source
from helpers.experiment.loops.turns import TASKS, Turns, best_ms, virtual_ms
from helpers.measure.trace import HELD, RUNNING, WAITING
from tests.browser.conftest import page_with, play_in, tab_to, write
from tests.harness.browser import LabPage
from tests.harness.sample_runs import MACHINE, MS, comparison, many, run, three, turns

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    found = page_with(chrome, "replay")
    errors = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    found.context.close()
    assert errors == []


def lined() -> Recording:
    """Two tasks that were recorded line by line: the second one begins 5 ms after the first."""
    rows = [(0, WAITING, 0, 10), (1, WAITING, 5, 15)]
    recorded = run("threads", 2, 15, rows)
    for task, moment, line in ((0, 0, 11), (1, 5, 11), (0, 7, 12), (1, 12, 12)):
        recorded.lines.extend((task, moment * MS, 0, line))
    plain = comparison(recorded)
    source = Source(10, ["def one(n):", "    wait()", "    rest()"])
    return Recording(plain.request, MACHINE, plain.traced, sources={0: source})


# --- a page without a kernel -----------------------------------------------------------------


def test_played_by_keyboard_beside_the_code(page: Page) -> None:
    """It begins at its end; keys step from event to event; marks stand at observed lines."""
    play_in(page, lined())
    time, stage = page.locator(".cav-replay-time"), page.locator(".cav-replay-stage")
    scrubber = page.get_by_role("slider", name="Moment of the replay")
    here = page.locator(".cav-replay-here")
    expect(page.locator(".cav-replay-label")).to_contain_text("Recorded line by line")
    expect(time).to_have_text("15.0 ms of 15.0 ms")
    expect(here).to_have_count(0)
    expect(page.get_by_role("img").first).to_have_attribute("aria-label", "2 tasks took: threads "
        "15.0 ms. threads: all 2 waits overlap: 2 were in flight at once.")  # fmt: skip

    tab_to(page, stage)
    page.keyboard.press("Home")
    expect(time).to_have_text("0 ms of 15.0 ms")
    expect(here).to_have_text(["0    wait()"])
    for moment, marks in (
        ("5.00 ms", ["0 1    wait()"]),
        ("7.00 ms", ["1    wait()", "0    rest()"]),
        ("10.0 ms", ["1    wait()"]),
        ("12.0 ms", ["1    rest()"]),
    ):
        page.keyboard.press("ArrowRight")
        expect(time).to_have_text(f"{moment} of 15.0 ms")
        expect(here).to_have_text(marks)
    expect(page.get_by_role("status")).to_contain_text('task 1 stands at "rest()"')
    page.keyboard.press("ArrowLeft")
    expect(time).to_have_text("10.0 ms of 15.0 ms")
    page.keyboard.press("End")
    expect(time).to_have_text("15.0 ms of 15.0 ms")

    tab_to(page, scrubber)  # its arrow keys are its own
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    expect(time).to_have_text("1.50 ms of 15.0 ms")
    play = page.get_by_role("button", name="Play")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(play).to_be_visible()
    page.keyboard.press("End")
    tab_to(page, page.get_by_role("button", name="Step back"))  # Space is the button's there
    page.keyboard.press("Space")
    expect(time).to_have_text("12.0 ms of 15.0 ms")
    tab_to(page, play)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()  # once, not twice


def test_the_theme_is_followed_and_everything_is_drawn(page: Page) -> None:
    """Pixels of the lanes have the states' colours, in both themes; a table says the same."""
    play_in(page, comparison(turns("asyncio", slices=6), turns("threads", slices=6)))
    painted = """(element) => {
      const { width, height } = element;
      const { data } = element.getContext("2d").getImageData(0, 0, width, height);
      const found = new Set();
      for (let k = 0; k < data.length; k += 4) {
        const parts = [...data.subarray(k, k + 3)].map((one) => one.toString(16).padStart(2, "0"));
        if (data[k + 3] === 255) found.add("#" + parts.join(""));
      }
      return [...found];
    }"""
    canvas = page.locator(".cav-replay-kitchen canvas").first
    for theme, name in enumerate(("light", "dark")):
        page.evaluate("(name) => { document.documentElement.dataset.theme = name; }", name)
        for _ in range(2):  # the observer has been told once the page has answered
            colours = canvas.evaluate(painted)
        assert COLOURS["run"][theme].lower() in colours
        assert COLOURS["run"][1 - theme].lower() not in colours
        assert COLOURS["ready"][theme].lower() in colours
    page.get_by_text("Data and result in words").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("asyncio")
    assert page.evaluate("built.destroy()") is None


def test_five_thousand_tasks_play(page: Page, record_property) -> None:
    """Every frame that the browser offers is drawn, to the end; the numbers are printed."""
    play_in(page, comparison(many()))
    expect(page.locator(".cav-replay-now")).to_have_text("0 of 5,000 in flight, 5,000 ended.")
    speed = page.get_by_label("Speed")
    speed.select_option(index=0)
    page.evaluate("""() => {
      window.frames = [];
      let last = 0;
      const frame = (now) => {
        if (last) window.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }""")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # once more: it has ended
    lengths = page.evaluate("window.frames")
    drawn = int(page.locator(".cav-replay").get_attribute("data-frames"))
    typical, worst = median(lengths), max(lengths)
    print(f"5,000 tasks: {drawn} frames, median {typical:.1f} ms, worst {worst:.1f} ms")
    record_property("frame_ms", typical)
    assert drawn > 5
    expect(page.locator(".cav-replay-time")).to_have_text("400 ms of 400 ms")


#: Of a part of the raster, its pixels' colours, row by row.
PIXELS = """([x, y, size]) => {
    const canvas = document.querySelector(".cav-replay-kitchen canvas");
    const { data } = canvas.getContext("2d").getImageData(x, y, size, size);
    const hex = (at) => "#" + [...data.subarray(at, at + 3)]
        .map((one) => one.toString(16).padStart(2, "0")).join("");
    return Array.from({ length: size }, (_, row) =>
        Array.from({ length: size }, (_, column) => hex(4 * (row * size + column))));
}"""


def test_states_of_thousands_differ_in_more_than_colour(page: Page) -> None:
    """Where tasks are ready it is hatched as in the legend; where they wait it is not."""
    play_in(page, comparison(many()))
    width = page.locator("canvas").first.evaluate("canvas => canvas.width")
    span = (width - 48 - 18) / 400  # pixels of a millisecond
    # the first tasks are ready from 100 to 200 ms, the last ones wait from 100 to 200 ms
    ready = page.evaluate(PIXELS, [round(48 + 150 * span), 24, 12])
    wait = page.evaluate(PIXELS, [round(48 + 150 * span), 240, 12])
    colours = {COLOURS[name][0].lower() for name in ("ready", "bg")}
    assert {one for row in ready for one in row} == colours
    assert all(set(row) == colours for row in ready)
    assert all(one[1:] == other[:-1] for one, other in itertools.pairwise(ready))
    assert {one for row in wait for one in row} == {COLOURS["wait"][0].lower()}


def test_without_motion_there_are_still_pictures(chrome: Browser) -> None:
    """Who asked for no motion sees the end at once, and steps when Play is pressed."""
    page = page_with(chrome, "replay", reduced_motion="reduce")
    page.clock.install()
    play_in(page, three())
    time = page.locator(".cav-replay-time")
    expect(time).to_have_text("40.5 ms of 40.5 ms")
    page.get_by_role("button", name="Play").click()
    expect(time).to_have_text("4.05 ms of 40.5 ms")
    page.clock.run_for(800)
    expect(time).to_have_text("8.10 ms of 40.5 ms")
    page.clock.run_for(10_000)
    expect(time).to_have_text("40.5 ms of 40.5 ms")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert page.locator(".cav-replay").get_attribute("data-frames") == "0"
    page.context.close()


def game() -> dict:
    plans = list(TASKS.values())
    order = [0, 1, 2, 3, 1, 2, 3]
    rows, clock = [], 0
    for task in order:
        rows += [(task, HELD, clock, clock + 10), (task, RUNNING, clock, clock + 10)]
        clock += 10
    return turns_data(Turns(list(TASKS), plans, run("asyncio", 4, clock, rows), best_ms(plans),
                            virtual_ms(plans, order), MACHINE))  # fmt: skip


def test_the_loop_by_hand(chrome: Browser) -> None:
    """By Tab, Enter and Space: only ready tasks run; undo; the end. It reckons as Python does."""
    page = page_with(chrome, "loop")
    page.evaluate("(data) => document.body.append(shown.buildLoop(data).element)", game())
    status = page.get_by_role("status")
    pie = page.get_by_role("button", name="Run pie")
    real = page.locator(".cav-loop-real")

    def press(name: str, key: str = "Enter") -> None:
        button = page.get_by_role("button", name=name, exact=True)
        tab_to(page, button)
        page.keyboard.press(key)
        expect(button).to_be_focused()  # whatever it did, the place is not lost

    expect(status).to_have_text("It is 0 ms.")
    press("Run pie")
    expect(status).to_have_text("It is 10 ms.")
    expect(pie).to_be_disabled()
    expect(pie).to_have_accessible_description("waits till 90 ms run 10, wait 80, run 10 ms")
    press("Run pie", "Space")
    expect(status).to_have_text("pie can't run now: waits till 90 ms.")
    press("Undo", "Space")
    expect(status).to_have_text("It is 0 ms.")
    for name in ("bread", "cake", "rolls", "pie"):
        press(f"Run {name}")
    press("Run cake", "Space")
    expect(status).to_have_text("It is 120 ms. The loop rested from 100 ms: no task was ready.")
    expect(real).to_be_hidden()
    press("Run rolls", "Space")
    press("Run pie")
    expect(status).to_contain_text(
        "Your order takes 180 ms. asyncio's order takes 180 ms. The best order takes 130 ms."
    )
    expect(real).to_contain_text("asyncio, measured: 70 ms")
    press("Show what asyncio did", "Space")
    expect(real).to_be_hidden()
    press("Start over")
    expect(status).to_have_text("It is 0 ms.")

    plans = list(TASKS.values())
    for order in ([3, 2, 1, 0, 3, 2, 1], [2, 3, 0, 2, 1, 3, 1], [3, 3, 2, 1, 0, 2, 1]):
        seen = page.evaluate("([tasks, picks]) => shown.simulate(tasks, picks)",
                             [game()["tasks"], order])  # fmt: skip
        known = virtual_ms(plans, order)
        assert (seen["now"] if seen["ended"] else None) == known, order
    page.context.close()


# --- in JupyterLab ---------------------------------------------------------------------------


def test_in_jupyterlab(lab_page: LabPage, tmp_path: Path) -> None:
    """Its keys stay its own, its bytes arrive, the theme is followed, a real loop is raced."""
    file = write_run(three(), tmp_path / "waits")
    cells = [new_markdown_cell("# A sample"),
             new_code_cell("from helpers import be_the_loop, load_run, replay"),
             new_code_cell(f"replay(load_run({str(file)!r}))"),
             new_code_cell("await be_the_loop({'one': [5], 'two': [5, 20, 5]})")]  # fmt: skip
    lab_page.open(write(tmp_path / "sample.ipynb", cells))
    lab_page.run_all()
    lab_page.wait_idle()
    time, keys = lab_page.widget("cav-replay-time"), lab_page.page.keyboard
    expect(lab_page.widget("cav-replay-label")).to_contain_text("Recorded on ")
    expect(time).to_have_text("40.5 ms of 40.5 ms")
    stage, play = lab_page.widget("cav-replay-stage"), lab_page.widget("cav-replay-play")
    tab_to(lab_page.page, stage)
    keys.press("ArrowLeft")
    expect(time).to_have_text("40.0 ms of 40.5 ms")
    keys.press("Home")
    keys.press("Space")
    expect(play).to_have_text("Pause")
    keys.press("Space")
    expect(play).to_have_text("Play")
    keys.press("End")
    for name, moment in (("Step back", "40.0 ms"), ("Step forward", "40.5 ms")):
        tab_to(lab_page.page, lab_page.page.get_by_role("button", name=name, exact=True))
        keys.press("Space")
        expect(time).to_have_text(f"{moment} of 40.5 ms")
    tab_to(lab_page.page, play)
    keys.press("Enter")
    expect(play).to_have_text("Pause")
    keys.press("Enter")
    expect(play).to_have_text("Play")
    expect(lab_page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(4)

    # the game to its end
    two, one = (lab_page.widget("cav-loop-pick", k) for k in (1, 0))
    status = lab_page.widget("cav-loop-status")
    for button, key, said in (
        (two, "Enter", "It is 5 ms."),
        (one, "Space", "It is 25 ms. The loop rested"),
        (two, "Enter", "Your order takes 30 ms."),
    ):
        tab_to(lab_page.page, button)
        keys.press(key)
        expect(status).to_contain_text(said)
        expect(button).to_be_focused()
    expect(lab_page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(4)
    assert lab_page.widget("cav-loop-run").count()

    lab_page.set_theme("dark")
    dark = COLOURS["run"][1].lower()
    for widget, name in (("cav-replay", "--p-run"), ("cav-loop", "--p-run")):
        style = lab_page.widget(widget)
        expect(style).to_have_attribute("style", re.compile(f"{name}: {dark}", re.I))
    lab_page.set_theme("light")
    assert lab_page.errors() == []
    assert lab_page.console == []
