"""`advise`: the rules on evidence made by hand, what can travel, and how it probes."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from xml.etree import ElementTree

import pytest

from helpers import charts
from helpers.advisor.advise import Advice, advice_on, plan, run_advise
from helpers.advisor.conditions import code, conditions
from helpers.advisor.evidence import Arm, Evidence
from helpers.advisor.rules import CANT_TELL, Recommendation, recommend, slower_than
from helpers.advisor.shipping import uses_lock, why_not
from helpers.advisor.task import wait_share
from helpers.advisor.words import duration, size, times
from helpers.charts.advice.shown import ShownAdvice
from helpers.experiment import BadRequest
from helpers.experiment.rounds import Rounds
from helpers.measure.machine import read_machine
from helpers.worker.errors import RunError, Stopped
from helpers.worker.travel import as_code
from helpers.workloads import work

from . import sample_functions as known

MODELS = ("asyncio", "threads", "processes")


def evidence(pairs=9, spread=0.01, **changes) -> Evidence:
    """Evidence on a function of 20 ms; ``threads=1.9`` makes it that much faster in threads."""
    ratios = {m: changes.pop(m) for m in MODELS if m in changes}
    e = Evidence("work", "blocking", 2.0, first_s=0.02, later_s=[0.02] * 3, control=[1.9] * 3,
                 foreign=0.0, lag_s=0.005, lag_span_s=0.06, steady=True, pool_start_s=0.02,
                 args_bytes=40, result_bytes=40, ship_s=1e-5, given=1)  # fmt: skip
    e.arms["sequential"] = Arm(1, 3, _around(0.02, pairs, spread))
    for model, ratio in ratios.items():
        e.arms[model] = Arm(2, 4, _around(0.02 / ratio, pairs, spread, 1), 1.0, 1.0, True)
    for key, value in changes.items():
        setattr(e, key, value)
    return e


def _around(seconds, pairs, spread, turn=0):
    return [seconds * (1 + spread * ((k + turn) % 3 - 1)) for k in range(pairs)]


def model(**changes) -> str:
    return recommend(evidence(**changes)).model


# --- the rules -------------------------------------------------------------------------------


def test_what_gains_is_recommended_with_its_verdict():
    found = recommend(evidence(threads=1.9, processes=1.0))
    assert found.model == "threads"
    assert found.gain.ratio == pytest.approx(1.9, rel=0.03)
    assert found.gain.low < found.gain.ratio < found.gain.high
    assert model(threads=1.0, processes=1.8) == "processes"
    assert model(asyncio=7.9, form="async", waits=1.0) == "asyncio"


def test_what_needs_less_wins_a_tie_and_loses_to_what_is_faster():
    assert model(threads=1.8, processes=1.8) == "threads"
    assert model(asyncio=7.8, threads=7.8, form="pair", waits=1.0) == "asyncio"
    assert model(threads=1.4, processes=1.9) == "processes"
    assert model(threads=1.8, processes=1.84, spread=0.04) == "threads"  # within noise


def test_a_dearer_model_does_not_win_by_a_round_in_which_the_cheaper_one_was_held_up():
    e = evidence(asyncio=7.0, threads=7.0, processes=1.6, form="pair", waits=1.0, pairs=6,
                 control=[1.0])  # fmt: skip
    assert recommend(e).model == "asyncio"
    e.arms["asyncio"].per_call[2] = 0.05  # the machine stood still for a moment
    assert recommend(e).model == "threads"  # it needs more, and is as fast
    e.arms["threads"].per_call[4] = 0.05
    found = recommend(e)
    assert found.model == CANT_TELL
    assert "asyncio 6.9×, threads 6.9×). The rounds differ" in found.because
    assert "core" not in found.because  # calls that wait need none


def test_a_gain_counts_from_a_fifth_on():
    assert model(threads=1.1, processes=1.15) == "sequential"
    assert model(threads=1.25, processes=0.5) == "threads"


def test_without_gain_and_with_a_second_core_it_stays_as_it_is():
    assert model(threads=1.0, processes=0.9) == "sequential"
    assert model(threads=0.1, processes=0.01) == "sequential"


@pytest.mark.parametrize("changes", [{"control": [1.1]}, {"foreign": 1.0}, {"cores": 1.0}])
def test_without_a_second_core_no_gain_is_nothing_to_tell(changes):
    found = recommend(evidence(threads=1.0, processes=1.0, **changes))
    assert found.model == CANT_TELL
    assert "core" in found.because
    # but a gain is one, whatever the control says, and so is a wait
    assert model(threads=1.0, processes=1.5, **changes) == "processes"
    assert model(threads=7.0, waits=0.9, **changes) == "threads"
    assert model(threads=1.0, waits=0.9, **changes) == "sequential"


def test_what_no_core_could_mend_needs_none_to_be_told():
    assert model(threads=0.3, processes=0.02, control=[1.0]) == "sequential"


def test_threads_that_take_turns_are_told_without_a_core():
    e = evidence(threads=1.0, control=[1.0], out={"processes": "a lambda has no name"})
    assert recommend(e).model == "sequential"
    e.arms["threads"].wanted = 1.9  # they would have used a core that was not there
    assert recommend(e).model == CANT_TELL
    e.arms["threads"].wanted = None
    assert recommend(e).model == CANT_TELL


def test_too_few_rounds_are_no_verdict():
    found = recommend(evidence(threads=1.9, processes=1.9, pairs=3))
    assert found.model == CANT_TELL
    assert "measured 3 times, and a verdict needs 6 rounds" in found.because
    assert "So far: threads 1.88×" in found.because


def test_wide_spreads_are_no_verdict():
    e = evidence(threads=1.0)
    e.arms["threads"].per_call = [0.02 / ratio for ratio in (0.8, 0.9, 1.15, 1.16, 1.2, 1.6, 1.9)]
    e.arms["threads"].wanted = 1.9
    assert recommend(e).model == CANT_TELL
    e.arms["threads"].wanted = 1.1  # who wants no second core can't gain from one
    assert recommend(e).model == "sequential"


def test_cores_that_a_first_look_saw_are_no_proof_of_a_free_one():
    e = evidence(threads=1.0, processes=1.0, control=[1.0], cores_alone=1.9)
    assert recommend(e).model == "sequential"
    e.arms["sequential"].cores = 1.0
    assert recommend(e).model == CANT_TELL


@pytest.mark.parametrize("bad", [{"same": False}, {"failure": "RuntimeError: not here"}])
def test_what_fails_or_gives_wrong_results_is_never_recommended(bad):
    e = evidence(threads=7.0, processes=1.0, waits=0.9)
    for key, value in bad.items():
        setattr(e.arms["threads"], key, value)
    found = recommend(e)
    assert found.model == "sequential"
    assert "threads:" in found.because
    e.arms["processes"].per_call = _around(0.01, 9, 0.01)
    assert recommend(e).model == "processes"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threads": 0.1, "processes": 0.02, "later_s": [2e-6] * 3, "first_s": 3e-6}, "too small"),
        ({"threads": 0.1, "processes": 0.02, "later_s": [1e-6], "first_s": 0.2}, "its first call"),
        ({"threads": 1.0, "waits": 0.9}, "lets in one at a time"),
        ({"threads": 1.0, "locks": True, "out": {"processes": "it holds a lock"}}, "holds a lock"),
        ({"threads": 1.0, "processes": 0.9, "cores_alone": 1.9}, "threads of its own"),
        ({"threads": 1.0, "processes": 0.9, "ship_s": 0.01}, "sending its arguments"),
        ({"threads": 1.0, "out": {"processes": "a lambda has no name"}}, "a lambda has no name"),
    ],
)
def test_why_there_is_nothing_to_gain(changes, words):
    found = recommend(evidence(**changes))
    assert found.model == "sequential"
    assert words in found.because


def test_calls_that_change_their_arguments_are_not_compared():
    found = recommend(evidence(threads=3.0, mutated=True))
    assert found.model == CANT_TELL
    assert "changes its own arguments" in found.because


@pytest.mark.parametrize("waits", [0.0, 0.04])
def test_an_async_function_that_keeps_the_loop_is_told_so_and_no_more(waits):
    """It may let go of the loop now and then: notebook 06's `fetch` waits for 4 % of a call."""
    found = recommend(evidence(asyncio=1.0, threads=1.0, processes=1.8, form="async", waits=waits))
    assert found.model == "processes"
    assert found.because.startswith("It is async, but it keeps the loop for most of a call.")


