"""What a replay plays: every recorded interval and no other, real lines; and the loop by hand."""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from helpers.charts.replay.data import CELL, ORDER, replay_data
from helpers.charts.replay.shown import ShownRecording
from helpers.charts.replay.turns import turns_data, turns_text
from helpers.charts.theme import COLOURS, LEGEND
from helpers.course.runs import write_run
from helpers.experiment import BadRequest, Experiment
from helpers.experiment.lines import WARNING, make_recording_request, run_recording
from helpers.experiment.loops.turns import TASKS, best_ms, checked, run_turns, virtual_ms
from helpers.measure.lines import Lines
from helpers.measure.trace import COMPUTING_IN_C, HELD, READY, RUNNING, WAITING
from helpers.notebook.runs import load_run
from helpers.widgets.loop import LoopGame
from helpers.widgets.replay import Replay, replay
from helpers.workloads import work
from tests.harness.sample_runs import MACHINE, comparison, run, three, turns, waits

# --- the data --------------------------------------------------------------------------------


def unpacked(found, name, width):
    """A part of the numbers of each kitchen, as rows."""
    data, numbers = found
    whole = np.frombuffer(numbers, CELL)
    parts = [(one[name][0], one[name][1]) for one in data["kitchens"]]
    return [whole[start : start + length].reshape(-1, width) for start, length in parts]


def test_every_interval_is_there_and_no_other():
    found = replay_data(comparison(turns("asyncio"), waits("threads", apart=3)))
    assert [one["model"] for one in found[0]["kitchens"]] == ["asyncio", "threads"]
    for cells, recorded in zip(
        unpacked(found, "cells", 4), (turns("asyncio"), waits("threads", apart=3)), strict=True
    ):
        expected = [row for row in recorded.trace.rows() if row[1] != HELD]
        tick = found[0]["tick_ns"]
        assert sorted(map(tuple, (cells * [1, 1, tick, tick]).tolist())) == sorted(expected)
    strip = unpacked(found, "strip", 3)[0]
    assert list(map(tuple, strip.tolist())) == turns("asyncio").trace.holders()
    assert not len(unpacked(found, "strip", 3)[1]), "nobody was seen to hold the GIL"


def test_the_strip_does_not_bridge_what_was_not_observed():
    rows = [(0, RUNNING, 0, 5), (0, WAITING, 5, 20), (0, RUNNING, 20, 25)]
    strip = unpacked(replay_data(comparison(run("sequential", 1, 25, rows))), "strip", 3)[0]
    assert strip.tolist() == [[0, 0, 5_000_000], [0, 20_000_000, 25_000_000]]


def test_several_at_once_are_as_high_as_they_are_many():
    rows = [(0, COMPUTING_IN_C, 0, 10), (1, COMPUTING_IN_C, 5, 15)]
    found = replay_data(comparison(run("processes", 2, 15, rows)))
    assert found[0]["kitchens"][0]["strip_most"] == 2
    assert [row[0] for row in unpacked(found, "strip", 3)[0].tolist()] == [1, 2, 1]


def test_a_long_run_fits_in_32_bits():
    found = replay_data(comparison(waits("threads", each=9_000.0)))
    data, tick = found[0], found[0]["tick_ns"]
    assert tick > 1
    ends = unpacked(found, "cells", 4)[0][:, 3].astype(np.int64) * tick
    assert abs(ends - 9_000_000_000).max() < tick
    assert data["span"] * tick <= 9_000_500_000


def test_tasks_in_flight_and_ended_are_counted():
    found = replay_data(comparison(waits("threads", tasks=3, each=10, apart=5)))
    flight = unpacked(found, "flight", 3)[0]
    assert [row[1:] for row in flight.tolist()] == [
        *([0, 0], [1, 0], [2, 0], [1, 1], [2, 1], [1, 2], [0, 3])
    ]


