"""What docs/proof.md points at exists: tests, rows of the benchmarks, commands, README's words."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.__main__ import PARTS

REPO = Path(__file__).resolve().parents[1]
PROOF, README = REPO / "docs" / "proof.md", REPO / "README.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_BENCH = re.compile(r"bench `(\w+)`")
_MAKE = re.compile(r"`(?:[A-Z_]+=\S+ )*make ([\w-]+)")
_MODULE = re.compile(r"`(?:[A-Z_]+=\S+ )*python -m ([\w.]+)")
_DATE = re.compile(r"20\d\d-\d\d-\d\d")


def sections() -> dict[str, list[list[str]]]:
    """The rows of the table under each heading, as cells."""
    found: dict[str, list[list[str]]] = {}
    for line in PROOF.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = found[line[3:]] = []
        elif line.startswith("| ") and not line.startswith(("| ---", "| what ")):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


ROWS = [(f"{name} {number}", row) for name, rows in sections().items()
        for number, row in enumerate(rows)]  # fmt: skip


@cache
def functions(path: Path) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def broken(text: str) -> list[str]:
    """What a text points at that is not there."""
    targets = set(re.findall(r"^([\w -]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    targets = {name for group in targets for name in group.split()}
    lost = [f"{file}::{name}" for file, name in _TEST.findall(text)
            if not (REPO / file).exists()
            or (name and name not in functions(REPO / file))]  # fmt: skip
    lost += [f"bench {part}" for part in _BENCH.findall(text) if part not in PARTS]
    lost += [f"make {target}" for target in _MAKE.findall(text) if target not in targets]
    return lost + [f"python -m {name}" for name in _MODULE.findall(text) if not find_spec(name)]


def test_every_line_of_the_proof_is_there():
    assert list(sections()) == [
        *("Accessibility", "Faults", "Flakiness", "Matrix", "Security", "Performance"),
        *("For the next maintainer", "What the README says"),
    ]


@pytest.mark.parametrize("row", [row for _, row in ROWS], ids=[name for name, _ in ROWS])
def test_a_row_has_a_proof_that_is_there(row):
    """A test or a row of the benchmarks; or a check by hand, and then with its date."""
    promise, how, result = row
    assert promise
    assert broken(how) == []
    if not _TEST.search(how) and not _BENCH.search(how):
        assert _DATE.search(result), "a check by hand has a date and what was seen"


def test_what_is_not_there_is_noticed():
    text = ("`tests/test_nothing.py` `tests/test_proof.py::test_no` bench `nothing` `make nothing` "
            "`python -m tools.nothing`")  # fmt: skip
    assert len(broken(text)) == 5


def test_the_readme_says_what_the_proof_quotes():
    said = " ".join(README.read_text(encoding="utf-8").split())
    for promise, *_ in sections()["What the README says"]:
        quoted = re.findall("“([^”]+)”", promise)
        assert quoted, promise
        for words in quoted:
            assert words in said, f"README no longer says: {words}"


def test_each_part_of_the_readme_is_proved():
    """Each heading is named by a row."""
    headings = re.findall(r"^## (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    named = " ".join(promise for promise, *_ in sections()["What the README says"])
    for heading in headings:
        if heading != "Licence":
            assert f"*{heading}*" in named, f"no row on {heading}"
