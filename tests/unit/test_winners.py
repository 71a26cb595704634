"""The map of winners: what is asked for, how cells are settled, what is said and drawn."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ElementTree

import pytest

from helpers.charts.winners import words
from helpers.charts.winners.shown import ShownWinners
from helpers.experiment import BadRequest, make_request
from helpers.experiment.comparison import Comparison
from helpers.experiment.winners.cells import (
    BLANK,
    CLOSE,
    NO_CORE,
    UNDECIDED,
    WANTED,
    WINNER,
    Cell,
    Kind,
    Winners,
)
from helpers.experiment.winners.search import Asked, WinnersExperiment, default_kinds
from helpers.measure.machine import Machine
from helpers.measure.run import Run
from helpers.measure.usage import Usage
from helpers.worker.errors import Stopped
from helpers.workloads import work

from .test_survey import fails, fine, only_async

MACHINE = Machine("3.12.1", "CPython", "Linux x86_64", 2, 2, None, 4096.0, True, False, 0.005,
                  8e-5, 1e-5, 3.6e-6, 7e-5, "2026-01-02")  # fmt: skip
WAIT, COMPUTE = work.sleep(ms=10), work.compute(ms=1, steps=500)

# --- what is asked for -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "options", "says"),
    [
        ({}, {}, "A map has 1 to 12 kinds of work, not 0"),
        ([WAIT] * 13, {}, "not 13"),
        ("sleep", {}, "is a str"),
        ([5], {}, "is an int"),
        ([only_async], {"models": ["asyncio"]}, "only asyncio can run only_async"),
        ([WAIT], {"counts": 5}, r"counts is a list of task counts"),
        ([WAIT], {"counts": []}, "counts holds 1 to 6 different task counts, not 0"),
        ([WAIT], {"counts": [0]}, "counts is a whole number from 1 to 10,000"),
        ([WAIT], {"counts": range(1, 9)}, "not 8"),
        ([WAIT], {"models": ["fibers"]}, "no model 'fibers'"),
        ([WAIT], {"workers": "many"}, "workers is a whole number"),
        ([WAIT], {"budget_s": -1}, "budget_s is a time in seconds"),
    ],
)
def test_bad_input_gets_a_sentence(what, options, says):
    with pytest.raises(BadRequest, match=says):
        Asked(what, **options)


def test_kinds_come_as_a_dict_a_list_or_one_alone():
    assert list(Asked({"a wait": WAIT, "mine": fine}).kinds) == ["a wait", "mine"]
    assert list(Asked([WAIT, WAIT]).kinds) == ["wait 10 ms", "wait 10 ms 2"]
    assert len(Asked((fine, only_async)).kinds) == 1  # a pair
    assert len(Asked(counts=[3, 1, 3]).kinds) == len(default_kinds()) == 6
    assert Asked(counts=[3, 1, 3]).counts == (1, 3)


def test_where_tasks_compute_there_are_processes_and_as_many_at_once_as_cores():
    asked = Asked([WAIT])
    waits, computes = asked.request(WAIT, 100, False, 2), asked.request(COMPUTE, 100, True, 2)
    assert waits.models == ("sequential", "asyncio", "threads")
    assert waits.cap == 100
    assert computes.models == ("sequential", "asyncio", "threads", "processes")
    assert computes.cap == 2
    own = Asked([WAIT], models=["threads", "sequential"], workers=5)
    assert own.request(COMPUTE, 100, True, 2).models == ("threads", "sequential")
    assert own.request(WAIT, 100, False, 2).cap == 5


# --- how a cell is settled ---------------------------------------------------------------


def run_of(model: str, wall_s: float, cpu_s: float = 0.0) -> Run:
    usage = Usage(wall_s, cpu_s, 0, 0, None, 1)
    return Run(model, 10, 10, wall_s, usage, digest="same")


def cell_of(walls: dict[str, list[float]], workload=WAIT, tasks: int = 10, *,
            control: float | None = 1.9, late: bool = True, cores: int = 2) -> Cell:  # fmt: skip
    """A cell with these wall times in seconds, a list a model, the first from round 0."""
    machine = Machine.from_dict({**MACHINE.as_dict(), "cores": cores})
    request = make_request(workload, tasks, workers=2, models=list(walls))
    cost = (0.001, 0.001) if workload is COMPUTE else (0.01, 0.0)
    found = Comparison(request, machine, single=[cost], control=control)
    for model, times in walls.items():
        runs = [run_of(model, wall) for wall in times]
        found.traced[model] = runs[0]
        found.repeats[model] = dict(enumerate(runs))
    return Cell(tasks, found, rounds=max(map(len, walls.values())), late=late)


def test_a_winner_is_faster_in_every_round():
    cell = cell_of({"asyncio": [0.010] * 8, "threads": [0.012] * 8})
    assert cell.state() == WINNER
    assert cell.fastest() == ["asyncio"]
    assert [(v.second, round(v.ratio, 1)) for v in cell.gains()] == [("threads", 1.2)]


def test_too_close_to_call_names_all_that_are_alike():
    mixed = [0.012, 0.009] * 4
    cell = cell_of({"sequential": [0.1] * 4, "asyncio": [0.010] * 8, "threads": mixed})
    assert cell.state() == CLOSE
    assert set(cell.fastest()) == {"asyncio", "threads"}
    assert [v.second for v in cell.gains()] == ["sequential"]
    assert not cell.due()


def test_one_round_of_eight_that_disagrees_is_enough_to_call_nobody():
    cell = cell_of({"asyncio": [0.010] * 8, "threads": [0.012] * 7 + [0.0099]})
    assert cell.state() == CLOSE


@pytest.mark.parametrize(
    ("fast", "slow", "rounds", "settled"),
    [
        (0.010, 0.012, 5, False),  # close, and too few rounds
        (0.010, 0.020, 3, False),  # far slower, but other programs may have done that
        (0.010, 0.020, 4, True),
        (0.10, 0.20, 1, False),
        (0.10, 0.20, 2, True),  # by a tenth of a second, twice
        (0.10, 0.35, 1, True),  # hopeless
        (0.01, 0.10, 1, False),  # as hopeless, but within what a moment may do
    ],
)
def test_what_is_far_slower_is_out_after_a_few_rounds(fast, slow, rounds, settled):
    cell = cell_of({"asyncio": [fast] * rounds, "threads": [slow] * rounds})
    assert cell.state() == (WINNER if settled else UNDECIDED)
    assert cell.due() == ([] if settled else ["asyncio", "threads"])


def test_six_rounds_do_once_the_time_is_over_and_not_before():
    walls = {"asyncio": [0.010] * 6, "threads": [0.012] * 6}
    assert cell_of(walls, late=False).state() == UNDECIDED
    assert cell_of(walls, late=False).due() == ["asyncio", "threads"]
    assert cell_of(walls, late=True).state() == WINNER
    assert WANTED == 8


def test_a_cell_with_one_model_has_no_winner():
    cell = cell_of({"threads": [0.01]})
    cell.comparison.left_out["asyncio"] = "asyncio: more than 5.0 s expected"
    assert cell.state() == BLANK
    assert cell.fastest() == []
    assert cell.why_blank() == "only threads gave a result; asyncio: more than 5.0 s expected"
    assert Cell(10, None, "no time was left").state() == BLANK


ROW = {"sequential": [0.010] * 8, "threads": [0.011] * 8, "processes": [0.014] * 8}


def test_without_a_second_core_a_loss_of_the_parallel_models_says_nothing():
    assert cell_of(ROW, COMPUTE).state() == WINNER
    assert cell_of(ROW, COMPUTE, control=1.2).state() == NO_CORE
    assert cell_of(ROW, COMPUTE, control=None, cores=1).state() == NO_CORE
    assert cell_of(ROW, COMPUTE, control=1.2).fastest() == []


def test_without_a_second_core_the_rest_still_holds():
    assert cell_of(ROW, COMPUTE, tasks=1, control=1.2).state() == WINNER  # nothing to share out
    gained = {**ROW, "processes": [0.007] * 8}
    assert cell_of(gained, COMPUTE, control=1.2).fastest() == ["processes"]
    tiny = {"sequential": [0.001] * 8, "threads": [0.011] * 8, "processes": [0.014] * 8}
    assert cell_of(tiny, COMPUTE, control=1.2).fastest() == ["sequential"]
    assert cell_of({**ROW, "asyncio": [0.009] * 8}, WAIT, control=None).state() == WINNER


def test_asyncio_stands_where_sequential_stands_if_its_tasks_compute():
    walls = {"sequential": [0.2] * 2, "asyncio": [0.19], "threads": [0.45] * 2}
    cell = cell_of(walls, COMPUTE)
    assert cell.state() == WINNER
    assert cell.fastest() == ["sequential", "asyncio"]
    own = cell_of(walls, fine)  # what an async form of one's own does, only a run tells
    own.comparison.single[:] = [(0.001, 0.001)]
    assert not own.follows()


# --- how the map is made -----------------------------------------------------------------


class Noted(WinnersExperiment):
    """A search that notes every run; when the `last` one ends, the time is over."""

    def __init__(self, worker, last: int | None = None) -> None:
        super().__init__(worker)
        self.runs: list[tuple[str, int, str]] = []
        self.last = last

    def _once(self, kind, cell, model):
        self.runs.append((kind.label, cell.tasks, model))
        spent = super()._once(kind, cell, model)
        if len(self.runs) == self.last:
            self._deadline = 0.0
        return spent


def test_first_everything_once_then_rounds_in_turn(worker, monkeypatch):
    monkeypatch.setattr("helpers.experiment.winners.search.LIMIT", 99.0)  # no round is repeated
    noted = Noted(worker)
    asked = Asked({"a": work.sleep(ms=2)}, (1, 2), models=["asyncio", "threads"])
    found = noted.search(asked)
    once = [("a", n, m) for n in (1, 2) for m in ("asyncio", "threads")]
    assert noted.runs[:4] == once
    for tasks in (1, 2):
        turns = [model for _, n, model in noted.runs[4:] if n == tasks]
        assert turns[:4] == ["threads", "asyncio", "asyncio", "threads"]
        cell = found.kinds["a"].cells[tasks]
        assert cell.state() in (WINNER, CLOSE)
        assert 4 <= cell.rounds <= WANTED


def test_what_would_take_too_long_is_not_run_and_not_claimed(worker):
    noted = Noted(worker)
    found = noted.search(Asked([work.sleep(ms=300)], (1, 50), budget_s=1))
    assert noted.runs == []
    assert set(found.states().items()) >= {(BLANK, 2), (WINNER, 0)}
    assert "sequential: more than 1" in found.kinds["wait 300 ms"].cells[50].why_blank()


def test_a_model_that_would_be_alone_is_not_run(worker):
    noted = Noted(worker)
    found = noted.search(Asked([work.blocking_sleep(ms=40)], (40,), budget_s=1))
    assert noted.runs == []
    assert found.states()[BLANK] == 1


@pytest.mark.parametrize("runs", [2, 8])
def test_nothing_begins_after_the_deadline(worker, runs):
    noted = Noted(worker, last=runs)  # in the middle of the first runs, and of a later round
    found = noted.search(Asked([work.sleep(ms=1), work.sleep(ms=2)], (2,)))
    assert len(noted.runs) == runs
    assert list(found.kinds) == ["wait 1 ms", "wait 2 ms"]
    assert sum(found.states().values()) == 2


def test_a_kind_that_fails_costs_only_its_own_row(worker):
    kinds = {"bad": fails, "good": work.sleep(ms=1)}
    found = WinnersExperiment(worker).search(Asked(kinds, (2,)))
    assert found.kinds["bad"].problem == "ValueError: burnt <bread>"
    assert found.kinds["bad"].cells[2].state() == BLANK
    assert found.kinds["good"].cells[2].models == ["sequential", "asyncio", "threads"]


def test_in_haste_everything_runs_once(worker, monkeypatch):
    monkeypatch.setenv("COURSE_ROUNDS", "few")
    noted = Noted(worker)
    found = noted.search(Asked({"a": work.sleep(ms=1)}, (1, 2), budget_s=20))
    assert len(noted.runs) == len(set(noted.runs)) == 6
    assert found.budget_s == 6.0


def test_stop_ends_it_and_leaves_the_worker_usable(worker):
    experiment = WinnersExperiment(worker)
    timer = threading.Timer(0.3, experiment.stop)
    timer.start()
    with pytest.raises(Stopped):
        experiment.search(Asked([work.sleep(ms=200)], (1, 2), budget_s=20))
    timer.join()
    worker.load(work.sleep(ms=1))
    assert worker.run("threads", 2, 2).tasks == 2


# --- what is said and drawn --------------------------------------------------------------


@pytest.fixture
def shown() -> ShownWinners:
    """Two rows, three counts: every state once."""
    blank = cell_of({"threads": [0.01]}, tasks=3)
    blank.comparison.left_out["asyncio"] = "asyncio: more than 5.0 s expected"
    first = {
        1: cell_of({"asyncio": [0.010] * 8, "threads": [0.0101, 0.0099] * 4}, tasks=1),
        2: cell_of({"asyncio": [0.010] * 3, "threads": [0.011] * 3}, tasks=2),
        3: blank,
    }
    row = {"sequential": [0.20] * 2, "processes": [0.10] * 8, "threads": [0.2] * 2}
    second = {1: cell_of(ROW, COMPUTE, tasks=1),
              2: cell_of(ROW, COMPUTE, tasks=2, control=1.1),
              3: cell_of(row, COMPUTE, tasks=3)}  # fmt: skip
    kinds = {"<waits>": Kind("<waits>", WAIT, first), "Python": Kind("Python", COMPUTE, second)}
    return ShownWinners.of(Winners(MACHINE, (1, 2, 3), 20.0, kinds, 19.5))


def test_every_state_is_counted_and_said(shown):
    assert shown.states() == {WINNER: 2, CLOSE: 1, UNDECIDED: 1, NO_CORE: 1, BLANK: 1}
    assert shown.wins() == {"sequential": 1, "processes": 1}
    assert shown.winner("Python", 3) == "processes"
    assert shown.winner("<waits>", 1) is None
    said = str(shown)
    assert "Of 6 cells, sequential wins 1 and processes win 1" in said
    assert "3 tasks: processes, ≈2.0× sequential" in said
    assert "1 task: too close to call (asyncio and threads)" in said
    assert "a second core was not free" in said


def test_the_figure_shows_every_cell_and_says_it(shown):
    html = shown._repr_html_()
    start = html.index("<svg")
    svg = ElementTree.fromstring(html[start : html.index("</svg>") + 6])
    label = svg.get("aria-label")
    assert label == words.alt(shown)
    for part in ("<waits>: 1 task: too close", "not measured", "can't be told here"):
        assert part in label
    texts = ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("text")]
    for part in ("asyncio, threads", "not decided:", "not measured", "would take too long",
                 "no second core", "processes", "≈2.0× sequential"):  # fmt: skip
        assert part in texts
    hatches = [node for node in svg.iter() if node.tag.endswith("pattern")]
    assert len(hatches) >= 1  # the one cell that is too close, and its legend
    assert "more than 5.0 s expected" in html  # in the table
    assert "<waits>" not in html.replace("&lt;waits&gt;", "")


@pytest.fixture
def noted(monkeypatch) -> list[tuple]:
    """What the learner's diary would have got."""
    entries: list[tuple] = []
    monkeypatch.setattr("helpers.charts.winners.shown.note_prediction",
                        lambda *parts: entries.append(parts))  # fmt: skip
    return entries


