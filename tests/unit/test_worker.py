"""The worker process: results, bad tasks, Stop, caps, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from helpers.worker import channel
from helpers.worker.client import Worker
from helpers.worker.errors import Busy, MemoryCapReached, RunError, Stopped, TimeBoxEnded
from helpers.workloads import as_workload, work
from tests.harness.faults import VICTIMS, alive, kill_in_run
from tests.harness.waiting import wait_until

PROJECT = Path(__file__).parents[2]


def gone(pid: int) -> bool:
    """Whether the process ends soon; a zombie counts as ended."""
    return wait_until(lambda: not alive({pid}))


def load(worker, function, *args):
    worker.load(as_workload(function, args))


def test_on_windows_it_says_what_to_do_instead(monkeypatch):
    monkeypatch.setattr(channel.sys, "platform", "win32")
    with pytest.raises(RunError, match="on Windows, use WSL"):
        channel.Channel(sys.executable, "spawn")


def test_results_come_back_in_order(worker):
    load(worker, lambda number: number * number)
    for model in ("sequential", "threads", "processes"):
        assert worker.run(model, 6, 3).results == [0, 1, 4, 9, 16, 25]


def test_a_closure_and_its_module_travel(worker):
    base = 7

    def plus(number):
        return Path(f"/x/{number + base}").name

    load(worker, plus)
    assert worker.run("threads", 2, 2).results == ["7", "8"]


def test_every_failure_is_kept_with_its_task(worker):
    def fail(number):
        if number % 2:
            raise ValueError(f"no bread for {number}")
        return number

    load(worker, fail)
    for model in ("sequential", "threads", "processes", "asyncio+threads"):
        run = worker.run(model, 6, 2)
        assert run.failed == 3, model
        assert [f["task"] for f in run.failures] == [1, 3, 5]
        assert run.failures[0]["message"] == "no bread for 1"
        assert "raise ValueError" in run.failures[0]["traceback"]
        assert run.results == [0, None, 2, None, 4, None]


def test_failing_and_cancelled_coroutines(worker):
    async def fail(number):
        import asyncio

        await asyncio.sleep(0)
        if number == 1:
            raise KeyError("loaf")
        if number == 2:
            raise asyncio.CancelledError
        return number

    load(worker, fail)
    run = worker.run("asyncio", 4, 4)
    assert [f["type"] for f in run.failures] == ["KeyError", "CancelledError"]
    assert run.results == [0, None, None, 3]


def test_sys_exit_in_a_task_is_a_failure_of_that_task(worker):
    def leave(number):
        if number == 1:
            sys.exit(4)
        return number

    load(worker, leave)
    for model in ("sequential", "threads", "processes"):
        run = worker.run(model, 3, 1)
        assert [(f["task"], f["type"]) for f in run.failures] == [(1, "SystemExit")], model


@pytest.mark.parametrize(
    ("how", "words"),
    [(lambda: os._exit(3), "code 3"), (lambda: os.kill(os.getpid(), signal.SIGKILL), "signal 9")],
)
def test_a_task_that_ends_its_process(worker, how, words):
    load(worker, how)
    with pytest.raises(RunError, match=words):
        worker.run("threads", 2, 2)
    worker.load(work.sleep(1))
    assert worker.run("asyncio", 2, 2).failed == 0


def test_a_task_that_kills_its_pool_process(worker):
    def kill(number):
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return number

    load(worker, kill)
    run = worker.run("processes", 4, 2)
    assert run.failures[0]["type"] == "BrokenProcessPool"
    assert 1 in {failure["task"] for failure in run.failures}


def test_a_megabyte_of_print_is_cut_and_counted(worker):
    load(worker, lambda: print("x" * 1_000_000))
    printed = worker.run("threads", 3, 3).printed
    assert printed.startswith("xxx")
    assert len(printed) < 3_000
    assert "2,998,003 more characters" in printed  # three newlines count too


def test_reading_stdin_does_not_hang(worker):
    load(worker, lambda: input("?"))
    assert worker.run("sequential", 1, 1).failures[0]["type"] == "EOFError"


def test_closing_and_writing_to_descriptors_does_no_harm(worker):
    def rude():
        os.write(1, b'{"done": true}\n')
        os.write(2, b"noise\n")
        return 5

    load(worker, rude)
    assert worker.run("sequential", 2, 1).results == [5, 5]


def test_the_time_box_ends_what_never_returns(worker):
    def forever():
        while True:
            pass

    load(worker, forever)
    with pytest.raises(TimeBoxEnded, match=r"time box.*time_box="):
        worker.run("threads", 2, 2, time_box=0.3)


def test_the_memory_cap(worker):
    def eat():
        kept = []
        while True:
            kept.append(bytearray(1 << 20))

    load(worker, eat)
    with pytest.raises(MemoryCapReached, match="300 MB"):
        worker.run("sequential", 1, 1, memory_mb=300, time_box=30)


@pytest.mark.parametrize("model", ["sequential", "threads", "processes"])
def test_stop_leaves_nothing_running(worker, model):
    worker.load(work.sleep(20_000))
    seen: list[int] = []

    def stop_when_it_runs():
        while worker._running is None:
            time.sleep(0.01)
        time.sleep(0.2)
        seen.extend(p.pid for p in psutil.Process(worker._running).children(recursive=True))
        seen.append(worker._running)
        worker.stop()

    thread = threading.Thread(target=stop_when_it_runs)
    thread.start()
    with pytest.raises(Stopped):
        worker.run(model, 4, 4, time_box=60)
    thread.join()
    assert len(seen) == (5 if model == "processes" else 1)
    assert all(gone(pid) for pid in seen)
    worker.load(work.sleep(1))
    assert worker.run(model, 2, 2).failed == 0


def test_a_stop_counts_until_the_session_ends(worker):
    with worker.session():
        worker.load(work.sleep(1))
        worker.stop()
        with pytest.raises(Stopped):
            worker.run("asyncio", 1, 1)
        with pytest.raises(Stopped):
            worker.run("asyncio", 1, 1)
    worker.load(work.sleep(1))
    assert worker.run("asyncio", 1, 1).failed == 0


def test_a_session_keeps_others_out(worker):
    refused = []

    def other():
        with pytest.raises(Busy) as caught:
            worker.load(work.sleep(2))
        refused.append(caught.value)

    with worker.session():
        worker.load(work.sleep(1))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert worker.run("asyncio", 1, 1).results == [1]
    assert refused


def test_a_second_run_at_the_same_time_is_refused(worker):
    worker.load(work.sleep(20_000))

    def first():
        with pytest.raises(Stopped):
            worker.run("asyncio", 1, 1)

    thread = threading.Thread(target=first)
    thread.start()
    while worker._running is None:
        time.sleep(0.01)
    with pytest.raises(Busy, match="wait for its end"):
        worker.run("asyncio", 1, 1)
    worker.stop()
    thread.join()


def test_what_cannot_be_sent_is_said(worker):
    thread = threading.Thread()
    with pytest.raises(RunError, match=r"can't be sent.*a Thread works.*inside the function"):
        load(worker, lambda: thread)
    with pytest.raises(RunError, match="can't be sent"):
        load(worker, lambda thing: thing, thread)


def test_what_cannot_be_imported_there_is_said(worker, tmp_path, monkeypatch):
    (tmp_path / "vanishing.py").write_text("def f():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import vanishing

    (tmp_path / "vanishing.py").unlink()
    with pytest.raises(RunError, match=r"can't be loaded in the worker: ModuleNotFoundError"):
        load(worker, vanishing.f)
    worker.load(work.sleep(1))
    assert worker.run("asyncio", 1, 1).failed == 0


def test_progress_counts_ended_tasks(worker):
    worker.load(work.sleep(100))
    seen: list[int] = []
    worker.run("sequential", 8, 1, on_progress=seen.append)
    assert seen
    assert seen == sorted(seen)
    assert all(0 <= count <= 8 for count in seen)


def test_a_killed_worker_is_replaced(worker):
    worker.load(work.sleep(1))
    pid = worker.processes()[0]
    os.kill(pid, signal.SIGKILL)
    worker._channel.process.wait()
    assert worker.run("asyncio", 1, 1).failed == 0
    assert worker.processes()[0] != pid


@pytest.mark.parametrize("which", [0, 1], ids=["zygote", "host"])
def test_a_worker_killed_between_two_requests_is_replaced(worker, which):
    """Whatever comes next: a run, a call, another workload."""
    again = [
        lambda: worker.run("asyncio", 1, 1).results == [1],
        lambda: worker.call("helpers.measure.machine:card_as_dict")["value"]["cores"] >= 1,
        lambda: worker.load(work.sleep(2)) is None,
    ]
    for request in again:
        worker.load(work.sleep(1))
        kill_and_wait(worker, worker.processes()[which])
        assert request()
        worker.load(work.sleep(1))
        assert worker.run("asyncio", 1, 1).failed == 0


def test_killed_before_a_run_has_begun_it_is_run_again(worker, monkeypatch):
    """The host had begun to fork, and nothing of the learner's had run: nobody need know."""
    asked = []

    def measure(self, request, *limits):
        asked.append(request)
        if len(asked) == 1:
            os.kill(self.host, signal.SIGSTOP)  # it reads the request, and forks, no more
            self._open.process.kill()
        return real(self, request, *limits)

    real = Worker._measure
    monkeypatch.setattr(Worker, "_measure", measure)
    worker.load(work.sleep(1))
    assert worker.run("threads", 3, 3).failed == 0
    assert len(asked) == 2


