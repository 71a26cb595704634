"""The labs: exercises are made from their solutions, and every check judges rightly."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers.checks.blank import with_blanks
from helpers.checks.labs import NUMBERS, find
from helpers.course.diary import Diary
from helpers.experiment.pace import VARIABLE as ROUNDS
from tests.harness.foreign import foreign, watched
from tests.harness.labserver import REPO
from tests.harness.matrix import Case, cases, complaints
from tests.harness.run_all import run_all
from tests.test_nbval import NET_LOG, code_cells, nbval
from tools.make_labs import SOLUTIONS, TAG, exercise_of, written

LABS = {number: find(number) for number in NUMBERS}
STEMS = [lab.stem for lab in LABS.values()]


def cells_of(path: Path) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def test_the_folders_hold_these_labs_and_no_others():
    for folder in (REPO / "labs", SOLUTIONS):
        assert sorted(path.stem for path in folder.glob("*.ipynb")) == sorted(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_an_exercise_is_what_its_solution_says(stem: str):
    """Mended by: make labs."""
    solution = nbformat.read(SOLUTIONS / f"{stem}.ipynb", as_version=4)
    assert (REPO / "labs" / f"{stem}.ipynb").read_text() == written(exercise_of(solution))


def test_drift_is_seen():
    source = "a = 1\nb = 2  # BLANK: two"
    solution = new_notebook(cells=[
        new_markdown_cell("# Title", id="title"),
        new_code_cell(source, id="code"),
        new_code_cell("1", id="more", metadata={"tags": [TAG]}),
    ])  # fmt: skip
    exercise = exercise_of(solution)
    assert [cell.id for cell in exercise.cells] == ["title", "code"]
    assert exercise.cells[1].source == "a = 1\nb = ...  # two"
    assert written(exercise) != written(solution)
    assert solution.cells[1].source == source, "the solution stays as it is"


def test_a_with_keeps_its_block():
    source = "async with a.b:  # BLANK: which?\n    c = 1"
    assert with_blanks(source) == "async with ...:  # which?\n    c = 1"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lab_has_its_steps(number: int):
    """Two blanks, lines to order, one blank; then what is OPTIONAL. Each with its check."""
    lab = LABS[number]
    cells = cells_of(SOLUTIONS / f"{lab.stem}.ipynb")
    exercise = [with_blanks(cells[f"step-{n}"].source) for n in (1, 2, 3, 4)]
    blanks = [len(re.findall(r"\.\.\.:?  # ", source)) for source in exercise]
    assert blanks == [2, 1, 1, 1]
    assert [step.optional for step in lab.steps] == [False, False, False, True]
    assert [bool(step.lines) for step in lab.steps] == [False, True, False, False]
    for n, step in enumerate(lab.steps, 1):
        assert cells[f"check-{n}"].source.startswith(f"await lab{number}.check({n}, ")
        assert len(step.hints) >= 2
        head = cells[f"step-{n}-head"].source
        assert head.startswith(f"## Step {n}{', OPTIONAL' if step.optional else ''}: {step.title}")
    lines = "\n".join(f"{letter}  {line}" for letter, line in lab.steps[1].lines.items())
    assert f"```text\n{lines}\n```" in cells["step-2-head"].source


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("stem", STEMS)
def test_an_exercise_runs_to_its_end_untouched(stem: str, tmp_path: Path):
    """Every check says "not attempted", and nothing is noted as checked."""
    env = watched(tmp_path / NET_LOG, {ROUNDS: "few", "COURSE_FOLDER": str(tmp_path)})
    report = run_all(REPO / "labs" / f"{stem}.ipynb", env=env)
    assert not report.problems(), "\n\n".join(report.problems())
    checks = {cell.id: cell.shown for cell in report.cells if cell.id.startswith("check-")}
    assert len(checks) == 4
    for text in checks.values():
        assert ": not attempted." in text
    assert not [entry for entry in Diary(tmp_path).entries() if entry.kind == "check"]
    assert foreign(tmp_path / NET_LOG) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_solutions_pass_their_own_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """nbval runs every cell of every solution; the diary says what each check found."""
    monkeypatch.setenv("COURSE_FOLDER", str(tmp_path / "course"))
    monkeypatch.setenv(ROUNDS, "few")
    outcomes, printed = nbval(SOLUTIONS, tmp_path)
    assert set(outcomes) == {"passed"}, printed
    assert outcomes["passed"] >= sum(code_cells(SOLUTIONS / f"{stem}.ipynb") for stem in STEMS)
    found = {(e.title, e.about): e.right for e in Diary(tmp_path / "course").entries()
             if e.kind == "check"}  # fmt: skip
    assert found == {(stem, f"step {n}"): True for stem in STEMS for n in (1, 2, 3, 4)}
    assert foreign(tmp_path / NET_LOG) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", NUMBERS)
def test_every_solution_is_judged_rightly(number: int):
    """Once each here; `python -m tests.harness.matrix --runs 200` does it until one fails."""
    chosen = cases(number)
    steps = {(case.step, bool(case.word)) for case in chosen}
    assert steps == {(step, wrong) for step in (1, 2, 3, 4) for wrong in (False, True)}
    assert not complaints(chosen, at_once=8)


def test_a_wrong_verdict_is_seen():
    """The matrix complains of a right solution called wrong, and of the reverse."""
    right, wrong = cases(1)[0], cases(1)[-1]
    swapped = [Case(1, 1, right.solution, "anything"), Case(1, 1, wrong.solution)]
    assert len(complaints(swapped, at_once=2)) == 2
