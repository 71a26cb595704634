"""The benchmarks' record: every figure of the design is in it, and parts replace one another."""

from __future__ import annotations

import re

import pytest

from benchmarks import record
from benchmarks.__main__ import PARTS, main
from benchmarks.rows import HEAD, Row
from tests.harness.labserver import REPO

#: The figures that the course set itself, by the part of the benchmarks that measures them; but
#: for the suite's own time, which the suite can't ask for before it has run.
FIGURES = {
    "runs": (r"asyncio run, 1,000 ", r"asyncio run, 10,000 ", r"every step traced", r"one step",
             r"threaded run, 2,000 "),
    "worker": (r"warm worker", r"worker, cold"),
    "limits": (r"memory above a cap",),
    "events": (r"100,000 events",),
    "predictions": (r"predicted against measured",),
    "verdicts": (r"a comparison of 20", r"A against A"),
    "drawing": (r"timeline of 5 tasks", r"timeline of 5,000 tasks"),
    "panel": (r"click on Run to first progress", r"click on Stop to stopped"),
    "replay": (r"replay of 5,000 tasks",),
    "load": (r"load client.*share of wrk",),
    "advice": (r"right answers",),
    "notebooks": tuple(f"notebook 0{number}-.*top to bottom" for number in range(8)),
    "lab": (r"make lab.*fresh", r"make lab.*again"),
}  # fmt: skip
#: What a figure is measured in turn with, where the design or the course names it; in its row or
#: the next, with a ratio.
PEERS = {
    r"asyncio run, 1,000 ": "bare asyncio.gather",
    r"asyncio run, 10,000 ": "bare asyncio.gather",
    r"every step traced": "bare asyncio.gather",
    r"every call traced by viztracer": "bare asyncio.gather",
    r"threaded run, 2,000 ": "bare ThreadPoolExecutor",
    r"warm worker": "python -c pass",
    r"worker, cold": "python -c pass",
    r"100,000 events": "pickle",
    r"A against A": "percentile bootstrap",
    r"timeline of 5 tasks": "one bar a task",
    r"timeline of 5,000 tasks": "one bar a task",
    r"replay of 5,000 tasks": "an empty page",
    r"load client.*share of wrk": "wrk",
    r"make lab.*fresh": "venv, pip, jupyter lab",
    r"make lab.*again": "jupyter lab without the course's settings",
    r"workloads of scikit-learn, loaded": "a worker that keeps no library",
    r"a survey of them": "a worker that keeps no library",
}
#: Counted over many tries, or too long to be done three times.
ONCE = re.compile(r"A against A|^\| advice|^\| memory|^\| make test")
_ROW = re.compile(
    r"\| .+ \| [\d.,]+ ?\S* \| .+ to .+ \| \d+ \| (–|[≤≥] .+) \| (–|met|MISSED) \| .+ \|"
)
_WHERE = re.compile(r"CPython 3\.\d+\.\d+, .+, \d+ cores, 20\d\d-\d\d-\d\d \d\d:\d\d, load [\d.]+, "
                    r"commit [0-9a-f]{7,}")  # fmt: skip


@pytest.mark.parametrize("part", FIGURES)
def test_every_figure_is_on_record_with_machine_date_and_spread(part):
    body = record.read()[part]
    where, head, line, *rows = filter(None, body.splitlines())
    assert _WHERE.fullmatch(where)
    assert f"{head}\n{line}" == HEAD
    for row in rows:
        assert _ROW.fullmatch(row), row
    for figure in FIGURES[part]:
        found = [row for row in rows if re.search(figure, row)]
        assert found, f"no row on {figure}"
        assert "≤" in found[0] or "≥" in found[0], "a figure of the design has a target"


def test_every_part_is_on_record_from_a_commit_that_anybody_can_have():
    sections = record.read()
    assert set(sections) == set(PARTS)
    for part, body in sections.items():
        assert _WHERE.fullmatch(body.splitlines()[0]), f"{part}: {body.splitlines()[0]}"


@pytest.mark.parametrize("figure", PEERS)
def test_a_figure_with_a_peer_is_a_ratio_to_it(figure):
    (rows,) = [[row for row in body.splitlines() if row.startswith("| ")][1:]
               for body in record.read().values() if re.search(figure, body)]  # fmt: skip
    at = next(number for number, row in enumerate(rows) if re.search(figure, row))
    both = rows[at : at + 2]
    assert any(PEERS[figure] in row for row in both), both
    assert any(re.match(r"\| .+? \| [\d.,]+(×| %) \|", row) for row in both), both


def test_what_is_measured_is_measured_more_than_once():
    rows = [row for body in record.read().values() for row in body.splitlines()
            if _ROW.fullmatch(row) and not ONCE.search(row)]  # fmt: skip
    assert len(rows) > 60
    few = [row for row in rows if int(row.split(" | ")[3]) < 3]
    assert not few


def test_the_profile_names_the_cells_that_a_learner_waits_for_longest():
    rows = re.findall(r"^\| cell (\S+) of (\S+) \| .* of its notebook \|$",
                      record.read()["notebooks"], re.M)  # fmt: skip
    assert len(rows) >= 5
    for cell, notebook in rows:
        text = (REPO / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8")
        assert f'"id": "{cell}"' in text, f"{notebook} has no cell {cell}"


def test_a_part_that_is_measured_again_takes_the_place_of_the_old(tmp_path):
    path, order = tmp_path / "record.md", ["runs", "load"]
    record.keep("load", "there", [Row("requests", [3.0, 1.0, 2.0], "/s", 2.0)], order, path)
    record.keep("runs", "here", [Row("run", [1.0], "×")], order, path)
    record.keep("load", "here", [Row("requests", [5.0], "/s", 2.0)], order, path)
    sections = record.read(path)
    assert list(sections) == ["runs", "load"]
    assert "| requests | 5.00 /s | 5.00 /s to 5.00 /s | 1 | ≤ 2.00 /s | MISSED | – |" in (
        sections["load"].splitlines()
    )
    assert "there" not in path.read_text()


def test_a_part_that_is_not_there_is_named(capsys):
    assert main(["drawings"]) == 2
    said = capsys.readouterr().out
    assert "drawings" in said
    assert all(part in said for part in PARTS)