def kill_and_wait(worker, pid):
    """Kill it, and wait until its end is known: a host's end is said by the zygote."""
    answers = worker._channel._answers
    os.kill(pid, signal.SIGKILL)
    if pid == worker._channel.process.pid:
        worker._channel.process.wait()
    while answers.empty():
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("model", "victim"),
    [("processes", victim) for victim in VICTIMS]
    + [("own function", victim) for victim in VICTIMS if victim != "child"],
)
def test_killed_in_mid_run_it_says_so_and_nothing_is_left(worker, model, victim):
    """Also where the run has processes; `python -m tests.harness.faults` does all models."""
    said, problems = kill_in_run(worker, model, victim, 0.05, ms=20_000)
    assert problems == []
    assert said.endswith(("again.", "too little memory.", "BrokenProcessPool"))


def test_a_function_in_a_process_of_its_own(worker):
    def where(word):
        print("said", word)
        return os.getpid()

    answer = worker.call(where, "hello")
    assert answer["value"] != os.getpid()
    assert answer["printed"] == "said hello\n"
    with pytest.raises(RunError, match="ZeroDivisionError") as caught:
        worker.call(lambda: 1 / 0)
    assert "Traceback" in caught.value.details


def test_where_there_is_no_fork():
    worker = Worker(method="spawn")
    try:
        worker.load(as_workload(lambda number: (number + 1, os.getpid())))
        first = worker.run("threads", 3, 3).results
        again = worker.run("asyncio+threads", 2, 2, detail=True).results
        assert [value for value, _ in first] == [1, 2, 3]
        assert [value for value, _ in again] == [1, 2]
        assert len({pid for _, pid in first + again}) == 2, "each run has a process of its own"
        assert worker.call("helpers.measure.machine:card_as_dict")["value"]["cores"] >= 1
        worker.load(work.sleep(20_000))
        threading.Timer(0.7, worker.stop).start()
        with pytest.raises(Stopped):
            worker.run("threads", 2, 2, time_box=60)
    finally:
        worker.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_tree_dies_with_the_kernel(method, tmp_path):
    """A kernel that is killed with its whole group, as a restart does it."""
    code = f"""
import threading, time
from helpers.worker.client import Worker
from helpers.workloads import work
w = Worker(method={method!r})
w.load(work.sleep(60_000))
threading.Thread(target=lambda: w.run("processes", 2, 2, time_box=600), daemon=True).start()
while w._running is None:
    time.sleep(.01)
time.sleep(1)
print(w._running, *w.processes(), flush=True)
time.sleep(600)
"""
    kernel = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with kernel.stdout:
        pids = {int(pid) for pid in kernel.stdout.readline().split()}
        children = [p.pid for pid in pids for p in psutil.Process(pid).children(recursive=True)]
        os.killpg(kernel.pid, signal.SIGKILL)
        kernel.wait()
    assert len(children) >= 2
    left = [pid for pid in {*pids, *children} if not gone(pid)]
    assert not left, f"{len(left)} processes outlived the kernel"