def test_never_a_model_that_measured_slower():
    """Any evidence: what is recommended was not slower than anything that can be used."""
    draw, seen = random.Random(11), set()
    for _ in range(1500):
        e = evidence(draw.choice([0, 1, 5, 6, 9, 17]))
        for name in draw.sample(MODELS, draw.randint(0, 3)):
            ratio, noise = draw.choice([0.01, 0.5, 0.95, 1, 1.1, 1.3, 2, 8]), draw.random() * 0.6
            times_of = [0.02 / ratio * (1 + noise * draw.uniform(-1, 1))
                        for _ in e.arms["sequential"].per_call]  # fmt: skip
            e.arms[name] = Arm(draw.choice([2, 8]), 4, times_of, 1.0,
                               draw.choice([None, 1.0, 1.9]),
                               draw.choice([True, True, False, None]),
                               draw.choice(["", "", "", "it failed"]))  # fmt: skip
        e.form = draw.choice(["blocking", "async", "pair"])
        e.waits, e.control = draw.choice([0.0, 0.3, 0.9]), [draw.choice([1.0, 1.9])]
        e.cores, e.locks = draw.choice([1.0, 2.0, 4.0]), draw.random() < 0.2
        e.mutated, e.cores_alone = draw.random() < 0.05, draw.choice([1.0, 1.9])
        e.foreign = draw.choice([None, 0.0, 1.0])
        found = recommend(e)
        seen.add(found.model)
        assert slower_than(e, found.model) == ""
        if found.model in MODELS:
            assert not e.excluded(found.model)
            assert found.gain.claim == "faster"
            assert found.gain.low > 1
        assert found.because.endswith(".")
        assert all(said.endswith(".") for said in conditions(e, found))
        compile(code(e, found), "code", "exec", flags=0x2000)  # top-level await is allowed
    assert seen == {"sequential", CANT_TELL, *MODELS}