def test_a_prediction_is_noted_once_and_only_if_it_is_told(shown, noted):
    for _ in range(2):
        shown.score({"Python": "threads", "<waits>": None}, 3)
        shown.score({"<waits>": "too close"}, 1)
        shown.score({"<waits>": "asyncio"}, 1)
        shown.score({"Python": "threads"}, 2)
    assert noted == [
        ("Python, 3 tasks", "the fastest", "threads", "processes", "", False),
        ("<waits>, 1 task", "the fastest", "too close", "too close: asyncio, threads", "", True),
    ]


def test_predictions_are_scored_where_the_map_tells(shown, noted):
    def score(tasks, **said):
        names = {"waits": "<waits>", "Python": "Python"}
        found = shown.score({names[k]: v for k, v in said.items()}, tasks)
        return found.right, found.told, [row[3] for row in found.rows]

    assert score(3, Python="processes", waits=None) == (1, 1, ["right", "–"])
    assert score(3, Python="threads") == (0, 1, ["a surprise"])
    assert score(1, waits="too close") == (1, 1, ["right"])
    assert score(1, waits="asyncio") == (0, 0, ["among the fastest, but too close to call"])
    assert score(1, Python="too close") == (0, 1, ["a surprise"])
    assert score(2, waits="asyncio", Python="threads") == (0, 0, ["can't be told"] * 2)
    assert "None was made" in shown.score({"Python": None}, 1).sentence()


@pytest.mark.parametrize(
    ("said", "tasks", "says"),
    [
        ({"Python": "fibers"}, 1, "'fibers' is no prediction"),
        ({"Rust": "threads"}, 1, "no row 'Rust'"),
        ({"Python": "threads"}, 7, "no column for 7 tasks"),
        ([], 1, "Predictions are a dict"),
    ],
)
def test_a_prediction_that_can_not_be_gets_a_sentence(shown, said, tasks, says):
    with pytest.raises(BadRequest, match=says):
        shown.score(said, tasks)
