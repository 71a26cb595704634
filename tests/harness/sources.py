"""What a notebook's source must look like, as a list of what is wrong with it.

A rule is a function that takes a notebook and yields one sentence per breach.
`problems` applies them all.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.warnings import DuplicateCellId

from helpers.checks.blank import without_marks
from tests.harness.labserver import REPO

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
#: What a cell may say of itself; the rest is of the machine that it ran on.
CELL_METADATA = {"tags", "slideshow", "jupyter", "editable", "deletable"}
MAX_LINES = 12

_FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?(^ {0,3}\1`*~*\s*$|\Z)", re.M | re.S)
_NOT_PROSE = re.compile(
    r"""(?P<ticks>`+).+?(?P=ticks)  # code
    |\$\$.+?\$\$|\$[^$\n]+\$        # mathematics: n!
    |!\[                            # an image
    |\[![A-Z]+\]                    # a note: > [!NOTE]
    |<[^>]*>                        # HTML, its comments included
    |https?://\S+ | \]\([^)]*\)     # addresses
    """,
    re.X | re.S,
)
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\ufe0f\u231a\u231b\u23e9-\u23f3\u2705\u270a-\u270d"
    "\u2728\u274c\u274e\u2753-\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55]"
)


def notebooks(*folders: str) -> list[Path]:
    """The notebooks below folders of the repository, sorted; JupyterLab's own copies not."""
    found = (p for folder in folders for p in (REPO / folder).rglob("*.ipynb"))
    return sorted(p for p in found if ".ipynb_checkpoints" not in p.parts)


def problems(path: Path) -> list[str]:
    """Everything that is wrong with a notebook file."""
    try:
        text = path.read_text(encoding="utf-8")
        stored = json.loads(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DuplicateCellId)  # a rule's concern
            nbformat.validate(stored)
    except (ValueError, nbformat.ValidationError) as error:
        return [f"not a valid notebook: {error}"]
    if (stored["nbformat"], stored["nbformat_minor"]) < (4, 5):
        return ["older than nbformat 4.5: its cells have no ids"]
    # Not nbformat.read: it mends what it finds, such as an id that is there twice.
    notebook = nbformat.v4.reads(text)
    return [problem for rule in RULES for problem in rule(notebook)]


def _cells(notebook: NotebookNode, kind: str) -> Iterator[NotebookNode]:
    return (cell for cell in notebook.cells if cell.cell_type == kind)


def stored_without_results(notebook: NotebookNode) -> Iterator[str]:
    """No outputs, no execution counts."""
    for cell in _cells(notebook, "code"):
        if cell.outputs:
            yield f"cell {cell.id!r} has outputs"
        if cell.execution_count is not None:
            yield f"cell {cell.id!r} has an execution count"


def metadata_of_no_machine(notebook: NotebookNode) -> Iterator[str]:
    """The notebook's metadata are the agreed ones; a cell's, of agreed kinds."""
    if notebook.metadata != METADATA:
        yield f"metadata are {dict(notebook.metadata)}, not {METADATA}"
    for cell in notebook.cells:
        if extra := set(cell.metadata) - CELL_METADATA:
            yield f"cell {cell.id!r} has metadata {sorted(extra)}"


def readable_ids(notebook: NotebookNode) -> Iterator[str]:
    """A cell's id was chosen by a person, so that it outlives rewriting the cell."""
    seen: set[str] = set()
    for cell in notebook.cells:
        if cell.id in seen:
            yield f"cell id {cell.id!r} is there twice"
        seen.add(cell.id)
        if re.fullmatch(r"(?=.*\d)[0-9a-f]{8,}", cell.id.replace("-", "")):  # also UUIDs
            yield f"cell id {cell.id!r} was generated: give it a name"
        elif not re.fullmatch(r"[a-z0-9-]+", cell.id) or not re.search("[a-z]{2}", cell.id):
            yield f"cell id {cell.id!r} is not words in a-z, 0-9 joined by hyphens"


def headings(notebook: NotebookNode) -> Iterator[str]:
    """One title, first of all headings, and no level left out below it."""
    found: list[tuple[int, str]] = []
    for cell in _cells(notebook, "markdown"):
        text = _FENCE.sub("", cell.source)
        for hashes, html, title in re.findall(
            r"^ {0,3}(#{1,6})[ \t]+.*$|<h([1-6])\b|^ {0,3}\S.*\n {0,3}(=+|-{2,})[ \t]*$",
            text,
            re.M | re.I,
        ):
            level = len(hashes) or int(html or 0) or (1 if title[0] == "=" else 2)
            found.append((level, cell.id))
    titles = sum(level == 1 for level, _ in found)
    if titles != 1:
        yield f"{titles} headings of level 1, not one"
    before = 0
    for level, where in found:
        if level > before + 1:
            yield f"cell {where!r}: a heading of level {level} follows one of level {before}"
        before = level


def short_code(notebook: NotebookNode) -> Iterator[str]:
    """A code cell is at most a dozen lines, comments included, blank lines and marks not."""
    for cell in _cells(notebook, "code"):
        # A lab's marks for its blanks are for tools.make_labs: no learner sees them.
        lines = sum(1 for line in without_marks(cell.source).splitlines() if line.strip())
        if lines > MAX_LINES:
            yield f"cell {cell.id!r} has {lines} lines of code, more than {MAX_LINES}"
        if lines == 0:
            yield f"cell {cell.id!r} is empty"


def calm_prose(notebook: NotebookNode) -> Iterator[str]:
    """No exclamation marks in the text, no emoji anywhere."""
    for cell in notebook.cells:
        if emoji := _EMOJI.search(cell.source):
            yield f"cell {cell.id!r} has an emoji: {emoji[0]!r}"
    for cell in _cells(notebook, "markdown"):
        prose = _NOT_PROSE.sub(" ", _FENCE.sub("", cell.source))
        for line in prose.splitlines():
            if "!" in line:
                yield f"cell {cell.id!r} has an exclamation mark: {line.strip()!r}"


RULES: list[Callable[[NotebookNode], Iterator[str]]] = [
    stored_without_results,
    metadata_of_no_machine,
    readable_ids,
    headings,
    short_code,
    calm_prose,
]
