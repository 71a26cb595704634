"""A worker and a diary for the unit tests; a check that no run leaves a process behind."""

from __future__ import annotations

import psutil
import pytest

from helpers.course import Diary, place
from helpers.experiment import Experiment, make_request
from helpers.worker.client import Worker


@pytest.fixture(scope="session")
def session_worker():
    """A worker that several tests share; starting one for each would only cost time."""
    worker = Worker()
    worker.start()
    yield worker
    worker.close()


@pytest.fixture
def worker(session_worker):
    """The shared worker, ready, and after the test without a single run's process left."""
    session_worker.start()
    yield session_worker
    lasting = set(session_worker.processes())
    if lasting and psutil.pid_exists(session_worker.processes()[0]):
        zygote = psutil.Process(session_worker.processes()[0])
        children = {p.pid for p in zygote.children(recursive=True)}
        assert children <= lasting, "a run left a process behind"


@pytest.fixture
def experiment(worker):
    """``experiment(what, tasks, ...)`` runs a comparison with few rounds."""

    def run(what, tasks=5, *, rounds=1, said=None, **options):
        request = make_request(what, tasks, **options)
        return Experiment(worker).run(request, said, rounds=rounds, budget_s=1.0)

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The learner's folder, one for each test; it is not made yet."""
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "course"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return tmp_path / "course"


@pytest.fixture
def told_lines():
    """The sentences that `book` told the learner."""
    return []


@pytest.fixture
def book(folder, told_lines):
    """The diary of that folder."""
    return Diary(folder, told_lines.append)