def test_the_invariant_stands_whatever_the_rules_say(monkeypatch):
    e = evidence(threads=1.0, processes=1.9)
    for wrong in ("threads", "sequential"):
        monkeypatch.setattr(
            "helpers.advisor.rules._recommend", lambda e, wrong=wrong: Recommendation(wrong, "so.")
        )
        assert recommend(e).model == CANT_TELL


# --- when it changes, and the code -----------------------------------------------------------


def test_processes_name_the_number_of_calls_that_pays_for_the_pool():
    e = evidence(threads=1.0, processes=2.0, pool_start_s=0.055)
    said = conditions(e, recommend(e))
    assert "fewer than about 6 calls" in said[0]  # 55 ms over 10 ms a call
    assert any("80 bytes travel" in text for text in said)


def test_tiny_calls_name_the_number_that_makes_a_task():
    e = evidence(later_s=[1e-5], first_s=1e-5)
    e.arms["sequential"].per_call = [1e-5] * 9
    e.arms["processes"] = Arm(2, 4, [1.1e-4] * 9)
    said = conditions(e, recommend(e))
    assert said[0].startswith("Put about 100 calls into one task")


@pytest.mark.parametrize(("given", "call"), [(0, "work)"), (1, "work, item)"), (2, "work, *item)")])
def test_the_code_fits_the_arguments(given, call):
    e = evidence(threads=1.9, given=given)
    assert f"pool.submit({call} for item in items" in code(e, recommend(e))
    assert code(e, Recommendation("sequential", "so.")) == ""


