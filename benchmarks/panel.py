"""Rows on the panel in a real browser: click to first progress, Stop to stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import chromium
from .rows import Row

#: Resolves with the milliseconds from a click on one button to a change of the page.
WATCH = """([button, text]) => new Promise((done, fail) => {
  const panel = document.querySelector('.cav-panel');
  const begin = performance.now();
  const look = () => {
    if (new RegExp(text).test(panel.querySelector('.cav-status').textContent)) {
      watcher.disconnect(); done(performance.now() - begin);
    }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(panel, {subtree: true, childList: true, characterData: true});
  panel.querySelector(button).click();
  setTimeout(() => fail(new Error('nothing like ' + text + ' within 10 s')), 10000);
})"""


def panel() -> Iterator[Row]:
    """Needs Chromium and the test tools; gives no rows, and says so, without them."""
    if chromium.missing("the panel"):
        return
    from tests.harness.browser import LabPage, browser
    from tests.harness.labserver import lab_server

    notebook = Path(__file__).resolve().parents[1] / "notebooks" / "00-start-here.ipynb"
    started, stopped = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        lab_server(Path(folder)) as server,
        browser() as b,
    ):
        page = LabPage(server, b)
        page.open(notebook)
        page.run_all()
        page.wait_idle(timeout=60)
        # far from the window JupyterLab paints nothing
        page.page.evaluate("document.querySelector('.cav-panel').scrollIntoView()")
        run = [".cav-run", r"\d+ of \d+ tasks|round"]
        for _ in range(7):
            started.append(page.page.evaluate(WATCH, run) / 1e3)
            page.page.wait_for_timeout(300)
            stopped.append(page.page.evaluate(WATCH, [".cav-stop", "Stopped"]) / 1e3)
            page.page.wait_for_timeout(300)
        page.close()
    yield Row("click on Run to first progress, in the browser", started, "s", 0.2)
    yield Row("click on Stop to stopped, in the browser", stopped, "s", 0.1)
