"""Pictures of a whole notebook, run in JupyterLab, for a person to look at.

    python -m tests.harness.shots NOTEBOOK OUTDIR [--dark] [--width 1280]

Opens a copy of the notebook, runs all its cells and saves consecutive slices of
a window's height as OUTDIR/NAME-light-01.png and so on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.harness.browser import SCROLLER, LabPage, browser
from tests.harness.labserver import REPO, SHOW_EVERY_CELL, lab_server

OVERLAP = 60  # pixels that two slices share, so that no line is cut in both

# How far the last cell goes on below the window; asked anew after each slice,
# since content may grow while we scroll. Below it Lab leaves a window of nothing.
_LEFT = """e => {
    const cells = e.querySelectorAll(".jp-Cell");
    if (e.scrollTop + e.clientHeight >= e.scrollHeight - 1) return 0;
    return cells[cells.length - 1].getBoundingClientRect().bottom
        - e.getBoundingClientRect().bottom;
}"""


def slices(lab: LabPage, folder: Path, stem: str) -> list[Path]:
    """Save the open notebook, slice by slice, as `folder`/`stem`-NN.png; the files."""
    scroller = lab.page.locator(SCROLLER)
    lab.page.mouse.move(0, 0)  # else what is under it shows that it is
    step = scroller.evaluate("e => e.clientHeight") - OVERLAP
    saved: list[Path] = []
    left = 1  # pixels below the slice
    while left > 0:
        scroller.evaluate("(e, y) => { e.scrollTop = y; }", len(saved) * step)
        # Two frames: one to lay out what came into view, one to paint it.
        lab.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )
        path = folder / f"{stem}-{len(saved) + 1:02d}.png"
        scroller.screenshot(path=path)
        saved.append(path)
        left = scroller.evaluate(_LEFT)
    return saved


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 when the notebook shows an error, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebook", type=Path)
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--dark", action="store_true", help="JupyterLab's dark theme")
    parser.add_argument("--width", type=int, default=1280, help="pixels (1280)")
    parser.add_argument("--height", type=int, default=900, help="pixels (900)")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for Run All")
    parser.add_argument("--sidebar", action="store_true", help="keep the file browser")
    parser.add_argument("--no-run", action="store_true", help="as opened, nothing run")
    options = parser.parse_args(arguments)
    options.outdir.mkdir(parents=True, exist_ok=True)
    theme = "dark" if options.dark else "light"
    stem = f"{options.notebook.stem}-{theme}"
    for old in options.outdir.glob(f"{stem}-[0-9]*.png"):
        old.unlink()  # of a longer notebook than today's

    # The copy is elsewhere: the package is found also where it isn't installed.
    paths = filter(None, [str(REPO), os.environ.get("PYTHONPATH")])
    env = {"PYTHONPATH": os.pathsep.join(paths)}
    with (
        tempfile.TemporaryDirectory(prefix="cav-shots-") as root,
        lab_server(root, settings=SHOW_EVERY_CELL, env=env) as server,
        browser() as chrome,
    ):
        lab = LabPage(server, chrome, options.width, options.height)
        lab.open(options.notebook, theme=theme)
        if not options.sidebar:
            lab.page.evaluate(
                "() => { if (!document.querySelector('#jp-left-stack').classList"
                ".contains('lm-mod-hidden')) return"
                " window.jupyterapp.commands.execute('application:toggle-left-area'); }"
            )
        if not options.no_run:
            lab.run_all()
            lab.wait_idle(options.timeout)
        for path in slices(lab, options.outdir, stem):
            print(path)
        problems = lab.errors() + lab.console
        lab.close()
    for text in problems:
        print(f"\nerror in the notebook:\n{text}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
