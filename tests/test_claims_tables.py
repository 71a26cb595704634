"""Each notebook ends with its claims, and every one leads to a place where it was measured."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.harness.labserver import REPO
from tests.harness.sources import notebooks

ALL = notebooks("notebooks")
#: The cell with the table, or with the links to the rows of a table that code draws, has this
#: id or this tag.
MARK = "claims"
FEWEST = 3
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.M)
_LINK = re.compile(r"\[[^\]]+\]\(([\w-]+\.ipynb)#([^)\s]+)\)")
_ROW = re.compile(r"^\|.*\|$", re.M)


def read(path: Path) -> NotebookNode:
    """The notebook of a file."""
    return nbformat.read(path, as_version=4)


def claims_of(notebook: NotebookNode) -> list[int]:
    """The places of the markdown cells that hold the claims."""
    return [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        and (cell.id == MARK or MARK in cell.metadata.get("tags", []))
    ]


def section(notebook: NotebookNode, anchor: str) -> list[NotebookNode] | None:
    """The code cells below a heading, up to the next one of its level; None: no such heading."""
    depth, found = None, None
    for cell in notebook.cells:
        if cell.cell_type == "code" and depth is not None:
            found.append(cell)
        for hashes, title in _HEADING.findall(cell.source) if cell.cell_type == "markdown" else ():
            if depth is not None and len(hashes) <= depth:
                return found
            if depth is None and title.strip().replace(" ", "-") == anchor:
                depth, found = len(hashes), []
    return found


def measures(source: str) -> bool:
    """Whether a cell finds something out: it awaits or asserts something, in no function of its.

    Definitions, quizzes and panels that wait for a click do not.
    """
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    todo: list[ast.AST] = [compile(source, "cell", "exec", flags)]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Await | ast.Assert | ast.AsyncWith | ast.AsyncFor):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
    return False


def complaints(notebook: NotebookNode, folder: Path) -> Iterator[str]:
    """What is wrong with a notebook's claims."""
    places = claims_of(notebook)
    if len(places) != 1:
        yield f"{len(places)} cells are marked {MARK!r}, not one"
        return
    text = notebook.cells[places[0]].source
    rows = _ROW.findall(text)[2:]
    for row in rows:
        if not _LINK.search(row):
            yield f"no link to a measurement in {row}"
    if not rows and not any(_draws_table(cell) for cell in notebook.cells[places[0] + 1 :]):
        yield "neither a table nor a cell below it that draws one"
    if len(rows or _LINK.findall(text)) < FEWEST:
        yield f"fewer than {FEWEST} claims"
    for file, anchor in _LINK.findall(text):
        there = folder / file
        code = section(read(there), anchor) if there.exists() else None
        if code is None:
            yield f"{file}#{anchor} is not there"
        elif not any(measures(cell.source) for cell in code):
            yield f"nothing is measured under {file}#{anchor}"


def _draws_table(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and re.search(r"^table\(", cell.source, re.M) is not None


def test_there_are_notebooks() -> None:
    """An empty list would pass every test."""
    assert len(ALL) >= 8


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_claim_leads_to_a_measurement(path: Path) -> None:
    assert list(complaints(read(path), path.parent)) == []


GOOD = "| a | b |\n| --- | --- |\n" + "| x | [A](one.ipynb#A-b) |\n" * FEWEST


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        (GOOD, "await compare(work)", None),
        (GOOD, "async def f():\n    await compare(work)", "nothing is measured"),
        (GOOD, "quiz('01')", "nothing is measured"),
        (GOOD.replace("#A-b", "#A-c"), "assert x", "#A-c is not there"),
        (GOOD.replace("one.", "two."), "assert x", "two.ipynb#A-b is not there"),
        (GOOD + "| x | above |\n", "assert x", "no link to a measurement in | x | above |"),
        ("| a |\n| --- |\n| [A](one.ipynb#A-b) |", "assert x", "fewer than 3"),
        ("[A](one.ipynb#A-b) " * FEWEST, "assert x", "neither a table"),
        ("nothing", "assert x", "neither a table"),
    ],
)
def test_a_breach_is_found(tmp_path: Path, text: str, code: str, complaint: str | None) -> None:
    """A table breaks each rule in turn, and only the first one breaks none."""
    cells = [
        new_markdown_cell("# T\n\n## A b"),
        new_code_cell(code),
        new_markdown_cell("## End"),
        new_code_cell("await measured"),  # not in the section any more
        new_markdown_cell(text, id=MARK),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "one.ipynb")
    found = list(complaints(read(tmp_path / "one.ipynb"), tmp_path))
    assert found == [] if complaint is None else any(complaint in each for each in found), found


def test_a_notebook_without_claims_is_found() -> None:
    assert list(complaints(new_notebook(), REPO)) == ["0 cells are marked 'claims', not one"]
