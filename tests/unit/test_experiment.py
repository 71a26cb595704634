"""Comparisons, requests, verdicts: what is asked for, what is said, and bad input."""

from __future__ import annotations

import asyncio
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from math import exp

import pytest

from helpers.experiment import BadRequest, Experiment, make_request
from helpers.experiment.compare import rounds_within
from helpers.experiment.comparison import DidNotRun
from helpers.experiment.request import MOST_TASKS, thread_limit
from helpers.experiment.rounds import Rounds
from helpers.experiment.sweep import run_sweep
from helpers.measure.load import ForeignLoad
from helpers.measure.prediction import UnitCost, predict
from helpers.measure.statistics import compare_times, median_interval
from helpers.worker.errors import Stopped, TimeBoxEnded
from helpers.workloads import work

# --- what is asked for -----------------------------------------------------------------


@pytest.mark.parametrize("tasks", ["ten", 0, -1, 10**9, 2.5, None, True, [5]])
def test_a_bad_task_count_gets_a_sentence(tasks):
    with pytest.raises(BadRequest, match=r"tasks is a whole number from 1 to .*: write tasks="):
        make_request(work.sleep(1), tasks)


def test_good_task_counts():
    assert make_request(work.sleep(1), 5.0).tasks == 5
    assert make_request(work.sleep(1), MOST_TASKS, models=["asyncio"]).tasks == MOST_TASKS


def plain(): ...
async def a_coroutine(): ...
def takes_two(a, b): ...


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ((a_coroutine, plain), "wrong way round"),
        ((plain, plain), "not async"),
        ((a_coroutine, a_coroutine), "first of a pair is a plain"),
        ((plain,), "two functions"),
        (5, "is an int"),
        ("sleep", "is a str"),
        (takes_two, "can't be called with 0 arguments"),
    ],
)
def test_a_bad_workload_gets_a_sentence(what, words):
    with pytest.raises(BadRequest, match=words):
        make_request(what)


def test_a_coroutine_object_is_named_and_closed(recwarn):
    with pytest.raises(BadRequest, match="was called already: pass the function itself"):
        make_request(a_coroutine())
    assert not [w for w in recwarn if "never awaited" in str(w.message)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"models": ["fibers"]}, "no model 'fibers': choose among sequential, asyncio"),
        ({"models": []}, "at least one model"),
        ({"workers": 0}, "workers is a whole number"),
        ({"time_box": "soon"}, "time_box is a time in seconds"),
        ({"time_box": -1}, "time_box is a time in seconds"),
        ({"args": (1,)}, "args= belongs to your own functions"),
        ({"models": [lambda: None]}, "takes .one, numbers."),
    ],
)
def test_other_bad_options_get_a_sentence(options, words):
    with pytest.raises(BadRequest, match=words):
        make_request(work.sleep(1), **options)


def test_a_form_that_is_missing_is_left_out_and_said():
    request = make_request(plain)
    assert request.models == ("sequential", "threads", "asyncio+threads")
    assert "has no async form" in request.notes[0]
    request = make_request(a_coroutine)
    assert request.models == ("sequential", "asyncio")
    assert "has no blocking form" in request.notes[0]
    with pytest.raises(BadRequest, match="pass a\\s+pair"):
        make_request(a_coroutine, models=["threads"])


def test_too_many_threads_are_capped_in_every_model_and_said():
    request = make_request(work.sleep(1), 50_000)
    assert request.cap == thread_limit() < 50_000
    assert "more threads could make this machine unusable" in request.notes[0]
    assert make_request(work.sleep(1), 50_000, models=["asyncio"]).cap == 50_000


def test_an_error_shows_as_one_sentence_in_a_notebook():
    with pytest.raises(BadRequest) as caught:
        make_request(work.sleep(1), 0)
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_a_default_parameter_is_not_overwritten_by_the_number():
    def nap(seconds=0.25):
        return seconds

    assert make_request(nap).workload.form("blocking")(3) == 0.25


# --- comparisons -------------------------------------------------------------------------


def test_models_run_and_agree(experiment):
    result = experiment(work.mixed(3, 1), 4, models=["asyncio", "threads", "processes"])
    assert result.models == ["asyncio", "threads", "processes"]
    assert result.agree() is True
    assert all(result.wall(model) > 0 for model in result.models)
    assert all(result.traced[model].trace for model in result.models)


def test_models_that_disagree_are_told_on(experiment):
    def blocking(number):
        return number

    async def wrong(number):
        return -number

    result = experiment((blocking, wrong), 3, models=["threads", "asyncio"])
    assert result.agree() is False
    assert "did not return the same results" in result.summary()[0]


def test_equal_results_that_pickle_differently_agree(experiment):
    def blocking():
        return {"a", "b", "c"}

    async def other():
        return {"c", "b", "a"}

    assert experiment((blocking, other), 2, models=["threads", "asyncio"]).agree() is True