def test_colours_and_words_are_those_of_the_pictures():
    data, _ = replay_data(three())
    assert [state["id"] for state in data["states"]] == list(ORDER)
    by_id = {state["id"]: state for state in data["states"]}
    assert by_id[RUNNING]["fill"] == COLOURS["run"]
    assert by_id[READY]["hatch"] == "slashes"
    assert by_id[COMPUTING_IN_C]["hatch"] == "bars"
    assert all(by_id[state]["words"] == LEGEND[state] for state in ORDER)
    assert "asyncio 10.5 ms" in data["kitchens"][1]["alt"]


def test_a_run_from_a_file_is_labelled(tmp_path):
    write_run(three(), tmp_path / "waits")
    shown = replay(load_run(tmp_path / "waits"))
    assert shown.replay_data["label"].startswith("Recorded on ")
    assert str(shown).splitlines()[0] == shown.replay_data["label"]
    assert replay(str(tmp_path / "waits")).numbers == shown.numbers
    assert Replay(three()).replay_data["label"] == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (three, "replay takes what compare gave"),
        ([1], "replay takes what compare gave"),
        ("not-there", "is not there"),
    ],
)
def test_what_is_no_run_gets_a_sentence(given, words):
    with pytest.raises(BadRequest, match=words):
        replay(given)


def test_without_a_recorded_run_there_is_nothing_to_replay():
    found = three()
    found.traced = {model: replace(one, trace=None) for model, one in found.traced.items()}
    with pytest.raises(BadRequest, match="nothing to replay"):
        replay(found)


# --- the code line ---------------------------------------------------------------------------


def bake(number):
    for _ in range(2):
        number += 1
    time.sleep(0.01)
    return number


async def bake_async(number):
    number += 2
    await asyncio.sleep(0.01)
    return number


#: Which lines of the two a task comes to, counted from the one with `def`.
BAKES = {"threads": [1, 2, 1, 2, 1, 3, 4], "asyncio": [1, 2, 3]}


def recorded(worker, *args, **options):
    return run_recording(Experiment(worker), make_recording_request(*args, **options))


def test_the_lines_are_those_that_each_task_came_to(worker):
    result = ShownRecording.of(recorded(worker, (bake, bake_async), 4))
    found = replay_data(result)
    assert found[0]["label"] == WARNING == result.summary()[0]
    assert WARNING in str(result)
    assert WARNING in result._repr_html_()
    for kitchen, rows in zip(found[0]["kitchens"], unpacked(found, "lines", 3), strict=True):
        assert kitchen["code"][0].endswith("bake(number):" if kitchen["model"] == "threads" else
                                           "bake_async(number):")  # fmt: skip
        for task in range(4):
            own = rows[rows[:, 0] == task]
            assert own[:, 2].tolist() == BAKES[kitchen["model"]]
            assert (np.diff(own[:, 1]) >= 0).all()
            assert own[-1, 1] <= kitchen["ends"][task] <= kitchen["wall"]
    assert all(one.results == [2, 3, 4, 5] for one in result.traced.values())


def test_an_own_model_is_followed_as_well(worker):
    def in_a_row(one, numbers):
        for number in numbers:
            one(number)

    result = recorded(worker, bake, 2, models=[in_a_row])
    kitchen = replay_data(result)[0]["kitchens"][0]
    assert kitchen["model"] == "in a row"
    assert kitchen["lines"][1] == 3 * 2 * len(BAKES["threads"])


def test_a_failure_is_told_and_no_comparison_made(worker):
    def burns(number):
        raise ValueError("burnt")

    result = ShownRecording.of(recorded(worker, burns, 2, models="threads"))
    assert "raised ValueError: burnt" in str(result)
    assert "burnt" in result._repr_html_()


def test_only_watched_code_is_noted_and_tracing_ends():
    def inner(number):
        return number

    def outer(number):
        return max([inner(number + k) for k in range(3)]) + sum(k for k in range(3))

    before = sys.gettrace()  # a debugger or a coverage tool may have one
    lines = Lines((None, outer))
    with lines.watching():
        one = lines.blocking(outer)
        thread = threading.Thread(target=one, args=(7,))
        thread.start()
        thread.join()
        outer(1)  # of no task
    assert sys.gettrace() is before
    assert threading.gettrace() is None
    rows = np.array(lines.rows(0)).reshape(-1, 4)
    assert rows[:, (0, 2)].tolist() == [[7, 1]]
    assert rows[0, 3] == outer.__code__.co_firstlineno + 1


