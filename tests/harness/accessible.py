"""What keeps people from using a page: what axe-core finds, figures without data, what spills.

    python -m tests.harness.accessible SITE

goes over every page of a built site, in light and dark, and at 200 % zoom of a window of
1280 pixels, and prints what it finds; also what a page asks of the network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request

from tests.harness.browser import LabPage, browser

#: What is the course's in JupyterLab: the text and the outputs. The rest is JupyterLab's.
IN_LAB = (".jp-NotebookPanel .jp-RenderedMarkdown", ".jp-NotebookPanel .jp-OutputArea-output")
#: Those of axe's rules that the theme decides.
COLOURS = ("color-contrast", "link-in-text-block")
#: The size of a window of 1280 × 800 pixels at 200 %.
ZOOMED = {"width": 640, "height": 400}

_AXE = """async ([include, only]) => {
    for (const one of document.querySelectorAll("details")) one.open = true;
    const context = include.length ? { include } : document;
    // style sheets are not fetched once more: a page that was opened as a file may not
    const options = { resultTypes: ["violations"], preload: false };
    if (only.length) options.runOnly = only;
    const { violations } = await axe.run(context, options);
    return violations.flatMap((rule) => rule.nodes.map((node) => {
        const says = [...node.any, ...node.all, ...node.none].map((check) => check.message);
        return `${rule.id}: ${node.target.join(" ")}: ${says.join("; ")}: `
            + node.html.replace(/\\s+/g, " ");
    }));
}"""

_FIGURES = """(include) => {
    const found = [...document.querySelectorAll("svg, img, canvas")].filter((one) =>
        (!include.length || one.closest(include.join())) && !one.parentElement.closest("svg")
        && one.getAttribute("aria-hidden") !== "true" && one.getClientRects().length);
    return found.map((one) => {
        const around = one.closest(".cav-figure, .cav-replay, .jp-OutputArea-output, .cell_output");
        const cells = around ? [...around.querySelectorAll("table :is(td, th)")] : [];
        const alt = one.getAttribute(one.matches("img") ? "alt" : "aria-label") ?? "";
        return [one.tagName.toLowerCase(), alt, cells.map((cell) => cell.textContent)];
    });
}"""

_SPILLS = """([include, parts]) => {
    const page = document.scrollingElement;
    const wrong = [];
    if (page.scrollWidth > page.clientWidth)
        wrong.push(`the page is ${page.scrollWidth} pixels wide, of ${page.clientWidth}`);
    const scrolls = (one) => /auto|scroll/.test(getComputedStyle(one).overflowX);
    for (const one of document.querySelectorAll(parts)) {
        if (include.length && !one.closest(include.join())) continue;
        if (!one.checkVisibility({ visibilityProperty: true })) continue;
        let around = one.parentElement;
        while (around && !scrolls(around)) around = around.parentElement;
        const box = one.getBoundingClientRect();
        const room = (around ?? page).getBoundingClientRect();
        const name = `${one.tagName.toLowerCase()}.${one.className.baseVal ?? one.className} `
            + `"${one.textContent.trim().slice(0, 30)}"`;
        if (box.width < 2) continue;  // for screen readers only
        // Chromium and Firefox let a key reach what scrolls and holds nothing to be reached
        const reached = around && (around.tabIndex >= 0
            || !around.querySelector("a, button, input, select, summary, [tabindex]"));
        if ((box.right > room.right + 1 && !reached) || box.left < -1)
            wrong.push(`${name} reaches from ${box.left | 0} to ${box.right | 0}`);
        if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth && !scrolls(one)
            && one.matches("button, .cav-figure, .cav-panel, .cav-quiz, .cav-replay, .cav-loop"))
            wrong.push(`${name} is cut off: ${one.scrollWidth} of ${one.clientWidth} pixels`);
    }
    return wrong;
}"""
#: A reader with so little room closes the list of files; in a narrow window Lab may have done so.
_SIDEBAR = """(close) => {
    const open = !document.querySelector("#jp-left-stack").classList.contains("lm-mod-hidden");
    if (open === close) return window.jupyterapp.commands.execute("application:toggle-left-area");
}"""
#: Quizzes and replays are there, and the page has its text.
REVIVED = """() => document.readyState === "complete"
    && [...document.querySelectorAll(".course-widget")].every((one) => one.children.length > 1)"""
_PARTS = ("button, input, select, label, progress, figure, svg, img, canvas, p, h1, h2, h3, pre,"
          ".cav-figure, .cav-panel, .cav-quiz, .cav-replay, .cav-loop, .cav-present")  # fmt: skip
#: What a library wrote for "nothing": a pointer shows it, and some screen readers say it.
_NULLS = """(include) => {
    const words = ["title", "alt", "aria-label", "aria-description", "placeholder"];
    const wrong = words.flatMap((word) => [`[${word}="null"]`, `[${word}="undefined"]`]);
    return [...document.querySelectorAll(wrong.join())]
        .filter((one) => !include.length || one.closest(include.join()))
        .filter((one) => one.getClientRects().length)  // a field without a name hides its label
        .map((one) => one.outerHTML.slice(0, 200));
}"""
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def violations(page: Page, include: Sequence[str] = (), only: Sequence[str] = ()) -> list[str]:
    """What axe-core says is wrong: rule, element, reason. All that is folded is opened before.

    `include` are CSS selectors of the parts to look at, `only` the rules; empty means all.
    """
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(_AXE, [list(include), list(only)])


def bare_figures(page: Page, include: Sequence[str] = ()) -> list[str]:
    """Figures whose words or data are missing.

    The description of a figure tells a result: it holds numbers, and a third of them at least
    are in a table beside the figure (others are of a verdict: an interval, how often it was
    seen). A diagram, whose table has no number either, names what a third of the table's cells
    say. A photograph is described in words.
    """
    wrong = []
    for kind, alt, texts in page.evaluate(_FIGURES, list(include)):
        cells = [text.strip() for text in texts if text.strip()]
        told, known = numbers(alt), numbers(" ".join(cells))
        found = [one for one in told if any(_same(one, other) for other in known)]
        if kind == "img":
            if len(alt.split()) < 5:
                wrong.append(f"{kind} that is not described: {alt!r}")
        elif not told and cells and not known:
            named = [cell for cell in cells if re.search(rf"(?<!\w){re.escape(cell)}(?!\w)", alt)]
            if 3 * len(named) < len(cells):
                wrong.append(f"{kind} with {len(named)} of {len(cells)} cells in words: {alt!r}")
        elif not told:
            wrong.append(f"{kind} without a result in its description: {alt!r}")
        elif 3 * len(found) < len(told):
            wrong.append(f"{kind} with {len(found)} of {len(told)} numbers in a table: {alt!r}")
    return wrong


def numbers(text: str) -> list[str]:
    """The numbers in a text, without commas."""
    return [one.replace(",", "") for one in _NUMBER.findall(text)]


def _same(told: str, known: str) -> bool:
    """Whether one number is the other, rounded to its digits; a table may have ms for µs."""
    digits = len(told.partition(".")[2])
    half = 0.5 * 10**-digits if digits or len(told) > 1 else 0
    return any(abs(float(told) - float(known) * unit) <= half * 1.001 for unit in (1, 1000, 0.001))


def spills(page: Page, include: Sequence[str] = ()) -> list[str]:
    """What is cut off or sticks out of the page, where no keyboard can scroll to it."""
    return page.evaluate(_SPILLS, [list(include), _PARTS])


def nulls(page: Page, include: Sequence[str] = ()) -> list[str]:
    """Elements whose words for a pointer or a screen reader are "null"; axe-core allows it."""
    return page.evaluate(_NULLS, list(include))


def calls(page: Page) -> list[str]:
    """A list that grows by each address that the page asks for and no file has."""
    found: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            found.append(f"asks for {request.url}")

    page.on("request", asked)
    return found


def look_over(lab: LabPage) -> list[str]:
    """All that is wrong with the course's parts of the open notebook, in both themes and zoomed.

    It leaves the light theme, and all that is folded open.
    """
    lab.set_theme("light")
    found = violations(lab.page, IN_LAB) + bare_figures(lab.page, IN_LAB)
    found += nulls(lab.page, IN_LAB)
    lab.set_theme("dark")
    found += violations(lab.page, IN_LAB, COLOURS)
    lab.set_theme("light")
    usual = lab.page.viewport_size
    lab.page.evaluate(_SIDEBAR, True)
    lab.page.set_viewport_size(ZOOMED)
    found += spills(lab.page, IN_LAB)
    lab.page.set_viewport_size(usual)
    lab.page.evaluate(_SIDEBAR, False)
    return found


def main(arguments: list[str]) -> int:
    """Go over a site's pages; 1 when anything is wrong, else 0."""
    site = Path(arguments[0])
    found = [p for p in sorted(site.rglob("*.html")) if "_static" not in p.parts]
    wrong = 0
    with browser() as chrome:
        page = chrome.new_page(viewport={"width": 1280, "height": 800})
        asked = calls(page)
        for path in found:
            name = path.relative_to(site).as_posix()
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": 1280, "height": 800})
                page.emulate_media(color_scheme=scheme)
                page.goto(path.resolve().as_uri())
                page.wait_for_function(REVIVED)
                lines = violations(page)
                if scheme == "light":
                    lines += bare_figures(page, ["article"]) + nulls(page)
                    page.set_viewport_size(ZOOMED)
                    lines += spills(page, ["main"])
                lines += asked
                asked.clear()
                wrong += len(lines)
                print(f"{name}, {scheme}: {len(lines) or 'nothing'}", *lines, sep="\n    ")
    print(f"{len(found)} pages, {wrong} findings")
    return 1 if wrong or not found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
