"""A notebook in JupyterLab, as a person sees and uses it, in headless Chromium.

`browser()` gives a Chromium, `LabPage` a notebook page in it. Widgets are found
by the CSS class that the notebook gave them with `add_class`.

Playwright's synchronous interface leaves an event loop marked as running in
the thread that uses it, for as long as it is open: `asyncio.run` fails there.
So keep a `browser()` open over browser tests only, never over a whole session.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Error, Locator, expect, sync_playwright

from tests.harness import page_scripts
from tests.harness.labserver import REPO, THEMES, LabServer

NO_CHROMIUM = "Chromium is not installed: apt-get install chromium"
#: Quiet, off the network, and able to run as root in a container.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-dev-shm-usage"),
]
#: Where a notebook shows what went wrong, also within an Output widget.
ERROR_OUTPUTS = ", ".join(
    f".jp-NotebookPanel {where}"
    for where in (
        '[data-mime-type="application/vnd.jupyter.stderr"]',
        '[data-mime-type="application/vnd.jupyter.error"]',
        ".jupyter-widgets-error-widget",
    )
)
#: JupyterLab may ask a kernel for its widgets before a cell has imported ipywidgets. The
#: kernel then complains of the request, and of what follows on it; nobody sees either.
UNASKED = "No such comm target registered: jupyter.widget.control"
NO_COMM = rf"{UNASKED}|No such comm: [0-9a-f-]+"
#: How often to look whether something has come about. Not at each frame, as Playwright would:
#: that makes a page draw all the while, without a graphics card and beside what is measured.
POLLING_MS = 100
SCROLLER = ".jp-NotebookPanel .jp-WindowedPanel-outer"


def chromium() -> str | None:
    """The path of an installed Chromium or Chrome, `CHROMIUM` first; None: there is none."""
    named = os.environ.get("CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile, closed on exit.

    Raises RuntimeError when Chromium isn't installed.
    """
    executable = chromium()
    if executable is None:
        raise RuntimeError(NO_CHROMIUM)
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield chrome
        finally:
            chrome.close()


def copy_notebook(notebook: Path | str, root: Path | str, kernel: str | None = None) -> str:
    """Copy a notebook below `root`, where JupyterLab may save it; its path in there.

    A notebook of the repository brings its folder along, for the links, images
    and files in it; any other the modules beside it. `kernel` replaces the name of the
    kernel it asks for.
    """
    notebook, root = Path(notebook).resolve(), Path(root)
    number = sum(1 for _ in root.iterdir()) if root.is_dir() else 0
    folder = root / f"copy-{number}"
    if notebook.is_relative_to(REPO) and notebook.parent != REPO:
        skip = shutil.ignore_patterns(".*", "__pycache__")
        shutil.copytree(notebook.parent, folder, ignore=skip)
    else:
        folder.mkdir(parents=True)
        for file in (notebook, *notebook.parent.glob("*.py")):
            shutil.copy(file, folder)
    copy = folder / notebook.name
    if kernel is not None:
        import nbformat

        document = nbformat.read(copy, as_version=4)
        document.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
        nbformat.write(document, copy)
    return f"{folder.name}/{notebook.name}"