def test_too_many_lines_are_cut_and_that_is_said(worker, monkeypatch):
    monkeypatch.setattr("helpers.measure.lines.MOST_LINES", 5)
    lines = Lines((bake,))
    with lines.watching():
        lines.blocking(bake)(0)
    assert len(lines.rows(0)) == 5 * 4
    result = recorded(worker, bake, 1, models="threads")
    assert result.warning == WARNING
    monkeypatch.setattr("helpers.experiment.lines.MOST_LINES", 5)
    assert "Of threads only the first 5 lines are known." in result.warning


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        (work.sleep(5), {}, "functions of yours, line by line"),
        (bake, {"models": "processes"}, "can't follow tasks in processes"),
        (bake, {"tasks": 61}, "61 is too large"),
        (abs, {}, "The lines of abs can't be found"),
    ],
)
def test_what_cant_be_followed_gets_a_sentence(what, options, words):
    with pytest.raises(BadRequest, match=words):
        make_recording_request(what, **{"tasks": 5, **options})


# --- be the event loop -----------------------------------------------------------------------


def orders(plans):
    """Every order of turns there is."""
    turns_of = [task for task, plan in enumerate(plans) for _ in plan[::2]]
    return set(itertools.permutations(turns_of))


def test_no_order_is_faster_than_the_best():
    draw = random.Random(6)
    for _ in range(20):
        plans = [tuple(draw.randrange(1, 30) for _ in range(draw.choice((1, 3)))) for _ in range(3)]
        times = [virtual_ms(plans, order) for order in orders(plans)]
        assert best_ms(plans) == min(time for time in times if time is not None), plans


def test_an_order_that_is_not_possible_takes_no_time():
    plans = list(TASKS.values())
    assert virtual_ms(plans, [0, 1, 2, 3, 1, 2, 3]) == 180
    assert virtual_ms(plans, [3, 2, 1, 0, 3, 2, 1]) == best_ms(plans) == 130
    assert virtual_ms(plans, [3, 3, 2, 1, 0, 2, 1]) is None  # it still waits
    assert virtual_ms(plans, [0, 0, 1, 2, 3, 1, 2, 3]) is None  # it has ended
    assert virtual_ms(plans, [0, 1, 2, 3]) is None  # that is not all


def test_what_asyncio_did_was_recorded(worker):
    found = run_turns(Experiment(worker), checked())
    data = turns_data(found)
    rows = [row for row in data["real"]["rows"] if row[1] == "run"]
    starts = [min(row[2] for row in rows if row[0] == task) for task in range(4)]
    assert starts == sorted(starts), "first come, first served"
    planned = [sum(plan[::2]) for plan in TASKS.values()]
    ran = [sum(row[3] - row[2] for row in rows if row[0] == task) for task in range(4)]
    # CPU time, which no other program can take away: slices leave out what it took
    assert all(time > 0.5 * plan for time, plan in zip(ran, planned, strict=True)), ran
    assert data["real"]["ms"] > best_ms(list(TASKS.values())) * 0.9
    assert "The best order takes 130 ms." in turns_text(data) == str(LoopGame(found))


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        (5, "takes 2 to 6 tasks by name"),
        ({"one": [5]}, "takes 2 to 6 tasks by name"),
        ({"one": [5], "": [5]}, "A task's name"),
        ({"one": [5], "two": [5, 5]}, "the last one to compute"),
        ({"one": [5], "two": "5"}, "the last one to compute"),
        ({"one": [5], "two": [0.5]}, "1 to 500 whole milliseconds; 0.5 is not"),
        ({"one": [5], "two": [501]}, "501 is not"),
        ({"one": [500, 500, 500, 500, 500], "two": [500, 1, 500]}, "these take 3,501 ms"),
    ],
)
def test_tasks_that_cant_be_get_a_sentence(tasks, words):
    with pytest.raises(BadRequest, match=words):
        checked(tasks)


def test_the_machine_is_named():
    assert replay_data(three())[0]["machine"] == MACHINE.sentence()