def test_a_failure_ends_the_comparison_with_the_tasks_number(experiment):
    def fail(number):
        if number == 2:
            raise ValueError("out of flour")

    result = experiment(fail, 4)
    assert result.failed().failures[0]["task"] == 2
    sentence = result.summary()[0]
    assert "task 2 raised ValueError: out of flour (1 of 4 tasks failed)" in sentence
    assert not result.repeats


def test_the_failure_of_one_form_only(experiment):
    def fine():
        return 1

    async def broken():
        raise OSError("oven is cold")

    result = experiment((fine, broken), 2)
    assert result.failed().model == "asyncio"


def test_a_models_own_function(experiment):
    def pool_of_two(one, numbers):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, numbers))

    async def group(one, numbers):
        async with asyncio.TaskGroup() as tasks:
            for number in numbers:
                tasks.create_task(one(number))

    async def offload(one, numbers):
        await asyncio.gather(*(asyncio.to_thread(one.blocking, n) for n in numbers))

    result = experiment(work.sleep(5), 6, models=[pool_of_two, group, offload])
    assert result.models == ["pool of two", "group", "offload"]
    peaks = {model: run.trace.peak() for model, run in result.traced.items()}
    assert peaks["pool of two"] == 2
    assert peaks["group"] == 6
    assert result.traced["group"].lag is not None
    assert result.agree() is True


def test_an_own_model_that_forgets_tasks_is_told_on(experiment):
    def only_the_first(one, numbers):
        one(next(iter(numbers)))

    result = experiment(work.sleep(1), 3, models=["sequential", only_the_first])
    assert any("never ran" in line for line in result.summary())


def test_what_would_not_fit_the_time_box_is_left_out_and_said(experiment):
    result = experiment(work.sleep(50), 100, time_box=2)
    assert "sequential" not in result.models
    words = result.left_out["sequential"]
    estimate = re.match(r"sequential is left out: 100 tasks would take about (\d+) s", words)
    assert estimate is not None, words
    assert int(estimate[1]) >= 5, "100 waits of 50 ms, and what a busy machine adds"
    assert any("left out" in line for line in result.summary())
    with pytest.raises(
        DidNotRun, match=r"^sequential is left out.*, or give it more time with time"
    ):
        result.cores("sequential")
    with pytest.raises(DidNotRun, match="No model 'thread' ran here. These did: asyncio, threads."):
        result.speedup("asyncio", "thread")


def test_a_call_that_is_dear_by_chance_leaves_no_model_out(experiment, tmp_path):
    """The one call that is made before all others, to see what would not fit the time box."""
    calls = tmp_path / "calls"

    def dear_at_first():
        with calls.open("a") as file:
            file.write("x")
        if calls.stat().st_size <= 2:  # a function of one's own is called once to warm up
            time.sleep(0.3)

    result = experiment(dear_at_first, 20, models=["sequential", "threads"], time_box=4)
    assert result.models == ["sequential", "threads"]
    assert not result.left_out


def test_a_comparison_of_which_nothing_fits_says_so(experiment):
    with pytest.raises(TimeBoxEnded, match=r"asyncio is left out.*use fewer tasks"):
        experiment(work.blocking_sleep(100), 100, models=["sequential", "asyncio"], time_box=1)


def test_one_task_that_hangs_ends_in_the_time_box(experiment):
    with pytest.raises(TimeBoxEnded):
        experiment(lambda: time.sleep(60), 2, time_box=0.3)


def test_stop_ends_the_experiment(worker):
    experiment = Experiment(worker)
    experiment._tell = lambda progress: "sequential" in progress.words and experiment.stop()
    with pytest.raises(Stopped):
        experiment.run(make_request(work.sleep(200), 20))


def test_recorded_comes_before_the_repeats(worker):
    seen = []
    experiment = Experiment(worker, on_recorded=lambda c: seen.append((list(c.traced), c.repeats)))
    experiment.run(make_request(work.sleep(1), 2, models=["asyncio", "threads"]), rounds=1)
    assert seen[0][0] == ["asyncio", "threads"]


def test_a_sweep(worker):
    sweep = run_sweep(Experiment(worker), work.sleep(2), [4, 1], models=["asyncio", "threads"],
                      budget_s=0.2)  # fmt: skip
    assert list(sweep.points) == [1, 4]
    assert sweep.models == ["asyncio", "threads"]
    assert set(sweep.walls("asyncio")) == {1, 4}
    with pytest.raises(BadRequest, match="counts"):
        run_sweep(Experiment(worker), work.sleep(1), [])
    with pytest.raises(BadRequest, match="counts is a list"):
        run_sweep(Experiment(worker), work.sleep(1), 5)


# --- how often -------------------------------------------------------------------------------


def test_close_models_run_in_the_same_rounds_and_slow_ones_in_what_is_left():
    plan = rounds_within({"sequential": 1.0, "asyncio": 0.05, "threads": 0.06}, 9, 4.0)
    assert plan["asyncio"] == plan["threads"] == set(range(9))
    assert plan["sequential"] == {0, 4, 8} or 1 <= len(plan["sequential"]) <= 3
    assert plan["sequential"] <= plan["asyncio"], "a pair needs both in one round"


