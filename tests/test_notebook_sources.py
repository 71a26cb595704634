"""Every notebook is stored as source: no results, readable ids, short cells, calm prose."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.harness.labserver import REPO
from tests.harness.sources import METADATA, notebooks, problems

ALL = notebooks("notebooks", "labs", "tools", "docs")


def test_there_are_notebooks() -> None:
    """The glob below finds something: an empty one would pass every test."""
    assert notebooks("notebooks")


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(REPO)))
def test_source(path: Path) -> None:
    """The notebook breaks no rule."""
    assert not problems(path)


def good() -> NotebookNode:
    """A notebook that breaks no rule, though it comes near to several."""
    text = (
        "# A title\n\n![a picture](a!.png) `x != y`, $n!$, https://a.example/!x\n\n"
        "```python\n# not a heading!\n```\n\n> [!NOTE]\n> ✓ → fine <!-- not shown! -->\n\n## Next"
    )
    cells = [
        new_markdown_cell(text, id="title"),
        new_code_cell("\n\n".join(["x = 1  # !"] * 12), id="step-2-added"),
        new_markdown_cell("### Below\n\n## Up again\n\n| a | b |\n| --- | --- |", id="below"),
    ]
    return new_notebook(cells=cells, metadata=copy.deepcopy(METADATA))


def put(**values: object) -> Callable[[NotebookNode], None]:
    """A change that sets values of the code cell."""
    return lambda notebook: notebook.cells[1].update(values)


def write(text: str) -> Callable[[NotebookNode], None]:
    """A change that adds a markdown cell."""
    return lambda notebook: notebook.cells.append(new_markdown_cell(text, id="more"))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (put(outputs=[new_output("stream", text="1")]), "has outputs"),
        (put(execution_count=3), "execution count"),
        (put(metadata={"execution": {"started": "today"}}), "has metadata ['execution']"),
        (put(id="title"), "is there twice"),
        (put(id="Step_2"), "is not words"),
        (put(id="4f0c2a91"), "was generated"),
        (put(id="0b9e1c62-7d1f-4f3e-9a0e-3f2b8c6d5a41"), "was generated"),
        (put(source="\n".join(["x = 1"] * 13)), "13 lines of code"),
        (put(source="  \n"), "is empty"),
        (put(source="print('\U0001f680')"), "an emoji"),
        (put(cell_type="cod"), "not a valid notebook"),
        (write("# Another title"), "2 headings of level 1"),
        (write("#### Too deep"), "level 4 follows one of level 2"),
        (write("Another\n======="), "2 headings of level 1"),
        (write("Fast! And `good`."), "exclamation mark"),
        (lambda nb: nb.cells.pop(0), "0 headings of level 1"),
        (lambda nb: nb.metadata.update(widgets={}), "metadata are"),
        (lambda nb: nb.metadata.language_info.update(version="3.11.7"), "metadata are"),
        (lambda nb: nb.update(nbformat_minor=4), "not a valid notebook"),
    ],
)
def test_a_breach_is_found(
    tmp_path: Path, change: Callable[[NotebookNode], object], complaint: str
) -> None:
    """Each rule complains of a notebook that breaks it, and only then."""
    path = tmp_path / "notebook.ipynb"
    notebook = good()
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
    assert problems(path) == []
    change(notebook)
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
    found = problems(path)
    assert any(complaint in text for text in found), found


LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#([^)\s]+))?\)")


def heading_names(path: Path) -> set[str]:
    """The names by which JupyterLab's links reach a notebook's headings."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {title.strip().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(REPO)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link names a file that is there, and a heading that is in it.

    A solution's links are those of the exercise, which lies one folder up.
    """
    folder = path.parent.parent if path.parent.name == "solutions" else path.parent
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for file, heading in LINK.findall(cell.source):
                target = folder / file
                assert target.exists(), f"{cell.id}: {file} is not there"
                if heading:
                    assert heading in heading_names(target), f"{cell.id}: no heading {heading}"
