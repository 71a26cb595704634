"""Few open files, few threads: what starts nothing says so in one sentence, and leaves nothing."""

from __future__ import annotations

import asyncio
import errno
import json
import sys
import time
from pathlib import Path

import pytest
from zmq.error import ZMQError

from helpers.charts import comparison_html
from helpers.experiment.surveys.survey import RowExperiment, run_survey
from helpers.measure.shortage import short_of, shortage
from helpers.notebook.experiments import in_worker
from helpers.notebook.running import ExperimentFailed
from helpers.services.web.server import web_server
from helpers.worker import memory
from helpers.worker.errors import MemoryCapReached
from helpers.workloads import as_workload, work
from tests.harness.scarce import FULL, as_a_user, python

# A process that tries one thing again and again, with ever more of what is scarce, until it
# works. What it was told each time, and what was left open afterwards, comes back as JSON.
TRIALS = """
import contextlib, json, os, resource, sys, threading, time, psutil
from helpers.experiment import Experiment, make_request
from helpers.services.service import Service, ServiceError
from helpers.services.connections.limits import read_limits
from helpers.worker.client import Worker
from helpers.worker.errors import RunError
from helpers.workloads import work
import helpers.services.scratch, tempfile, cloudpickle

me = psutil.Process()

def a_run(model):
    worker = Worker()
    try:
        worker.load(work.sleep(2))
        run = worker.run(model, 12, 12)
        assert run.failed == 0, run.failures
    finally:
        worker.close()

def a_service():
    Service("helpers.services.scratch").close()

def left():
    end = time.monotonic() + 5
    while time.monotonic() < end and (me.children(recursive=True) or threading.active_count() > 1):
        time.sleep(0.01)
    return [me.num_fds(), threading.active_count(), len(me.children(recursive=True))]

def trials(tried, name, levels):
    tried()  # imports, caches
    before, kind, told = left(), getattr(resource, name), []
    soft, hard = resource.getrlimit(kind)
    for level in levels:
        resource.setrlimit(kind, (level, hard))
        try:
            tried()
            words = None
        except (RunError, ServiceError) as error:
            words = str(error)
            if getattr(error, "details", ""):
                words += " DETAILS " + error.details
        except BaseException as error:
            words = f"RAW {type(error).__name__}: {error}"
        finally:
            resource.setrlimit(kind, (soft, hard))
        told.append(words)
        assert left() == before, (level, words, left(), before)
        if words is None:
            break
    print(json.dumps(told))
"""


def told(code: str, before=()) -> list[str | None]:
    return json.loads(python(TRIALS + code, before))


@pytest.mark.parametrize("tried", ["a_service", "lambda: a_run('threads')"])
def test_few_open_files(tried):
    """From too few to enough: each time one sentence, and nothing stays open."""
    found = told(f"start = me.num_fds()\n"
                 f"trials({tried}, 'RLIMIT_NOFILE', range(start, start + 60, 2))")  # fmt: skip
    assert found[-1] is None, "enough was never enough"
    assert len(found) > 2
    assert {words for words in found[:-1] if "no more files and sockets" not in words} == set()


@pytest.mark.parametrize("model", ["threads", "processes", "asyncio+threads"])
def test_few_threads(model):
    before = as_a_user()
    if before is None:
        pytest.skip("root is exempt from limits on threads, and there is no setpriv")
    found = told("from helpers.services.connections.limits import _threads\n"
                 "used = _threads().get(os.getuid(), 0)\n"
        "levels = [1, *range(used, used + 200, 2)]\n"
                 f"trials(lambda: a_run({model!r}), 'RLIMIT_NPROC', levels)",
                 before)  # fmt: skip
    assert found[-1] is None, "enough was never enough"
    assert found[0] is not None, "one thread was enough"
    assert {words for words in found[:-1] if "no more threads or processes" not in words} == set()


def test_a_cap_leaves_what_others_use():
    """A limit of 64 threads, 40 of them in use: a run may not ask for 51."""
    before = as_a_user()
    if before is None:
        pytest.skip("root is exempt from limits on threads, and there is no setpriv")
    code = """
import os, resource, threading
from helpers.experiment import make_request
from helpers.services.connections.limits import _threads
from helpers.workloads import work
gate = threading.Event()
for _ in range(40):
    threading.Thread(target=gate.wait, daemon=True).start()
used = _threads().get(os.getuid(), 0)
resource.setrlimit(resource.RLIMIT_NPROC, (used + 20, used + 20))
print(make_request(work.sleep(1), 1000).cap)
"""
    assert 1 <= int(python(code, before)) <= 16


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux says whom it ends first.")
def test_where_memory_runs_out_the_kernel_is_not_the_first_to_end(worker):
    """The system ends whose number is highest, and among equals the largest: the kernel."""

    def rank():
        return int(Path("/proc/self/oom_score_adj").read_text())

    worker.load(as_workload(rank))
    assert worker.run("threads", 2, 2).results == [1000, 1000]
    assert worker.run("processes", 2, 2).results == [1000, 1000]
    with web_server() as web:
        server = Path(f"/proc/{web._service.process.pid}/oom_score_adj")
        assert int(server.read_text()) == 1000
    assert rank() < 1000


def test_a_run_ends_before_it_takes_what_the_machine_has_not(worker, monkeypatch):
    """Else the system would end something itself, and as likely the kernel as the run."""

    def eat():
        held = []
        for _ in range(60):
            held.append(bytearray(b"x" * 5_000_000))
            time.sleep(0.02)

    monkeypatch.setattr(memory, "memory_free", lambda: 120 * 2**20)
    monkeypatch.setattr(worker, "_room", memory.Room())
    worker.load(as_workload(eat))
    with pytest.raises(MemoryCapReached, match="108 MB of memory, about all that this machine"):
        worker.run("sequential", 1, 1)
    worker.load(work.sleep(1))
    assert worker.run("sequential", 2, 2).failed == 0
    monkeypatch.setattr(worker, "_room", memory.Room())


def test_what_is_no_shortage_stays_what_it_is():
    assert shortage(BlockingIOError(11, "try again")) is None  # a socket that is not ready
    assert "no more threads" in shortage(BlockingIOError(11, "try again"), starting=True)
    assert shortage(FileNotFoundError(2, "no such file")) is None
    assert shortage(RuntimeError("no running event loop")) is None
    assert shortage(ValueError("Too many open files")) is None
    assert short_of("ValueError: 3") is None
    assert "memory" in shortage(MemoryError())
    assert "no more files" in shortage(ZMQError(errno.EMFILE))  # a kernel's print, in a thread
    assert shortage(ZMQError(errno.EAGAIN)) is None
    assert "disc is full" in shortage(OSError(28, "No space left on device"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Only Linux has a disc that is full.")
def test_tasks_that_meet_a_full_disc_say_what_to_do_wherever_they_ran(experiment, worker):
    def note(number=0):
        Path("/dev/full").write_text("bread")

    compared = experiment(note, 2, models=["threads"])
    (said,) = compared.summary()
    assert said.endswith(f"(2 of 2 tasks failed). Nothing was compared. {FULL}")
    assert "Mend what the traceback" not in comparison_html(compared)
    survey = run_survey(RowExperiment(worker), [note], models=["threads"], rounds=1)
    (row,) = survey.rows.values()
    assert row.problem.endswith(f"No space left on device. {FULL}")
    with pytest.raises(ExperimentFailed, match=f"No space left on device. {FULL}"):
        asyncio.run(in_worker(note))