def test_a_verdict_may_take_longer_than_the_budget_but_not_twice():
    plan = rounds_within({"a": 0.45, "b": 0.5}, 9, 4.0)
    assert len(plan["a"]) == len(plan["b"]) == 6
    plan = rounds_within({"a": 1.0, "b": 1.0}, 9, 4.0)
    assert len(plan["a"]) == 1


def test_everyone_runs_at_least_once():
    plan = rounds_within({"a": 7.0, "b": 9.0}, 9, 4.0)
    assert plan == {"a": {0}, "b": {0}}


# --- statistics ------------------------------------------------------------------------------


def test_the_interval_is_the_order_statistics():
    assert median_interval([float(v) for v in range(9)])[:2] == (1.0, 7.0)
    assert median_interval([float(v) for v in range(9)])[2] == pytest.approx(1 - 20 / 512)
    assert median_interval([float(v) for v in range(6)])[:2] == (0.0, 5.0)
    assert median_interval([1.0] * 5) is None


def test_verdicts_in_words():
    pairs = [(1.0, 1.8 + 0.01 * k) for k in range(9)]
    faster = compare_times("asyncio", "threads", pairs)
    assert faster.claim == "faster"
    assert str(faster).startswith("asyncio is 1.84× as fast as threads (96 % interval 1.81 to")
    slower = compare_times("threads", "asyncio", [(b, a) for a, b in pairs])
    assert slower.claim == "slower"
    assert str(slower) == str(faster)
    same = compare_times("asyncio", "threads", [(1.0, 1.0 + 0.001 * k) for k in range(9)])
    assert same.claim == "same"
    noisy = compare_times("a", "b", [(1.0, 0.5 + 0.2 * k) for k in range(9)])
    assert noisy.claim == "unclear"
    assert "that this machine can show" in str(noisy)
    few = compare_times("asyncio", "sequential", [(1.0, 20.0)] * 2)
    assert str(few) == ("asyncio is about 20× as fast as sequential (seen twice, too few for an "
                        "interval)")  # fmt: skip
    assert "28,257×" in str(compare_times("loop", "cluster", [(1.0, 28_257.0)] * 2))
    with pytest.raises(ValueError, match="at least one pair"):
        compare_times("a", "b", [])


def test_equal_things_are_not_called_different():
    """2,000 simulated comparisons of equals with 10 % noise: at most 1 % named a winner."""
    rng = random.Random(20261122)
    named = 0
    for _ in range(2_000):
        pairs = [(exp(rng.gauss(0, 0.1)), exp(rng.gauss(0, 0.1))) for _ in range(9)]
        named += compare_times("a", "b", pairs).claim in ("faster", "slower")
    assert named <= 20


# --- prediction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "wait", "cpu", "options", "cap", "expected"),
    [
        ("sequential", 0.1, 0.0, {}, 10, 1.0),
        ("asyncio", 0.1, 0.0, {}, 10, 0.1),
        ("asyncio", 0.1, 0.0, {}, 4, 0.3),
        ("threads", 0.1, 0.0, {}, 4, 0.3),
        ("asyncio", 0.0, 0.1, {}, 10, 1.0),
        ("threads", 0.0, 0.1, {}, 10, 1.0),
        ("threads", 0.0, 0.1, {"releases_gil": True}, 10, 0.5),
        ("asyncio", 0.0, 0.1, {"releases_gil": True}, 10, 1.0),
        ("processes", 0.0, 0.1, {}, 10, 0.5),
        ("asyncio", 0.1, 0.0, {"loop_waits": False}, 10, 1.0),
        ("threads", 0.1, 0.02, {}, 10, 0.3),
    ],
)
def test_the_simple_model(model, wait, cpu, options, cap, expected):
    cost = UnitCost(wait, cpu, task_s=0, thread_s=0, process_s=0, **options)
    assert predict(model, cost, 10, cap, cores=2, gil=True) == pytest.approx(expected)


def test_without_a_gil_threads_divide_by_the_cores():
    cost = UnitCost(0.0, 0.1, task_s=0, thread_s=0, process_s=0)
    assert predict("threads", cost, 10, 10, cores=2, gil=False) == pytest.approx(0.5)


# --- in haste --------------------------------------------------------------------------------


@pytest.mark.parametrize(("haste", "calls"), [(False, 3 + 2), (True, 1)])
def test_a_rehearsal_repeats_nothing_that_was_disturbed(haste, calls, worker, monkeypatch):
    """Three rounds and two retries where other programs run all the time; in haste just one."""
    monkeypatch.setattr(ForeignLoad, "read", lambda self: 1.0)
    if haste:
        monkeypatch.setenv("COURSE_ROUNDS", "few")
    seen = []
    rounds = Rounds([worker])
    with rounds.held():
        found = rounds.repeat({"a": lambda: seen.append(1)}, 3, budget_s=60, retries=2)
    assert len(seen) == calls
    assert len(found.values["a"]) == (1 if haste else 3)
    assert found.foreign == 1.0
