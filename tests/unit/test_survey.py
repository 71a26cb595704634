"""Surveys: what is asked for, the order of the runs, who gains, what is said."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

import pytest

from helpers import charts
from helpers.charts.surveys.shown import ShownSurvey
from helpers.experiment import BadRequest, make_request
from helpers.experiment.comparison import Comparison
from helpers.experiment.surveys.survey import FEW, ROUNDS, RowExperiment, run_survey, survey_request
from helpers.experiment.surveys.surveyed import Row, Survey
from helpers.measure.machine import Machine
from helpers.measure.run import Run
from helpers.measure.usage import Usage
from helpers.models import MODELS, interpreters
from helpers.worker.errors import Stopped
from helpers.workloads import work

MACHINE = Machine("3.12.1", "CPython", "Linux x86_64", 2, 2, None, 4096.0, True, False, 0.005,
                  8e-5, 1e-5, 3.6e-6, 7e-5, "2026-01-02")  # fmt: skip
ONE_CORE = Machine.from_dict({**MACHINE.as_dict(), "cores": 1.0})

# --- what is asked for -------------------------------------------------------------------


def fine(): ...
async def only_async(): ...


def fails():
    raise ValueError("burnt <bread>")


@pytest.mark.parametrize(
    ("what", "options", "words"),
    [
        (work.compute(ms=1, steps=5), {}, "takes a list of workloads"),
        ([], {}, "takes a list of workloads"),
        ("compute", {}, "takes a list of workloads"),
        ([5], {}, "is an int"),
        ([only_async], {"models": ["threads"]}, "can only be run sequentially"),
        ([fine], {"models": ["fibers"]}, "no model 'fibers'"),
        ([fine], {"models": ["asyncio"]}, "can only be run sequentially"),
        ([fine], {"tasks": 0}, "tasks is a whole number"),
        ([fine], {"workers": "many"}, "workers is a whole number"),
    ],
)
def test_bad_input_gets_a_sentence(what, options, words):
    with pytest.raises(BadRequest, match=words):
        survey_request(what, **options)


@pytest.mark.parametrize(("cores", "workers"), [(1, 2), (2, 2), (3, 2), (4, 4), (64, 4)])
def test_the_workers_follow_the_cores(cores, workers):
    assert survey_request([fine], cores=cores).workers == workers


def test_sequential_is_always_measured_and_comes_once():
    asked = survey_request([fine], models=["threads", "sequential"]).requests["fine"]
    assert asked.models == ("sequential", "threads")
    known = survey_request([work.compute(ms=1, steps=5)]).requests["compute"].models
    assert known[:4] == ("sequential", "threads", "asyncio", "processes")


def test_a_workload_given_twice_gets_a_number():
    two = [work.compute(ms=1, steps=5), work.compute(ms=2, steps=9), work.compute(ms=3, steps=7)]
    assert list(survey_request(two).requests) == ["compute", "compute 2", "compute 3"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has them")
def test_without_interpreters_it_says_what_they_need():
    assert "interpreters" not in MODELS
    with pytest.raises(BadRequest, match=r"need Python 3\.14 or newer; this is 3\.1\d\. Choose"):
        make_request(fine, models=["interpreters"])


@pytest.mark.skipif(not interpreters.available(), reason=interpreters.missing())
def test_interpreters_run_tasks(worker):
    worker.load(work.compute(ms=1, steps=100))
    # An interpreter imports the course anew: long, on a busy machine.
    runs = [worker.run(model, 4, 2, time_box=60) for model in ("sequential", "interpreters")]
    assert not runs[1].failures
    assert runs[0].digest == runs[1].digest


# --- how it runs -------------------------------------------------------------------------


class Noted(RowExperiment):
    """A row that notes which model ran, without a positive control."""

    def __init__(self, worker) -> None:
        super().__init__(worker)
        self.order = []

    def _run(self, result, model, **options):
        self.order.append(model)
        return super()._run(result, model, **options)

    def _control(self):
        return 1.9


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="pins to a core")
def test_other_programs_do_not_make_a_computation_a_wait(worker):
    """Three others want the one core that the tasks may use: most of their time they queue."""
    core = min(os.sched_getaffinity(0))
    busy = f"import os; os.sched_setaffinity(0, [{core}]); print(flush=True)\nwhile True: pass"
    others = [subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE,
                               start_new_session=True)
              for _ in range(3)]  # fmt: skip

    def count():
        os.sched_setaffinity(0, [core])
        return sum(range(4_000_000))

    try:
        for other in others:
            other.stdout.readline()
        survey = run_survey(Noted(worker), [count], models=["threads"], rounds=1)
    finally:
        for other in others:
            other.kill()
            other.communicate()
    found = survey.rows["count"].comparison
    first = found.traced["sequential"]
    if first.usage.cpu_s > first.wall_s / 2:
        pytest.skip("the system did not share the core out among them")
    assert found.computes()


def test_models_take_turns_and_asyncio_comes_seldom(worker, monkeypatch):
    monkeypatch.setattr("helpers.experiment.surveys.survey.FAR_SLOWER", 1e9)
    monkeypatch.setattr("helpers.experiment.surveys.survey.RETRIES", 0)
    noted = Noted(worker)
    # however busy the machine is, there is time for all the rounds
    survey = run_survey(noted, [work.compute(ms=1, steps=400_000)], models=["threads", "asyncio"],
                        tasks=2, budget_s=600)  # fmt: skip
    rounds, order = [], iter(noted.order)
    for number in range(ROUNDS):
        size = 3 if number in FEW else 2
        rounds.append(list(itertools.islice(order, size)))
    assert not list(order)
    assert rounds[0] == ["sequential", "threads", "asyncio"]
    assert rounds[1] == ["threads", "sequential"]
    assert rounds[2] == ["sequential", "threads"]
    assert rounds[3] == ["asyncio", "threads", "sequential"]
    found = survey.rows["compute"].comparison
    assert {m: len(found.repeats[m]) for m in found.models} == {
        "sequential": ROUNDS, "threads": ROUNDS, "asyncio": len(FEW),
    }  # fmt: skip
    assert len(found.single) == ROUNDS
    assert found.agree() is True


def test_what_is_far_slower_comes_seldom(worker, monkeypatch):
    monkeypatch.setattr("helpers.experiment.surveys.survey.FAR_SLOWER", 0.0)  # then all of them are
    monkeypatch.setattr("helpers.experiment.surveys.survey.RETRIES", 0)
    noted = Noted(worker)
    run_survey(noted, [work.compute(ms=1, steps=60_000)], models=["threads"], tasks=2)
    assert noted.order == ["sequential", "threads", "threads", "sequential"]


def test_a_workload_that_fails_costs_only_its_own_row(worker):
    rows = [fails, work.compute(ms=1, steps=200)]
    survey = run_survey(Noted(worker), rows, models=["threads"], tasks=2, rounds=1)
    assert list(survey.rows) == ["fails", "compute"]
    assert list(survey.measured) == ["compute"]
    assert survey.rows["fails"].problem == "fails(): ValueError: burnt <bread>."
    assert survey.rows["fails"].problem in survey.summary()


def test_a_library_that_is_missing_costs_only_its_own_row(worker, monkeypatch):
    rows = [work.group_sum(ms=5, steps=1), work.compute(ms=1, steps=200)]
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "site-packages" not in p])
    survey = run_survey(Noted(worker), rows, models=["threads"], tasks=2, rounds=1)
    assert list(survey.measured) == ["compute"]
    assert "is not installed there (Python 3." in survey.rows["group_sum"].problem


def test_a_model_that_fails_is_left_out_of_its_row(worker):
    def only_in_main():
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("not here")

    survey = run_survey(Noted(worker), [only_in_main], models=["threads", "processes"], tasks=2,
                        rounds=1)  # fmt: skip
    assert survey.rows["only_in_main"].models == ["processes"]
    assert "only_in_main(), without threads: RuntimeError: not here." in survey.limits()


def test_a_stop_ends_the_whole_survey(worker):
    noted = Noted(worker)
    workloads = [work.sleep(ms=3_000), work.sleep(ms=3_000)]
    threading.Timer(0.5, noted.stop).start()
    with pytest.raises(Stopped):
        run_survey(noted, workloads, models=["threads"])


# --- what it found: comparisons made by hand ------------------------------------------------


def row(walls, *, workload=None, control=1.9, machine=MACHINE, cpu=None):
    """A row whose runs took `walls`: ``{model: [seconds, ...]}``."""
    workload = workload or work.compute(ms=50, steps=1)
    request = make_request(workload, 4, workers=2, models=list(walls))
    found = Comparison(request, machine, control=control)
    for model, seconds in walls.items():
        runs = [Run(model, 4, 2, s, Usage(s, (cpu or {}).get(model, 1.0) * s, 0.0), digest="same")
                for s in seconds]  # fmt: skip
        found.traced[model] = runs[0]
        found.repeats[model] = dict(enumerate(runs))
    found.single.append((0.05, 0.05))
    return Row(workload, found)


def six(seconds, spread=0.01):
    return [seconds * (1 + spread * (k % 3 - 1)) for k in range(6)]


def against(threads, **options):
    return row({"sequential": six(0.2), "threads": threads}, **options)


def test_a_gain_is_one_whose_whole_interval_lies_beyond_the_threshold():
    assert against(six(0.11)).gains() is True
    assert against(six(0.2)).gains() is False
    assert against(six(0.3)).gains() is False
    assert against(six(0.2 / 1.25, 0.06)).gains() is None  # astride, the median above
    assert against(six(0.2 / 1.15, 0.06)).gains() is None  # astride, the median below
    assert against(six(0.11)[:3]).gains() is None  # too few pairs
    assert against(six(0.11)).gains("processes") is None  # did not run


@pytest.mark.parametrize("options", [{"control": 1.1}, {"machine": ONE_CORE, "control": None}])
def test_without_a_second_core_no_gain_is_nothing_to_tell(options):
    assert against(six(0.2), **options).gains() is None
    assert against(six(0.1), **options).gains() is True


def test_the_processes_of_the_same_rounds_are_a_second_core_too():
    """The control came too early or too late, but the processes had the core."""
    walls = {"sequential": six(0.2), "threads": six(0.2), "processes": six(0.12)}
    assert row(walls, control=1.1).gains() is False
    assert row(walls | {"processes": six(0.19)}, control=1.1).gains() is None


def test_who_is_fastest():
    walls = {"sequential": six(0.2), "threads": six(0.1), "processes": six(0.15)}
    assert row(walls).winner() == "threads"
    assert row({**walls, "processes": six(0.1)}).winner() == "threads or processes"
    assert against(six(0.2)).winner() == "no difference this machine can show"
    assert against(six(0.4)).winner() == "sequential"
    few = {"sequential": six(0.2), "threads": six(0.1), "asyncio": six(0.2)[:2]}
    assert row(few).winner() == "threads"  # far enough behind to say so
    close = row({**few, "asyncio": six(0.11)[:2]})
    assert close.winner() == "threads"  # a loop has one thread: two lucky runs say nothing
    close.comparison.single = [(0.05, 0.0)]  # but with tasks that wait they do
    assert close.winner() == "threads or asyncio"
    assert Row(work.compute(ms=1, steps=1), None, "why").winner() == "not measured"


def survey_of(**rows):
    return ShownSurvey(MACHINE, 4, 2, rows)


def test_the_findings_name_who_gains():
    quick = row({"sequential": six(0.2), "threads": six(0.1), "asyncio": six(0.2)[:2]},
                workload=work.hashing(ms=50, steps=1))  # fmt: skip
    found = survey_of(compute=against(six(0.2)), hashing=quick).findings()
    assert found == [
        "threads gain: 50 ms of SHA-256 2.0×.",
        "threads don't gain: 50 ms of Python 1.00×.",
        "asyncio shows no gain (1.00× to 1.00×): a task that computes never lets go of the loop.",
    ]


def test_threads_of_the_library_are_seen_in_sequential():
    busy = against(six(0.25), workload=work.fit(ms=50), cpu={"sequential": 1.8})
    text = survey_of(fit=busy, compute=against(six(0.2))).findings()
    assert [t for t in text if "threads of its own" in t] == [
        "k-means fit, free: one task after the other already used 1.8 cores, so the library has "
        "threads of its own; Python threads on top made it 0.80× as fast."
    ]


def test_the_limits_are_said():
    assert "A second core was free: two processes did 1.9× the work of one in the same time." in (
        survey_of(compute=against(six(0.2))).limits()
    )
    assert "a second core was not free" in survey_of(a=against(six(0.2), control=1.1)).limits()[0]
    alone = Survey(ONE_CORE, 4, 2, {"a": against(six(0.2), machine=ONE_CORE, control=None)})
    assert alone.limits()[0].startswith("This machine has one usable core: it can't show")
    other = against(six(0.2))
    other.comparison.traced["threads"].digest = "other"
    other.comparison.traced["threads"].results = [1]
    other.comparison.traced["sequential"].results = [2]
    assert "did not return the same results" in survey_of(a=other).limits()[0]


def test_results_by_name():
    survey = survey_of(compute=against(six(0.1), cpu={"threads": 1.5}))
    assert survey.speedup("compute") == pytest.approx(2.0, abs=0.01)
    assert survey.cores("compute") == pytest.approx(1.5)
    with pytest.raises(KeyError):
        survey.speedup("blur")


# --- how it shows itself -------------------------------------------------------------------


def test_it_shows_a_picture_findings_and_a_table():
    def my_task(): ...

    rows = {"fit": against(six(0.2), workload=work.fit(ms=50)),
            "mine": row({"sequential": six(0.2), "threads": six(0.1), "processes": six(0.12)},
                        workload=make_request(my_task).workload),
            "bad": Row(make_request(fails).workload, None, "fails(): burnt <bread>.")}  # fmt: skip
    page = survey_of(**rows)._repr_html_()
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert "my_task(): threads 2.0× on 1.0 cores, processes 1.67×" in svg.get("aria-label")
    words = " ".join(svg.itertext())
    for shown in ("k-means fit, free", "my_task()", "Machine learning", "Your functions",
                  "cores used", "fastest here", "no difference shown"):  # fmt: skip
        assert shown in words
    assert "<figcaption>Threads gain in 1 of 2 workloads.</figcaption>" in page
    assert "burnt &lt;bread&gt;" in page
    assert page.count("<tr>") == 1 + 5
    assert page.startswith(charts.STYLE)
    assert "could not be drawn" not in page


def test_a_survey_of_which_nothing_ran_says_why():
    survey = survey_of(a=Row(make_request(fails).workload, None, "fails(): burnt."))
    assert "fails(): burnt." in survey._repr_html_()
    assert str(survey) == "Nothing was measured.\nfails(): burnt."


def test_a_rehearsal_gives_each_worker_one_task_unless_one_asks_for_more(monkeypatch):
    what = [work.sleep(1)]
    assert survey_request(what, cores=2).tasks == 4
    monkeypatch.setenv("COURSE_ROUNDS", "few")
    asked = survey_request(what, cores=2)
    assert (asked.tasks, asked.workers) == (2, 2)
    assert survey_request(what, cores=2, tasks=6).tasks == 6
    with pytest.raises(BadRequest, match="workers"):
        survey_request(what, workers="many")
