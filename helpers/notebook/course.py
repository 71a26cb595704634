"""The learner's own course: what surprised most, and the report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from ..charts.noted import ShownSurprises
from ..charts.progress import ShownRestored
from ..charts.report import Part, ShownReport, heading, part_of, report_html
from ..course import entries, place
from ..course.restoring import restore_file, told
from ..experiment import BadRequest
from ..experiment.compare import read_machine_card
from ..measure.machine import Machine
from ..worker.registry import shared_worker
from .running import in_thread

_PACKAGES = ("jupyterlab", "ipykernel", "ipywidgets", "matplotlib", "numpy")


def surprises(most: int = 5) -> ShownSurprises:
    """The predictions that were furthest off so far, in all notebooks; `most` of them.

    Raises BadRequest where `most` is no number from 1 to 100.
    """
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 100:
        raise BadRequest(f"most is a whole number from 1 to 100; {most!r} is not: write most=5.")
    return ShownSurprises(entries(), most)


def restore(file: str | Path) -> ShownRestored:
    """Add what a file holds that progress() downloaded; what is noted here stays as it is.

    `file` is its path, as seen from this notebook. Restoring it twice changes nothing.
    Raises BadRequest for a file that is none of these, or larger than 16 MB.
    """
    if not isinstance(file, str | Path) or not str(file).strip():
        raise BadRequest('restore takes the path of a file: write restore("my-progress.jsonl").')
    return ShownRestored(told(restore_file(Path(file).expanduser())))


async def report(*results: Any) -> ShownReport:
    """Make the report, one HTML file, and show a link that downloads it.

    It holds the machine card, every prediction beside its measurement, and `results`;
    without any: what the cells of this notebook have shown since its kernel started. A
    copy is kept in the course's folder. Raises BadRequest for what can't show itself.
    """
    for one in results:
        if not _shows_itself(one) and _panel_part(one) is None:
            raise BadRequest(f"A report takes results of the course; {type(one).__name__} is none.")
    chosen = results or _shown_here()
    worker = shared_worker()
    card = await in_thread(lambda: read_machine_card(worker), worker.stop)
    return await in_thread(lambda: _made(card, chosen), lambda: None)


def _made(card: Machine, chosen: Iterable[Any]) -> ShownReport:
    parts = [_panel_part(one) or part_of(one) for one in chosen]
    when, notebook = time.strftime("%Y-%m-%d"), place.notebook() or ""
    html = report_html(card, entries(), parts, _versions(card), when, notebook)
    stem = f"-{Path(notebook).stem}" if notebook else ""
    name = f"async-or-threads{stem}-{when}.html"
    return ShownReport(name, html, _kept(place.folder() / name, html))


def _kept(path: Path, html: str) -> bool:
    """Whether the report could be written to `path`."""
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(html, encoding="utf-8")
        new.replace(path)
    except OSError:
        with contextlib.suppress(OSError):  # half a file would only take the room that is wanting
            new.unlink()
        return False
    return True


def _versions(card: Machine) -> dict[str, str]:
    found = {card.implementation: card.python}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


# --- what was shown -------------------------------------------------------------------------


def _shown_here() -> list[Any]:
    """The results that cells ended with, in their order; of a cell that ran twice, the last.

    IPython keeps them (as ``Out``), so nothing else has to.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return []
    shell = get_ipython()
    if shell is None:
        return []
    kept, sources = shell.user_ns.get("_oh") or {}, shell.user_ns.get("_ih") or []
    by_cell: dict[Any, Any] = {}
    for number, value in sorted(kept.items()):
        key = sources[number] if number < len(sources) else number
        by_cell.pop(key, None)
        by_cell[key] = value
    once = {id(value): value for value in by_cell.values()}
    return [value for value in once.values() if _shows_itself(value) or _panel_part(value)]


def _shows_itself(value: Any) -> bool:
    """Whether `value` is a result of the course that can go into a report."""
    kind = type(value)
    ours = kind.__module__.partition(".")[0] == "helpers"
    shows = callable(getattr(kind, "_repr_html_", None))
    return ours and shows and getattr(kind, "in_report", True) and not isinstance(value, Machine)


def _panel_part(value: Any) -> Part | None:
    """What a panel shows now, if it has a result."""
    if type(value).__module__.partition(".")[0] != "helpers":
        return None
    figure = getattr(getattr(value, "figure", None), "value", "")
    if getattr(value, "result", None) is None or not isinstance(figure, str) or not figure:
        return None
    return Part(f"From a panel. {heading(value.result)}", figure)
