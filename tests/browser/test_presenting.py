"""In front of a room: the notebook of the slides in presenter size, its hidden predictions, F8.

It is opened by a link to one of its cells: a page that has to be loaded is enough for both.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.harness.browser import LabPage
from tests.harness.labserver import REPO

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SLIDES = REPO / "tools" / "demo" / "slides.ipynb"

#: Sizes of text, in pixels: of a notebook, of a panel, and of JupyterLab around it.
SIZES = """() => Object.fromEntries(Object.entries({
    text: ".jp-RenderedMarkdown p", code: ".cm-content", field: ".cav-tasks input",
    button: ".cav-run", figure: ".cav-status .cav-figure", menu: ".lm-MenuBar",
}).map(([name, css]) => {
    const found = [...document.querySelectorAll(`${css}`)].find((e) => e.offsetParent);
    return [name, parseFloat(getComputedStyle(found).fontSize)];
}))"""

#: Parts of the first panel that are cut off, that stick out of it, or lie on one another.
MISFITS = """() => {
    const panel = document.querySelector(".cav-panel");
    const parts = [...panel.querySelectorAll("button, select, input, label, progress")]
        .filter((e) => e.offsetParent && !e.closest("details"));
    const edge = document.querySelector(".jp-WindowedPanel-outer").getBoundingClientRect().right;
    const name = (e) => `${e.tagName} ${e.textContent.trim().slice(0, 20)} ${e.className}`;
    const wrong = [];
    const boxes = parts.map((e) => [e, e.getBoundingClientRect()]);
    for (const [e, box] of boxes) {
        if (e.scrollWidth > e.clientWidth + 1 && !e.matches("input, progress"))
            wrong.push(`cut off: ${name(e)}`);
        if (e.matches("select")) {
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = getComputedStyle(e).font;
            const words = e.selectedOptions[0].textContent;
            if (pen.measureText(words).width > box.width - 24) wrong.push(`cut off: ${words}`);
        }
        if (box.right > edge) wrong.push(`sticks out: ${name(e)}`);
    }
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
        if (a.contains(b) || b.contains(a)) return;
        if (p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1
            && q.top < p.bottom - 1) wrong.push(`on one another: ${name(a)}, ${name(b)}`);
    }));
    return parts.length > 15 ? wrong : [`only ${parts.length} parts`];
}"""


def size(page: LabPage, name: str) -> None:
    """Press a button of the presenter."""
    button = page.widget("cav-present").get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def test_in_front_of_a_room(lab_page: LabPage) -> None:
    page = lab_page
    page.open(SLIDES, cell="blocking")  # by a link such as Binder's, to a cell far down
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCell?.model.id"
    page.page.wait_for_function(f"() => ({active})() === 'blocking'")
    text = page.page.locator(".jp-RenderedMarkdown p", has_text="Ten coroutines")
    expect(text).to_be_in_viewport()

    page.run_all()
    page.wait_idle()
    assert page.errors() == []
    rule = page.page.locator("head style[id^=cav-presenter]")
    expect(rule).to_have_count(1)

    # all of the notebook is larger, and nothing around it; no panel falls apart
    large = page.page.evaluate(SIZES)
    for width, height in ((1280, 720), (1920, 1080)):
        page.page.set_viewport_size({"width": width, "height": height})
        for name in ("hall", "large hall", "room"):
            size(page, name)
            assert page.page.evaluate(MISFITS) == [], f"{name} at {width}"
    page.page.set_viewport_size({"width": 1280, "height": 900})
    size(page, "off")
    expect(rule).to_have_count(0)
    usual = page.page.evaluate(SIZES)
    ratios = {name: round(large[name] / usual[name], 1) for name in usual}
    assert ratios.pop("menu") == 1.0
    assert set(ratios.values()) == {1.7}, ratios

    # what is typed does not show before Reveal
    field = page.widget("cav-secret").locator("input")
    assert field.get_attribute("type") == "password"
    for words in ("threads 4711", "threads 4713"):
        field.fill(words)
        field.press("Enter")
        expect(field).to_have_value("")
    said = page.widget("cav-said-all")
    expect(said).to_contain_text("2 predictions, hidden")
    assert "4,711" not in page.page.content()
    page.click("cav-reveal")
    expect(said).to_contain_text("4,712 ms (4,711 ms to 4,713 ms)")

    # F8 resets the panel that has the focus, and no other
    page.page.keyboard.press("F8")
    expect(said).not_to_contain_text("4,712")
    page.wait_text("cav-status", re.compile("^Make a prediction"))
    page.set_number("cav-tasks", 9)
    page.set_number("cav-tasks", 8, nth=1)
    page.widget("cav-reset", 1).focus()
    page.page.keyboard.press("F8")
    expect(page.widget("cav-tasks", 1).locator("input")).to_have_value("5")
    expect(page.widget("cav-tasks").locator("input")).to_have_value("9")
    assert page.errors() == []
    assert page.console == []
