"""The decision guide: every branch has its proof, and every link leads somewhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers import decision_guide
from helpers.charts.guide import COMPUTES, ROOT, WAITS, Guide

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PROOFS = sorted(set(Guide().proofs()), key=lambda proof: proof.link)


def headings(notebook: Path) -> list[str]:
    """The headings of a notebook's markdown cells."""
    cells = json.loads(notebook.read_text())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return [match[1] for text in texts for match in re.finditer(r"^#{1,4} (.+)$", text, re.M)]


class Links(HTMLParser):
    """The targets of all links of a page, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs)["href"])


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.label)
def test_every_link_leads_to_a_heading(proof):
    notebook = NOTEBOOKS / f"{proof.notebook}.ipynb"
    assert proof.heading in headings(notebook)


def test_links_between_notebooks_lead_to_headings():
    checked = 0
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(notebook.read_text())["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        for stem, anchor in re.findall(r"\]\((\d\d[\w-]+)\.ipynb(?:#([^)]+))?\)", text):
            there = NOTEBOOKS / f"{stem}.ipynb"
            if there.exists():
                anchors = ["", *(heading.replace(" ", "-") for heading in headings(there))]
                assert anchor in anchors, f"{notebook.name}: {stem}#{anchor}"
                checked += 1
    assert checked > 2


def test_every_branch_has_a_condition_and_a_proof():
    leaves = list(Guide().leaves())
    assert len(leaves) == len(WAITS) + len(COMPUTES) + 2
    for leaf in leaves:
        assert leaf.proofs
        assert leaf.condition.endswith(".")
    for step in (*WAITS, *COMPUTES):
        assert {step.answer, step.other} == {"yes", "no"}
        assert step.question.endswith("?")


def test_the_figure_links_to_every_proof_and_nowhere_else():
    links = Links(decision_guide()._repr_html_()).found
    assert links == [proof.link for proof in Guide().proofs()]
    assert all(re.fullmatch(r"\d\d-[a-z-]+\.ipynb#\S+", link) for link in links)


def test_the_guide_in_words_holds_every_question_and_answer():
    words = str(decision_guide())
    assert ROOT in words
    for step in (*WAITS, *COMPUTES):
        assert step.question in words
    for leaf in Guide().leaves():
        assert leaf.choose in words