class LabPage:
    """One notebook at a time, open in JupyterLab in a browser; times are in seconds.

    Every wait raises an AssertionError or playwright's TimeoutError when its
    time is over, with what the page shows at that moment.
    """

    def __init__(
        self,
        server: LabServer,
        chrome: Browser,
        width: int = 1280,
        height: int = 900,
        timeout: float = 30,
    ) -> None:
        """A blank page, `width` × `height` pixels; `timeout` is of each single action."""
        self.server = server
        self.context = chrome.new_context(viewport={"width": width, "height": height})
        self.page = self.context.new_page()
        self.page.set_default_timeout(timeout * 1000)
        self.page.add_init_script(page_scripts.LISTEN)
        self.timeout = timeout
        self.scope = ".jp-NotebookPanel"  # where widgets are looked for
        self.console: list[str] = []  # what the page's scripts complained of
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self._loaded = False

    def clear(self) -> bool:
        """Take the notebook out of the page and end its kernel; whether another may come.

        Loading JupyterLab costs a browser ten times what opening a notebook in it does.
        """
        if self._loaded and self.page.locator(".jp-Dialog").count():
            return False
        if self._loaded:
            self.page.evaluate(page_scripts.CLEAR)
        self.server.end_kernels()
        self.console.clear()
        self.scope = ".jp-NotebookPanel"
        return True

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.context.close()
        self.server.end_kernels()

    def open(
        self,
        notebook: Path | str,
        *,
        theme: str = "light",
        kernel: str | None = None,
        cell: str | None = None,
    ) -> None:
        """Open a copy of a notebook in a theme and wait until its kernel is ready.

        The copy is made in the server's root folder. `kernel` is the name of
        a kernelspec, if not the notebook's own. JupyterLab is loaded for the first one only; a
        link to the cell with the id `cell` always loads it.
        """
        self.server.set_theme(theme)  # before, so that nothing is drawn in the other
        self._loaded = self._loaded and self.clear()
        if self._loaded:
            self.set_theme(theme)
        copy = copy_notebook(notebook, self.server.root, kernel)
        for attempt in (1, 2, 3):
            if self._loaded and attempt == 1 and cell is None:
                self.page.evaluate(page_scripts.OPEN, copy)
            else:
                self.page.goto(self.server.page(copy) + (f"&cell={cell}" if cell else ""))
                self._loaded = True
            try:
                self.wait_ready(30 * attempt)
                break
            except AssertionError:
                # Now and then JupyterLab misses its kernel's first message and never shows it
                # as idle, while the server says that it is: a person reloads the page.
                if attempt == 3 or self.page.locator(".jp-Dialog").count():
                    raise
        self.wait_theme(theme)
        if kernel is not None:  # of an unknown one Lab makes another of its language
            running = [session["kernel"]["name"] for session in self.server.ask("api/sessions")]
            assert running == [kernel], f"kernels {running} run, not {kernel}"

    def wait_ready(self, timeout: float = 60) -> None:
        """Wait for both signs of an idle kernel: the notebook's dot and the status bar.

        With one of them alone JupyterLab may still drop a click on Run All. A
        dialog, such as the choice of a kernel, ends the wait at once.
        """
        try:
            ready = self.page.wait_for_function(
                page_scripts.READY, timeout=timeout * 1000, polling=POLLING_MS
            ).json_value()
        except Error as error:
            raise AssertionError(f"no idle kernel within {timeout} s\n{self.describe()}") from error
        assert ready == "ready", f"a dialog is in the way\n{self.describe()}"

    # Running

    def run_all(self) -> None:
        """Choose Run All Cells in the Run menu, as a person does; does not wait."""
        self.page.evaluate(page_scripts.WATCH_RUN_ALL)
        self.page.locator(".lm-MenuBar").get_by_text("Run", exact=True).click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()

    def wait_idle(self, timeout: float = 120) -> None:
        """Wait until Run All has ended, the last cell included, and the kernel is idle."""
        try:
            self.page.wait_for_function(
                "() => window.cavRunAll !== 'waiting'",
                timeout=timeout * 1000,
                polling=POLLING_MS,
            )
        except Error as error:
            raise AssertionError(
                f"Run All did not end within {timeout} s\n{self.describe()}"
            ) from error
        result = self.page.evaluate("window.cavRunAll ?? 'ended'")
        assert result == "ended", result
        self.wait_ready(min(timeout, 60))  # all cells are done: only the signs may lag

    def errors(self) -> list[str]:
        """The texts of error and stderr outputs, and of widgets that can't be shown.

        Also of what JupyterLab doesn't show: exceptions in a widget's callback,
        or in the kernel's loop, since the notebook was opened.
        """
        texts = self.page.evaluate(page_scripts.CELL_ERRORS)
        texts += self.page.locator(ERROR_OUTPUTS).all_text_contents()
        texts += self.page.evaluate("window.cavHeard ?? []")
        found: dict[str, str] = {}
        for text in texts:
            plain = re.sub(r"\x1b\[[0-9;]*m", "", text).strip()
            # One error comes by several ways, wrapped and split differently.
            letters = "".join(plain.split())
            if not any(letters in known for known in found):
                found[letters] = plain
        texts = list(found.values())
        if any(UNASKED in text for text in texts):
            texts = [text for text in texts if not re.fullmatch(NO_COMM, text)]
        return texts

    def describe(self) -> str:
        """What the page shows, for the message of a failed wait."""
        with contextlib.suppress(Error):
            shown = {
                "dialog": self.page.locator(".jp-Dialog").all_text_contents(),
                "kernels, says the server": [
                    kernel["execution_state"] for kernel in self.server.ask("api/kernels")
                ],
                "status bar": self.page.locator("#jp-main-statusbar").all_text_contents(),
                "prompts": self.page.locator(".jp-InputPrompt").all_text_contents(),
                "errors": self.errors(),
                "scripts": self.console,
            }
            return "\n".join(f"{name}: {what}" for name, what in shown.items() if what)
        return f"no notebook in the page; the server says\n{self.server.log()}"

    # Cells

    def cell(self, number: int) -> Locator:
        """The cell of that number, from 0 on, Markdown cells counted."""
        return self.page.locator(f"{self.scope} .jp-Notebook .jp-Cell").nth(number)

    def rewrite(self, number: int, source: str) -> None:
        """Type `source` in place of what a code cell holds."""
        editor = self._editing(number)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)  # as pasted: no indentation is added
        expect(editor.locator(".cm-line").first).to_have_text(source.splitlines()[0])

    def run_cell(self, number: int) -> Locator:
        """Run a code cell with Shift+Enter; where its output appears."""
        self._editing(number)
        self.page.keyboard.press("Shift+Enter")
        return self.cell(number).locator(".jp-Cell-outputArea")

    def _editing(self, number: int) -> Locator:
        """Click into a cell, until it has the focus: running another one may still move it."""
        editor = self.cell(number).locator(".cm-content")
        with contextlib.suppress(AssertionError):
            editor.click()
            expect(editor).to_be_focused(timeout=1000)
            self.page.wait_for_timeout(100)
            expect(editor).to_be_focused(timeout=1000)
            return editor
        editor.click()
        expect(editor).to_be_focused()
        return editor

    # Widgets

    def widget(self, css_class: str, nth: int = 0) -> Locator:
        """The `nth` element with a CSS class, such as "cav-run"."""
        return self.page.locator(f"{self.scope} .{css_class}").nth(nth)

    def click(self, css_class: str, nth: int = 0) -> None:
        """Click a button, once it is there and enabled."""
        self.widget(css_class, nth).click()

    def set_number(self, css_class: str, value: float, nth: int = 0) -> None:
        """Type a number in a field and leave it, which sends it to the kernel."""
        field = self._inside(css_class, "input", nth)
        field.fill(str(value))
        field.press("Tab")

    def choose(self, css_class: str, label: str, nth: int = 0) -> None:
        """Choose an option of a Dropdown or Select, or press a ToggleButtons button."""
        menu = self._inside(css_class, "select", nth)
        self.widget(css_class, nth).wait_for()
        if menu.count():
            menu.select_option(label=label)
        else:
            self.widget(css_class, nth).get_by_text(label, exact=True).click()

    def tick(self, css_class: str, on: bool = True, nth: int = 0) -> None:
        """Tick a checkbox, or clear it."""
        self._inside(css_class, "input[type=checkbox]", nth).set_checked(on)

    def wait_text(
        self, css_class: str, text: str | re.Pattern[str], timeout: float = 30, nth: int = 0
    ) -> str:
        """Wait until an element contains a text or matches a pattern; its whole text."""
        where = self.widget(css_class, nth)
        try:
            expect(where).to_contain_text(text, timeout=timeout * 1000)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from error
        return where.inner_text()

    def _inside(self, css_class: str, selector: str, nth: int) -> Locator:
        """An element within a widget: the class is on the box around label and field."""
        return self.widget(css_class, nth).locator(selector)

    # Look

    def set_theme(self, theme: str) -> None:
        """Change to "light" or "dark" while the notebook is open, as the menu does."""
        self.page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
            THEMES[theme],
        )
        self.wait_theme(theme)

    def wait_theme(self, theme: str) -> None:
        """Wait until the page has the theme."""
        light = str(theme == "light").lower()
        body = f"body[data-jp-theme-light={light}]"
        self.page.wait_for_selector(body, state="attached")  # Lab's body has no size

    def screenshot(self, path: Path | str, css_class: str | None = None, nth: int = 0) -> None:
        """Save a picture (PNG) of an element, or of the whole notebook, however long.

        For the notebook the window is made as high as it needs, up to the
        16,000 pixels that Chromium can draw.
        """
        if css_class is not None:
            self.widget(css_class, nth).screenshot(path=path)
            return
        before = self.page.viewport_size
        outer = self.page.locator(SCROLLER)
        missing = outer.evaluate("e => e.scrollHeight - e.clientHeight")
        height = min(before["height"] + missing, 16_000)
        try:
            self.page.set_viewport_size({"width": before["width"], "height": height})
            outer.screenshot(path=path)
        finally:
            self.page.set_viewport_size(before)
