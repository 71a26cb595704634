"""A server of connections, or its load client, killed in mid-run: a sentence, an end, nothing left.

Each is killed when the experiment tells a certain thing: that moment is known, on any machine.
What goes on just then would go on for minutes.
"""

from __future__ import annotations

import asyncio
import tempfile
from subprocess import Popen

import pytest
from matplotlib import font_manager

from helpers.experiment.serving import connections, hold, rude
from helpers.experiment.serving.connections import ConnectionsExperiment
from helpers.experiment.serving.hold import HoldExperiment
from helpers.experiment.serving.rude import RudeExperiment
from helpers.notebook import serving
from helpers.notebook.running import ExperimentFailed
from helpers.widgets.connections import connections_panel
from helpers.worker.errors import RunError
from tests.harness.faults import Left, kill_process
from tests.unit import sample_handlers as handlers
from tests.unit.test_connections import in_thread, mine

#: Seconds of a part in which something is killed: only the kill can end it.
LONG_S = 600.0
#: Seconds after which a run hangs: no answer that it waits for comes so late.
HUNG_S = 100.0

ASYNCIO, THREADS, LOAD = "The asyncio server", "The threads server", "The load client"
HANDLERS = {ASYNCIO: handlers.good, THREADS: handlers.good_threaded, LOAD: handlers.good}
FEW = {ASYNCIO: handlers.few, THREADS: handlers.few_threaded, LOAD: handlers.few}
STEADY = "answers a second"


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Parts that nobody is killed in are as short as may be."""
    monkeypatch.setattr(connections, "FIXED_S", 0.1)
    monkeypatch.setattr(connections, "CLOSED_S", 0.1)
    monkeypatch.setattr(rude, "AT_S", 0.1)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """No folder, process, thread or descriptor, a socket among them, outlives a test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    font_manager._get_font.cache_clear()  # it keeps fonts open, each for the thread that drew
    before = Left()
    yield
    font_manager._get_font.cache_clear()
    assert before.more() == []
    assert mine() == []
    assert list(tmp_path.iterdir()) == []


class Killing:
    """Kills the service `name` of an `experiment` once what that tells has `words` in it."""

    def __init__(self, name: str, words: str, kind: type = ConnectionsExperiment) -> None:
        self.name, self.words, self.killed = name, words, 0
        self.experiment = kind(self.tell)

    def tell(self, progress) -> None:
        if not self.killed and self.words in progress.words:
            self.killed = self.process().pid
            kill_process(self.killed)

    def process(self) -> Popen:
        members = self.experiment._crew._members
        (found,) = (service.process for service in members if service.name == self.name)
        return found

    def said(self, *args) -> str:
        """What a run says that must end with an error, and give no details beside it."""
        thread, caught = in_thread(self.experiment, *args)
        thread.join(HUNG_S)
        hung = thread.is_alive()
        self.experiment.stop()  # a test that fails ends, too
        assert not hung
        assert self.killed, "it was killed in mid-run"
        (error,) = caught
        assert type(error) is RunError
        assert not error.details
        return str(error)


def sentence(name: str) -> str:
    """What is said of a service that was killed."""
    return f"{name} has ended. Run it again."


@pytest.mark.parametrize("name", HANDLERS)
def test_killed_while_it_answers_at_a_steady_rate(name, monkeypatch):
    monkeypatch.setattr(connections, "FIXED_S", LONG_S)
    assert Killing(name, STEADY).said([20], HANDLERS[name]) == sentence(name)


@pytest.mark.parametrize("name", FEW)
def test_killed_while_connections_are_opened(name):
    """Some have been answered then, and others wait for that."""
    assert Killing(name, ": 3 open").said([20], FEW[name]) == sentence(name)


@pytest.mark.parametrize("name", HANDLERS)
def test_killed_before_all_ask_at_once(name, monkeypatch):
    monkeypatch.setattr(connections, "CLOSED_S", LONG_S)
    assert Killing(name, ": all ask at once").said([20], HANDLERS[name]) == sentence(name)


def test_the_load_client_killed_while_a_server_starts():
    assert Killing(LOAD, ": starting").said([20], handlers.good) == sentence(LOAD)


@pytest.mark.parametrize("look", ["footprint", "cpu_seconds"])
@pytest.mark.parametrize("name", [ASYNCIO, THREADS])
def test_a_server_killed_before_it_is_looked_at(name, look, monkeypatch):
    """Its process is gone altogether: who looks for it finds none."""

    def looked(pid):
        if not killing.killed:
            killing.killed = pid
            kill_process(pid)
            killing.process().wait()
        return look_at(pid)

    look_at = getattr(connections, look)
    monkeypatch.setattr(connections, look, looked)
    killing = Killing(name, "nothing that is told")
    assert killing.said([20], HANDLERS[name]) == sentence(name)


@pytest.mark.parametrize("name", HANDLERS)
def test_killed_while_connections_are_held(name, monkeypatch):
    monkeypatch.setattr(hold, "ASK_AGAIN_PER_S", 20 / LONG_S)
    assert Killing(name, STEADY, HoldExperiment).said(20, HANDLERS[name]) == sentence(name)


@pytest.mark.parametrize("name", HANDLERS)
def test_killed_amid_a_rude_request(name, monkeypatch):
    monkeypatch.setattr(rude, "AFTER_S", LONG_S)
    killing = Killing(name, STEADY, RudeExperiment)
    assert killing.said("block", HANDLERS[name]) == sentence(name)


# --- what a learner sees ---------------------------------------------------------------


@pytest.mark.parametrize("name", HANDLERS)
def test_the_panel_says_so_and_the_next_run_works(name, monkeypatch):
    async def body():
        panel = connections_panel([handlers.good, handlers.good_threaded])
        panel.count.value = 20
        panel.servers["asyncio"].value = name != THREADS  # else its turn comes first
        killing = Killing(name, STEADY)
        with monkeypatch.context() as changed:
            changed.setattr(connections, "FIXED_S", LONG_S)
            changed.setattr(panel, "_experiment_for", lambda asked: killing.experiment)
            assert await panel.run() is None
        assert killing.killed, "it was killed in mid-run"
        assert 'role="alert"' in panel.status.value
        assert f">{sentence(name)}<" in panel.status.value
        assert "Traceback" not in panel.status.value
        panel.servers["asyncio"].value = True
        result = await panel.run()
        assert result.counts("asyncio") == result.counts("threads") == [20]
        assert result.failures() == 0

    asyncio.run(body())


def test_a_cell_shows_that_sentence_and_no_traceback(monkeypatch):
    killing = Killing(ASYNCIO, STEADY)
    monkeypatch.setattr(connections, "FIXED_S", LONG_S)
    monkeypatch.setattr(serving, "ConnectionsExperiment", lambda tell: killing.experiment)
    with pytest.raises(ExperimentFailed) as told:
        asyncio.run(serving.connections([20], handlers.good))
    assert told.value._render_traceback_() == [sentence(ASYNCIO)]
