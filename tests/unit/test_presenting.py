"""In front of a room, without a browser: presets by name, hidden predictions, recorded runs."""

from __future__ import annotations

import asyncio

import pytest

from helpers.course.runs import write_run
from helpers.experiment import BadRequest
from helpers.widgets import PRESETS, Panel
from helpers.widgets import present as presenting
from helpers.widgets.controls import Controls
from helpers.widgets.present import present
from helpers.widgets.presets import make, preset
from helpers.widgets.room import guesses_html, read_guess
from helpers.worker import registry
from helpers.workloads import work


@pytest.fixture(autouse=True)
def own_presets(session_worker, monkeypatch):
    """Presets of a test go with it; panels use the tests' worker."""
    monkeypatch.setitem(registry._workers, session_worker.python, session_worker)
    before = dict(PRESETS)
    yield
    PRESETS.clear()
    PRESETS.update(before)


@pytest.fixture(autouse=True)
def fresh_presenter(monkeypatch):
    monkeypatch.setattr(presenting, "_shared", None)


# --- size ------------------------------------------------------------------------------


def test_present_switches_to_and_fro():
    assert present().size == "hall"
    assert present().size == ""
    assert present("large hall").size == "large hall"
    assert present().size == ""
    assert present(True).size == "hall"
    assert present(False).size == present(False).size == ""


def test_all_cells_share_one_presenter():
    """Else one would switch on and another one off."""
    assert present("room") is present("hall")


@pytest.mark.parametrize("size", ["huge", "", 2, 1.5, ["hall"], {}])
def test_an_unknown_size_gets_one_sentence(size):
    with pytest.raises(BadRequest, match=r'present\("hall"\)'):
        present(size)
    assert presenting._shared is None or presenting._shared.size == ""


def test_what_a_browser_sends_is_one_of_the_sizes():
    shown = present("room")
    shown.size = "</style><script>"
    assert shown.size == ""


# --- presets ---------------------------------------------------------------------------


def test_a_preset_fixes_the_whole_experiment():
    made = preset("Noon", "wait, some longer", ms=20, tasks=12, at_once=3, seed=5, time_box=2,
                  models=["threads", "asyncio"])  # fmt: skip
    request = Controls(made).request()
    assert (request.tasks, request.cap, request.models) == (12, 3, ("asyncio", "threads"))
    assert request.time_box == 2
    assert dict(request.workload.spec) == {"name": "uneven", "ms": 20, "seed": 5}


def test_a_preset_is_in_the_menu_and_a_chosen_one_decides_seed_and_time_box():
    preset("Noon", "uneven", seed=9, time_box=3)
    controls = Controls(PRESETS["20 waits"])
    controls.preset.value = "Noon"
    assert controls.request().time_box == 3
    assert controls.request().workload.spec["seed"] == 9
    controls.reset()
    assert controls.request().time_box == 8


def test_a_name_that_is_there_gets_the_new_values():
    preset("Noon", tasks=5)
    preset("Noon", tasks=6)
    assert PRESETS["Noon"].tasks == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"title": ""}, "has a name"),
        ({"title": 3}, "has a name"),
        ({"work": "dream"}, "no work 'dream'"),
        ({"work": [1]}, "no work"),
        ({"ms": 0}, "above 0"),
        ({"ms": "50"}, "above 0"),
        ({"ms": float("nan")}, "above 0"),
        ({"tasks": 0}, "tasks is a whole number"),
        ({"at_once": -1}, "at_once is a whole number"),
        ({"seed": -1}, "seed is a whole number"),
        ({"seed": "x"}, "seed is a whole number"),
        ({"time_box": 0}, "time_box"),
        ({"models": ["asincio"]}, "no model"),
        ({"models": []}, "at least one model"),
        ({"models": [lambda one, numbers: None]}, "models of the panel"),
    ],
)
def test_a_preset_that_cant_be_gets_one_sentence(options, words):
    with pytest.raises(BadRequest, match=words):
        preset(**{"title": "Noon", **options})
    assert "Noon" not in PRESETS


def test_the_seed_fixes_every_wait():
    def waits(seed):
        return [work.uneven(ms=0.01, seed=seed).form("blocking")(n) for n in range(20)]

    assert waits(1) == waits(1) != waits(2)
    assert waits(1)[0] == 0.01
    assert all(0.005 <= wait <= 0.015 for wait in waits(1))
    assert len(set(waits(1))) > 5


