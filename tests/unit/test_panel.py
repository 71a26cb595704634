"""The panel without a browser: its controls, its answers, and a run on the loop of a test."""

from __future__ import annotations

import asyncio
import threading

import pytest

from helpers import charts
from helpers.experiment import BadRequest
from helpers.measure.machine import read_machine
from helpers.widgets import PRESETS, Panel
from helpers.widgets.controls import NO_GUESS, Controls
from helpers.widgets.panel import answer
from helpers.widgets.runner import status_text
from helpers.worker import registry
from helpers.worker.errors import Stopped


@pytest.fixture(autouse=True)
def shared(session_worker, monkeypatch):
    """The panel uses the tests' worker, so that nothing is left at the end."""
    monkeypatch.setitem(registry._workers, session_worker.python, session_worker)


@pytest.fixture
def controls():
    return Controls(PRESETS["20 waits"])


class Nothing:
    """An experiment and its result: it measures nothing, and notes that it was stopped."""

    recorded = ""

    def __init__(self):
        self.stopped = threading.Event()

    def stop(self):
        self.stopped.set()


def in_a_loop(body):
    """Run `body(panel)` where a panel can live: on a running loop."""

    async def main():
        panel = Panel("20 waits")
        return await body(panel)

    return asyncio.run(main())


@pytest.mark.parametrize("title", list(PRESETS))
def test_every_preset_can_be_run(title):
    request = Controls(PRESETS[title]).request()
    assert request.tasks == PRESETS[title].tasks
    assert request.models == PRESETS[title].models
    assert request.cap == (PRESETS[title].cap or min(request.tasks, request.cap))


@pytest.mark.parametrize(
    ("control", "value", "words"),
    [
        ("tasks", 0, "Tasks is a whole number"),
        ("tasks", -1, "Tasks is a whole number"),
        ("tasks", 10**9, "too large"),
        ("cap", -3, "At once is a whole number"),
        ("size", 0.0, "above 0"),
        ("size", -5.0, "above 0"),
        ("size", 1e9, "at most 60,000 ms"),
        ("size", float("nan"), "above 0"),
    ],
)
def test_nonsense_gets_one_sentence(controls, control, value, words):
    getattr(controls, control).value = value
    with pytest.raises(BadRequest, match=words):
        controls.request()


def test_no_model_ticked(controls):
    for box in controls.models.values():
        box.value = False
    with pytest.raises(BadRequest, match="at least one model"):
        controls.request()
    assert controls.said_model.options == (NO_GUESS,)


def test_a_preset_fills_the_controls_and_reset_undoes_it(controls):
    controls.preset.value = "Python code that computes"
    assert (controls.work.value, controls.tasks.value) == ("compute", 5)
    controls.said_ms.value = 12.0
    controls.reset()
    assert (controls.work.value, controls.tasks.value) == ("sleep", 20)
    assert controls.said() == {}


def test_a_preset_changes_the_menu_of_the_prediction_before_the_number_of_tasks(controls):
    """Who sees the new number and then predicts must not have the prediction taken back."""
    menus = []
    controls.tasks.observe(lambda change: menus.append(controls.said_model.options), "value")
    controls.preset.value = "The same, with processes"
    assert menus == [(NO_GUESS, "sequential", "threads", "processes")]


def test_only_ticked_models_can_be_predicted(controls):
    controls.said_model.value, controls.said_ms.value = "threads", 80.0
    assert controls.said() == {"threads": 0.08}
    controls.models["threads"].value = False
    assert controls.guess() is None
    assert controls.said_ms.value == 0


@pytest.mark.parametrize("ms", [-5.0, 1e9, float("inf"), float("nan")])
def test_a_prediction_that_is_no_time_gets_one_sentence_in_the_unit_of_its_field(controls, ms):
    controls.said_model.value, controls.said_ms.value = "threads", ms
    with pytest.raises(BadRequest, match=r"at most 600,000 ms.*try 100, or 0"):
        controls.request()


def test_a_time_that_is_no_models_asks_for_the_model(controls):
    controls.said_ms.value = 60.0
    with pytest.raises(BadRequest, match="Which model will take 60 ms.*Fastest will be"):
        controls.request()
    controls.said_model.value = "threads"
    assert controls.request()
    assert controls.said() == {"threads": 0.06}


def test_a_run_shows_picture_and_answer():
    async def body(panel):
        controls = panel.controls
        controls.tasks.value, controls.size.value = 4, 5.0
        controls.said_model.value, controls.said_ms.value = "threads", 80.0
        result = await panel.run()
        assert result.models == ["sequential", "asyncio", "threads"]
        assert "<svg" in panel.figure.value
        assert "You said 80 ms for threads" in panel.verdict.value
        assert "Done" in panel.status.value
        assert panel.stop_button.disabled
        assert not panel.run_button.disabled

    in_a_loop(body)


def test_done_is_said_when_the_result_is_shown_and_not_before(monkeypatch):
    """While the picture of the result is drawn, the status must not say that all is done."""
    draw, seen = charts.comparison_html, []

    async def body(panel):
        def watched(result):
            # called on the run's thread: let the loop show all that was posted before
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result()
            seen.append((panel.status.value, panel.verdict.value))
            return draw(result)

        loop = asyncio.get_running_loop()
        monkeypatch.setattr(charts, "comparison_html", watched)
        panel.controls.tasks.value, panel.controls.size.value = 2, 1.0
        panel.controls.said_model.value = "threads"
        await panel.run()
        ((status, verdict),) = seen
        assert "Done" not in status
        assert verdict == ""
        assert "Done" in panel.status.value
        assert panel.verdict.value != ""

    in_a_loop(body)