def test_closing_twice_and_closing_what_never_started():
    worker = Worker()
    worker.close()
    worker.start()
    pid = worker.processes()[0]
    worker.close()
    worker.close()
    assert gone(pid)


def test_an_interpreter_that_is_none():
    with pytest.raises(RunError, match="can't be started|did not start"):
        Worker("/bin/false").start()


def other_python() -> str | None:
    """Another CPython of the machine, of another version than this one."""
    for minor in (11, 12, 13, 14):
        if minor == sys.version_info.minor:
            continue
        for candidate in Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"):
            return str(candidate)
    return None


@pytest.fixture
def foreign():
    """A worker of another Python version, with a workload loaded."""
    python = other_python()
    if python is None:
        pytest.skip("no other CPython on this machine")
    worker = Worker(python)
    try:
        worker.load(work.compute(2))
        yield worker
    finally:
        worker.close()


def test_another_interpreter_is_a_worker_too(foreign):
    assert foreign.version[:2] != sys.version_info[:2]
    for model in ("sequential", "asyncio", "threads", "processes"):
        assert foreign.run(model, 2, 2, detail=True).failed == 0
    with pytest.raises(RunError, match="only\\s+between equal versions"):
        foreign.load(as_workload(lambda: 1))


def test_another_interpreter_has_its_own_standard_library(foreign):
    found = foreign.call("importlib.util:find_spec", "wave")["value"]
    assert "python{}.{}".format(*foreign.version[:2]) in found.origin