def test_the_code_for_a_pair_names_the_async_form():
    e = evidence(asyncio=7.9, threads=4.0, form="pair", async_name="work_async", waits=1.0)
    assert code(e, recommend(e)) == (
        "results = await asyncio.gather(*(work_async(item) for item in items))"
    )


def test_the_code_for_what_is_async_in_name_only_runs_it_elsewhere():
    e = evidence(asyncio=1.0, processes=1.9, form="async")
    text = code(e, recommend(e))
    assert "return asyncio.run(work(item))" in text
    assert "pool.submit(work_blocking, item)" in text


def test_numbers_in_words():
    assert [duration(s) for s in (3.6e-6, 0.0521, 1.42)] == ["3.6 µs", "52 ms", "1.4 s"]
    assert [times(r) for r in (0.421, 1.9, 1.96, 12)] == ["0.42×", "1.90×", "2.0×", "12×"]
    assert [size(n) for n in (84, 12_300, 1.5e6)] == ["84 bytes", "12 KB", "1.5 MB"]
    assert wait_share(1.0, 0.4, None) == pytest.approx(0.6)
    assert wait_share(1.0, 0.4, 0.9) == pytest.approx(0.1)  # it was ready, and had no core


# --- what can travel -------------------------------------------------------------------------


def test_what_a_pool_of_processes_can_have():
    assert why_not([known.count], (3,)) == ""
    assert why_not([known.nameless], ()).startswith("a lambda has no name")
    assert "def at the top level" in why_not([lambda: 1], ())
    assert "arguments can't be pickled" in why_not([known.count], (threading.Lock(),))


def test_a_lock_is_seen_wherever_the_function_finds_it():
    class Holder:
        def __init__(self):
            self.guard = threading.RLock()

        def work(self):
            return 1

    lock = threading.Lock()

    def closed_over():
        return lock

    def calls():
        return known.one_at_a_time(1)

    def only_logs():
        logging.info("the lock of logging is its own business")

    for function in (known.one_at_a_time, closed_over, calls, Holder().work):
        assert uses_lock([function], ()), function
    assert uses_lock([known.count], (lock,))
    assert not uses_lock([only_logs, known.count, known.kept_result, known.ask_async], (3, "x"))


def test_a_lock_travels_to_the_worker_as_a_new_one_and_a_generator_does_not():
    import cloudpickle

    held = threading.Lock()
    held.acquire()
    (copy,) = cloudpickle.loads(as_code((held,)))
    assert not copy.locked()
    with pytest.raises(RunError, match="can't be sent to the worker process"):
        as_code(k for k in range(3))


# --- probing: what does not depend on clocks -------------------------------------------------


@pytest.fixture
def ask(worker, monkeypatch):
    """``ask(function, *args)`` with one round."""
    monkeypatch.setenv("COURSE_ROUNDS", "few")
    return lambda function, *args, **options: advice_on(worker, function, args, **options)


@pytest.fixture
def quick(monkeypatch):
    """As few and as short runs as a verdict needs."""
    for name, value in (("ROUNDS", 6), ("MOST_ROUNDS", 6), ("RUN_S", 0.01)):
        monkeypatch.setattr(f"helpers.advisor.advise.{name}", value)


def test_waits_overlap_in_threads_and_on_a_loop(worker):
    # Not `quick`: of six rounds none may be held up, of as many as a learner's call has some may.
    both = advice_on(worker, (known.ask_a_server, known.ask_async), (5,))
    e = both.evidence
    assert both.model in ("asyncio", "threads")
    assert (e.form, e.waiting) == ("pair", True)
    assert e.arms["threads"].workers > 2
    assert both.gain > 2  # eight at once
    assert e.arms["threads"].same is True
    assert e.arms["asyncio"].same is True