def test_a_callback_from_another_thread_works():
    """JupyterLab sends comm messages over subshells: a callback has no loop of its own."""

    async def body(panel):
        panel.controls.tasks.value, panel.controls.size.value = 2, 1.0
        thread = threading.Thread(target=panel.run_button.click)
        thread.start()
        while panel.result is None:
            await asyncio.sleep(0.02)
        thread.join()
        assert "<svg" in panel.figure.value

    in_a_loop(body)


def test_reset_before_run_runs_what_reset_has_set():
    """Also while the main loop has no time for either."""

    async def body(panel):
        begun = []
        panel._experiment_for = lambda asked: begun.append(asked) or Nothing()
        panel._measured = lambda experiment, asked: (experiment, "", "")
        panel.controls.tasks.value = 3
        panel.reset_button.click()
        panel.run_button.click()
        while panel.result is None:
            await asyncio.sleep(0.02)
        assert [asked[0].tasks for asked in begun] == [PRESETS["20 waits"].tasks]

    in_a_loop(body)


def test_run_before_reset_runs_no_longer():
    async def body(panel):
        begun = []

        def ended(experiment, asked):
            experiment.stopped.wait(30)
            raise Stopped("stopped")

        panel._experiment_for = lambda asked: begun.append(Nothing()) or begun[-1]
        panel._measured = ended
        panel.run_button.click()
        panel.reset_button.click()
        await asyncio.sleep(0)
        while not begun or not panel._idle.is_set():
            await asyncio.sleep(0.02)
        assert [one.stopped.is_set() for one in begun] == [True]
        assert panel.result is None

    in_a_loop(body)


def test_stop_and_run_again():
    async def body(panel):
        panel.controls.size.value = 5_000.0
        panel.start()
        await asyncio.sleep(0.4)
        panel.stop()
        while not panel._idle.is_set():
            await asyncio.sleep(0.02)
        assert "Stopped" in panel.status.value
        assert panel.result is None
        panel.controls.size.value, panel.controls.tasks.value = 1.0, 2
        assert await panel.run() is not None

    in_a_loop(body)


def test_bad_input_is_said_and_the_panel_stays_usable():
    async def body(panel):
        panel.controls.tasks.value = -1
        assert await panel.run() is None
        await asyncio.sleep(0.05)
        assert 'role="alert"' in panel.status.value
        assert "Tasks is a whole number" in panel.status.value
        panel.controls.tasks.value, panel.controls.size.value = 2, 1.0
        assert await panel.run() is not None

    in_a_loop(body)


def test_two_panels_one_worker():
    async def body(first):
        second = Panel("20 waits")
        first.controls.size.value = 3_000.0
        first.start()
        await asyncio.sleep(0.4)
        assert await second.run() is None
        assert "Another experiment is running" in second.status.value
        first.stop()
        while not first._idle.is_set():
            await asyncio.sleep(0.02)
        assert "Stopped" in first.status.value

    in_a_loop(body)


def test_answers(experiment):
    from helpers.workloads import work

    result = experiment(work.sleep(30), 8, rounds=1, said={"asyncio": 0.2})
    assert answer(result, None).startswith("You said 200 ms for asyncio: it took")
    best = result.fastest()
    assert answer(result, "sequential").startswith(f"You said sequential would be fastest: {best} ")
    assert answer(result, result.fastest()).startswith(f"You said {result.fastest()} would be")


def test_how_far_a_run_is_is_not_announced_and_its_end_is():
    """Words that change several times a second would drown everything else."""

    async def body(panel):
        lines = []
        panel.status.observe(lambda change: lines.append(change["new"]), "value")
        await panel.run()
        return lines

    first, *under_way, last = in_a_loop(body)
    assert "Starting." in first
    assert 'role="status"' in first
    assert under_way
    assert not any("role=" in line for line in under_way)
    assert "Done." in last
    assert 'role="status"' in last


def test_what_comes_from_outside_is_escaped():
    text = status_text("<b>bold</b>", bad=True, details="<script>x</script>")
    assert "<b>" not in text
    assert "<script>" not in text


def test_a_machine_has_facts():
    card = read_machine()
    assert card.cores > 0
    assert 0 < card.task_s < card.thread_s
    assert card.sentence().startswith(card.implementation)


def test_posting_reaches_the_main_loops_thread_in_order():
    from helpers.widgets.kernel import MainLoop

    async def main():
        loop, seen = MainLoop(), []

        def note(number):
            seen.append((number, threading.get_ident()))

        thread = threading.Thread(target=lambda: [loop.post(note, k) for k in range(5)])
        thread.start()
        thread.join()
        assert seen == [], "nothing runs before the loop has its turn"
        await asyncio.sleep(0.05)
        assert seen == [(k, threading.get_ident()) for k in range(5)]

    asyncio.run(main())


def test_stopping_what_waits_leaves_the_running_one_alone(session_worker):
    from helpers.experiment import Experiment, make_request
    from helpers.workloads import work

    running, other = Experiment(session_worker), Experiment(session_worker)
    running._tell = lambda progress: "tasks" in progress.words and other.stop()
    request = make_request(work.sleep(30), 3, models=["threads"])
    assert running.run(request, rounds=1).models == ["threads"]