def test_what_a_task_started_and_left_is_ended(worker):
    def leave_one():
        return subprocess.Popen(["sleep", "600"]).pid

    load(worker, leave_one)
    assert all(gone(pid) for pid in worker.run("threads", 2, 2).results)


def test_a_stop_at_the_very_start_is_not_lost(worker):
    """The moment between the fork and the child's first own step: the group must exist."""
    worker.load(work.sleep(20_000))
    for _ in range(30):
        thread = threading.Thread(target=_stop_as_soon_as_it_runs, args=(worker,))
        thread.start()
        with pytest.raises(Stopped):
            worker.run("threads", 2, 2, time_box=5)
        thread.join()


def _stop_as_soon_as_it_runs(worker):
    end = time.monotonic() + 5
    while worker._running is None and time.monotonic() < end:
        pass
    worker.stop()


def test_last_words_that_come_late_are_heard(monkeypatch):
    """The worker has ended, and the thread that reads what it said had no turn yet."""
    read_lines = channel._read_lines

    def late(pipe, answers):
        def put(answer):
            time.sleep(0.1)
            answers.put(answer)

        read_lines(pipe, SimpleNamespace(put=put))

    monkeypatch.setattr(channel, "_read_lines", late)
    worker = Worker(method="spawn")
    try:
        assert worker.call(abs, -3)["value"] == 3
    finally:
        worker.close()


def test_an_own_model_may_run_tasks_in_other_processes(worker):
    """Its records come back: results, who ran each task, and that no GIL was shared."""

    def in_a_pool(one, numbers):
        from concurrent.futures import ProcessPoolExecutor

        from helpers.models.processes import adopt, call

        with ProcessPoolExecutor(2, initializer=adopt, initargs=(one.remote,)) as pool:
            for record in pool.map(call, numbers):
                one.keep(record)

    worker.load(as_workload(os.getpid), {"pool": in_a_pool})
    run = worker.run("pool", 4, 2, detail=True)
    pids = {pid for pid in run.results if pid is not None}
    assert (run.failed, run.never_ran, len(run.results)) == (0, 0, 4)
    assert 1 <= len(pids) == run.usage.threads <= 2
    assert not pids & {os.getpid(), worker.host}
    assert run.trace.apart
    worker.load(work.compute(ms=1), {"pool": in_a_pool})
    assert worker.run("pool", 3, 2).never_ran == 0
    assert not worker.run("threads", 3, 2, detail=True).trace.apart