def test_both_forms_of_an_uneven_wait_agree():
    one = make("uneven", 1, 4)
    blocking = [one.form("blocking")(n) for n in range(4)]
    waited = asyncio.run(_gathered(one))
    assert blocking == waited


async def _gathered(one):
    return list(await asyncio.gather(*(one.form("coroutine")(n) for n in range(4))))


# --- hidden predictions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        ("threads 60", ("threads", 0.06)),
        ("THREADS", ("threads", None)),
        ("seq 1,000 ms", ("sequential", 1.0)),
        ("async 50", ("asyncio", 0.05)),
        ("asyncio+ 7.5ms", ("asyncio+threads", 0.0075)),
    ],
)
def test_what_is_typed_is_understood(words, guess):
    assert read_guess(words) == guess


@pytest.mark.parametrize(
    "words", ["", "60", "tea 60", "threads sixty", "threads 60 70", "threads -1", "threads nan",
              "threads inf", None]
)  # fmt: skip
def test_what_is_no_prediction_gets_one_sentence_that_does_not_repeat_it(words):
    with pytest.raises(BadRequest, match="as in: threads 60") as raised:
        read_guess(words)
    assert "sixty" not in str(raised.value)


def shown_of(panel):
    return panel.room.shown.value


def test_predictions_show_when_revealed_and_not_before():
    async def body():
        panel = Panel("20 waits", room=True)
        panel.controls.tasks.value, panel.controls.size.value = 3, 1.0
        for words in ("threads 123", "threads 77", "nonsense 9", "asyncio"):
            panel.room.field.value = words
            await asyncio.sleep(0.01)
        assert panel.room.field.value == ""
        assert len(panel.room.guesses) == 3
        await panel.run()
        hidden = "".join(w.value for w in (panel.room.shown, panel.verdict, panel.status))
        assert "123" not in hidden
        assert "77" not in hidden
        panel.room.reveal_button.click()
        await asyncio.sleep(0.01)
        assert "100 ms (77 ms to 123 ms)" in shown_of(panel)
        took = f"{panel.result.wall('threads') * 1e3:,.0f} ms"
        assert took in shown_of(panel)
        panel.reset_button.click()
        await asyncio.sleep(0.01)
        assert panel.room.guesses == []
        assert "77" not in shown_of(panel)
        assert panel.result is None

    asyncio.run(body())


def test_a_wrong_entry_says_so_without_showing_it():
    async def body():
        panel = Panel("20 waits", room=True)
        panel.room.field.value = "treads 4711"
        await asyncio.sleep(0.01)
        assert "as in: threads 60" in shown_of(panel)
        assert "4711" not in shown_of(panel)
        assert panel.room.guesses == []

    asyncio.run(body())


def test_reveal_without_a_measurement_and_without_predictions():
    assert "not measured" in guesses_html([("threads", None)], None)

    async def body():
        panel = Panel("20 waits", room=True)
        panel.room.reveal()
        await asyncio.sleep(0.01)
        assert "No predictions" in shown_of(panel)

    asyncio.run(body())


def test_a_learners_panel_has_none_of_it():
    async def body():
        assert Panel("20 waits").room is None

    asyncio.run(body())


# --- a recorded run --------------------------------------------------------------------


def test_a_recorded_run_is_shown_and_labelled(tmp_path):
    async def body():
        live = Panel("20 waits")
        live.controls.tasks.value, live.controls.size.value = 2, 1.0
        saved = write_run(await live.run(), tmp_path / "noon")
        panel = Panel(preset("Noon", ms=1, tasks=2, recorded=str(saved)), room=True)
        await asyncio.sleep(0.01)
        assert panel.room.recorded_button.layout.display is None
        panel.room.recorded_button.click()
        for _ in range(500):
            if panel.result is not None:
                break
            await asyncio.sleep(0.02)
        assert panel.result.recorded
        assert "cav-recorded" in panel.figure.value
        assert "recorded run" in panel.status.value
        panel.controls.preset.value = "20 waits"
        await asyncio.sleep(0.01)
        assert panel.room.recorded_button.layout.display == "none"

    asyncio.run(body())


@pytest.mark.parametrize(
    ("recorded", "words"), [("", "has no recorded run"), ("gone", "not there")]
)
def test_a_recorded_run_that_is_not_there_gets_one_sentence(recorded, words):
    async def body():
        panel = Panel(preset("Noon", recorded=recorded), room=True)
        panel.show_recorded()
        for _ in range(500):
            if "cav-error" in panel.status.value:
                break
            await asyncio.sleep(0.02)
        assert words in panel.status.value
        assert panel.result is None

    asyncio.run(body())