def test_a_lock_held_all_the_time(worker, quick):
    found = advice_on(worker, known.one_at_a_time, (5,))
    assert found.model in ("sequential", CANT_TELL)  # the latter on a very busy machine
    assert found.evidence.verdict("threads").ratio < 2  # of eight at once
    assert "lock" in found.evidence.out["processes"]
    assert "processes" not in found.evidence.arms


def test_what_cant_travel_is_never_run_in_processes(ask):
    for function, args, why in [
        (known.nameless, (2_000,), "a lambda"),
        (known.gives_a_generator, (2_000,), "its result can't be pickled"),
    ]:
        found = ask(function, *args)
        assert found.evidence.out["processes"].startswith(why)
        assert set(found.evidence.arms) == {"sequential", "threads"}


def test_a_class_of_the_notebook_travels(ask):
    source = "class Cake:\n    pass\ndef bake(cake):\n    return cake\n"
    cell: dict = {"__name__": "__main__"}
    exec(source, cell)
    import __main__

    for name in ("Cake", "bake"):
        setattr(__main__, name, cell[name])
    try:
        found = ask(cell["bake"], cell["Cake"]())
        assert found.evidence.local
        assert not found.evidence.out
        assert not found.evidence.arms["processes"].failure
        assert found.evidence.arms["processes"].per_call
    finally:
        del __main__.Cake, __main__.bake


def test_a_cached_function_of_the_notebook_travels(ask):
    source = """
import functools
@functools.lru_cache(maxsize=3)
def power(number):
    return 1 if number == 0 else 2 * power(number - 1)
"""
    cell: dict = {"__name__": "__main__"}
    exec(source, cell)
    power = cell["power"]  # and not the whole cell, which has the interpreter's builtins in it
    found = ask(lambda: power(9))
    assert found.evidence.steady is True
    assert found.evidence.arms["threads"].same is True


def test_wrong_results_in_threads_are_seen(ask):
    e = ask(known.shares_a_list, 10).evidence
    assert e.steady is True
    assert e.arms["threads"].same is False
    assert e.arms["processes"].same is True
    assert "results were not those" in e.excluded("threads")


def test_a_changed_argument_is_seen(ask):
    found = ask(known.appends_to_its_argument, [])
    assert found.evidence.mutated
    assert found.model == CANT_TELL
    assert not ask(known.count, 10).evidence.mutated


def test_a_first_call_is_told_from_the_later_ones(ask):
    e = ask(known.kept_result, 300_000).evidence
    assert e.cold
    assert e.cached
    assert any("__wrapped__" in text for text in conditions(e, recommend(e)))


def test_an_async_function_that_blocks_its_loop_is_tried_elsewhere(ask):
    e = ask(known.async_in_name_only, 5).evidence
    assert set(e.arms) == {"sequential", "asyncio", "threads", "processes"}
    # Long waits: to come back to a busy core may take as long as a short one.
    waits = ask(known.ask_async, 40).evidence
    assert set(waits.arms) == {"sequential", "asyncio"}


def test_a_failure_in_one_model_costs_only_that(ask):
    def only_in_main():
        if threading.current_thread().name.startswith("ThreadPool"):
            raise RuntimeError("not here")
        time.sleep(0.002)

    found = ask(only_in_main)
    assert found.evidence.arms["threads"].failure == "RuntimeError: not here"
    assert found.evidence.excluded("threads") == "RuntimeError: not here"
    assert found.model != "threads"


def test_a_function_that_fails_says_so(ask):
    def burns():
        raise ValueError("burnt <bread>")

    with pytest.raises(RunError, match="burns fails when it is called alone: ValueError: burnt"):
        ask(burns)


def test_a_function_that_never_ends_is_one_sentence(ask):
    found = ask(time.sleep, 60, time_box=0.4)
    assert found.model == CANT_TELL
    assert "did not end within 400 ms" in found.because
    assert found.conditions == []


def test_a_deadlock_in_threads_comes_to_an_end(ask):
    lock = threading.Lock()

    def stuck():
        if threading.current_thread().name.startswith("ThreadPool"):
            lock.acquire()

    found = ask(stuck)
    assert "did not come to their end" in found.evidence.excluded("threads")
    assert found.model in ("sequential", CANT_TELL)


def test_a_stop_ends_it(worker):
    rounds = Rounds([worker])
    threading.Timer(0.3, rounds.stop).start()
    with pytest.raises(Stopped):
        run_advise(rounds, time.sleep, (5,))


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        (3, {}, "A workload is a function"),
        (known.count, {}, r"needs an argument: give it sample arguments, advise\(count, args="),
        (known.count, {"args": 5}, r"write args=\(5,\)"),
        (known.count, {"args": (1, 2)}, "can't be called with 2 arguments"),
        (known.ask_a_server, {"args": (1,), "time_box": 0}, "time_box is a time in seconds"),
    ],
)
def test_bad_input_is_one_sentence(worker, what, options, words):
    with pytest.raises(BadRequest, match=words):
        run_advise(Rounds([worker]), what, **options)


def test_a_coroutine_object_is_not_its_function(worker):
    with pytest.raises(BadRequest, match="was called already"):
        run_advise(Rounds([worker]), known.ask_async(1))


def test_methods_partials_and_builtin_workloads_can_be_asked_about(ask):
    import functools

    assert ask(functools.partial(known.count, 500)).name == "count"
    assert ask("a,b,c".split, ",").name == "split"
    assert ask(work.sleep(ms=2)).evidence.waiting


def test_slow_calls_get_fewer_rounds():
    fast, slow = evidence(), evidence(later_s=[1.0], first_s=1.0)
    assert plan(fast, None, 10.0)["rounds"] == 9
    assert plan(slow, None, 10.0)["rounds"] < 6
    assert plan(slow, None, 60.0)["rounds"] >= 6
    assert plan(evidence(waits=1.0), None, 10.0)["arms"]["threads"] == 8
    assert plan(evidence(waits=0.0), None, 10.0)["arms"]["threads"] == 2


# --- how it shows itself ---------------------------------------------------------------------


def shown(e: Evidence) -> ShownAdvice:
    found = recommend(e)
    gain = found.gain
    return ShownAdvice.of(Advice(
        read_machine(), e, found.model, found.because, gain and gain.ratio, gain and gain.low,
        gain and gain.high, conditions(e, found), code(e, found)))  # fmt: skip


def test_it_shows_answer_picture_code_conditions_and_evidence():
    e = evidence(threads=1.9, out={"processes": "a <lambda> has no name"})
    page = shown(e)._repr_html_()
    assert "work: use threads. 1.9× as fast" in page
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert "use threads" in svg.get("aria-label")
    assert "not tried: a <lambda> has no name" in " ".join(svg.itertext())
    assert "ThreadPoolExecutor(max_workers=2)" in page
    assert "a &lt;lambda&gt; has no name" in page
    assert "Where no second core is free" in page
    assert "cores used, one call at a time" in page
    assert page.startswith(charts.STYLE)
    assert "could not be drawn" not in page


@pytest.mark.parametrize("e", [
    Evidence("work", "blocking", 2.0, problem="The first calls did not end within 8 s."),
    evidence(mutated=True, pairs=0), evidence(pairs=1, threads=1.0, processes=0.001),
    evidence(asyncio=30.0, form="async", waits=1.0, lag_s=None, control=[]),
    evidence(threads=0.1, first_s=0.4, later_s=[4e-8], pool_start_s=None, ship_s=None,
             args_bytes=None, foreign=None, steady=None),
])  # fmt: skip
def test_it_shows_whatever_there_is(e):
    page = shown(e)._repr_html_()
    assert "could not be drawn" not in page
    assert str(shown(e)).startswith("work")


def test_asked_on_a_running_loop(worker):
    """As in a notebook, whose kernel runs a loop already."""

    async def main():
        return await asyncio.to_thread(advice_on, worker, known.ask_async, (2,))

    assert asyncio.run(main()).evidence.form == "async"
