"""The local cluster, the jobs that cross a border, and what is measured of that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from helpers.charts.shipping import loss as loss_chart
from helpers.charts.shipping.shown import ShownBreakEven, ShownLoss, ShownShipping, ShownTurns
from helpers.experiment.request import BadRequest
from helpers.experiment.rounds import Rounds
from helpers.experiment.shipping import shipping, turns
from helpers.experiment.shipping.borders import LOOP
from helpers.experiment.shipping.shipping import (
    BreakEven,
    Shipping,
    run_break_even,
    run_shipping,
    size_words,
)
from helpers.experiment.shipping.turns import run_in_turn, take_turns
from helpers.notebook.clusters import worker_lanes
from helpers.services.cluster import jobs, local
from helpers.services.cluster.local import VARIABLE, cluster
from helpers.services.cluster.midrun import Loss, Report, mid_run
from helpers.services.service import ServiceError
from helpers.worker.errors import Stopped
from helpers.workloads import work
from tests.harness.sample_runs import MACHINE
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def ours():
    """A cluster of two workers that several tests share, and none of them harms."""
    with cluster(workers=2, scheduler="local") as one:
        yield one


@pytest.fixture
def haste(monkeypatch):
    """One round of everything."""
    monkeypatch.setenv("COURSE_ROUNDS", "few")


def svg_of(html: str):
    """The picture in a fragment, parsed."""
    assert "could not be drawn" not in html
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.S)[0])


# --- the cluster ---------------------------------------------------------------------------


def test_its_executor_runs_jobs_on_its_workers(ours):
    async def main():
        loop, executor = asyncio.get_running_loop(), ours.executor()
        return await asyncio.gather(*(loop.run_in_executor(executor, jobs.who, n)
                                      for n in range(6)))  # fmt: skip

    found = asyncio.run(main())
    assert [square for square, _, _ in found] == [n * n for n in range(6)]
    assert {pid for _, pid, _ in found} <= set(ours.workers().values())
    assert ours.threads() == 2
    assert "2 workers, 2 at once" in repr(ours)


def test_equal_jobs_are_jobs_of_their_own(ours):
    executor = ours.executor()
    waiting = [executor.submit(os.urandom, 8) for _ in range(4)]
    assert len({future.result() for future in waiting}) == 4


def test_a_function_of_a_cell_travels_as_code(ours):
    scope: dict = {"__name__": "__main__"}
    exec("def doubled(n):\n    return helper(n)\ndef helper(n):\n    return 2 * n", scope)
    assert ours.executor().submit(scope["doubled"], 21).result() == 42


def test_it_listens_on_the_loopback_interface_only_and_leaves_nothing():
    one = cluster(workers=1, scheduler="local")
    folder, top = one._service.folder, psutil.Process(one._service.process.pid)
    family = [top, *top.children(recursive=True)]
    assert len(family) == 2
    listening = [c for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
    assert folder.exists()
    before = {thread.name for thread in threading.enumerate()}
    assert any("IO loop" in name for name in before)
    one.close()
    one.close()
    assert not any(process.is_running() for process in family)
    assert not folder.exists()


def test_forgotten_it_ends():
    one = cluster(workers=1, scheduler="local")
    process = one._service.process
    del one
    assert wait_until(lambda: process.poll() is not None)


def test_a_worker_ends_with_the_scheduler_however_that_ends():
    one = cluster(workers=1, scheduler="local")
    (worker,) = one.workers().values()
    busy = one.executor().submit(jobs.count, 10**10)
    assert wait_until(lambda: psutil.Process(worker).cpu_percent(0.1) > 5)
    assert not busy.done()
    os.kill(one._service.process.pid, signal.SIGKILL)
    assert wait_until(lambda: not psutil.pid_exists(worker))
    one.close()


@pytest.fixture
def doomed():
    """A cluster whose scheduler is killed once a further client has had it for a moment."""
    one = cluster(workers=1, scheduler="local")
    service = one._service.process

    def clients(dask_scheduler):
        return len(dask_scheduler.clients)

    base, over = one.client.run_on_scheduler(clients), threading.Event()

    def kill_when_it_works():
        while one.client.run_on_scheduler(clients) < base + 1:
            if over.wait(0.02):  # the test failed before anybody came
                return
        over.wait(0.3)
        service.kill()

    thread = threading.Thread(target=kill_when_it_works)
    thread.start()
    yield one
    over.set()
    thread.join()
    one.close()


def test_a_scheduler_killed_in_mid_run_ends_it_with_a_sentence(worker, doomed):
    with pytest.raises(ServiceError, match=r"has ended: start one again with cluster\(\)"):
        run_shipping(Rounds([worker]), doomed, [1_000_000])
    worker.load(work.sleep(1))
    assert worker.run("threads", 1, 1).results == [1]


#: What the worker does while it has nothing at the cluster: then Dask's client takes what it is
#: given, and holds it until it has given up reaching the scheduler again.
LATE = """
def hand_over_late(address, *others):
    import time
    from distributed import Client
    client = Client(address, set_as_default=False, timeout=20)
    while client.status == "running":
        time.sleep(0.01)
    try:
        client.submit(abs, -1).result()
    except BaseException as error:
        return {"given up": str(error)}
"""


def test_nobody_waits_for_a_client_that_tries_to_reach_a_dead_scheduler(worker, doomed):
    scope: dict = {"__name__": "__main__"}
    exec(LATE, scope)
    with pytest.raises(ServiceError, match=r"has ended: start one again with cluster\(\)"):
        shipping._called(Rounds([worker]), scope["hand_over_late"], doomed, (1,), "late")


def test_no_cluster_starts_where_there_is_no_memory_for_it(monkeypatch):
    monkeypatch.setattr("helpers.services.service.memory_free", lambda: 150 << 20)
    with pytest.raises(ServiceError, match="2 workers takes about 240 MB.*150 MB are free here"):
        cluster(scheduler="local")


@pytest.mark.parametrize(
    ("address", "words"),
    [("localhost", "is no address of a Dask scheduler"), (8786, "is no address"),
     ("tcp://127.0.0.1:1", "No Dask scheduler answers at tcp://127.0.0.1:1")],
)  # fmt: skip
def test_what_can_not_be_reached_gets_a_sentence(address, words, monkeypatch):
    monkeypatch.setattr(local, "CONNECT_S", 0.5)
    with pytest.raises(ServiceError, match=words):
        cluster(scheduler=address)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-somebody\r\n"], ids=["silent", "other"])
def test_whoever_else_has_the_port_is_no_scheduler(greeting, monkeypatch):
    """Dask's client would wait without end for a greeting of its own kind."""
    monkeypatch.setattr(local, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"tcp://127.0.0.1:{other.getsockname()[1]}"

        def greet():
            with other.accept()[0] as line, contextlib.suppress(ConnectionError):
                line.sendall(greeting)
                line.recv(1)  # until the other end is closed

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(ServiceError, match=f"No Dask scheduler answers at {address}: start"):
            cluster(scheduler=address)
        thread.join(20)
        assert not thread.is_alive(), "its connection is still open"


def test_the_environment_names_a_scheduler(ours, monkeypatch):
    monkeypatch.setenv(VARIABLE, ours.address)
    with cluster() as named:
        assert not named.own
        assert named.workers() == ours.workers()
        assert VARIABLE in repr(named)
        assert set(ours.workers().values()) <= set(local.cluster_processes())
        with pytest.raises(ServiceError, match="are not the course's"):
            named.kill_one()
    assert ours.threads() == 2, "closing the connection leaves the cluster alone"


def test_other_versions_are_refused(ours, monkeypatch):
    import distributed

    monkeypatch.setattr(distributed, "__version__", "1.0")
    with pytest.raises(ServiceError, match="only between equal versions"):
        cluster(scheduler=ours.address)


def test_bad_input_to_a_cluster(ours):
    for bad in (0, 99, "two", True):
        with pytest.raises(ServiceError, match="workers is a whole number"):
            cluster(bad)
    with pytest.raises(ServiceError, match="no living worker"):
        ours.kill_one(os.getpid())


# --- what the jobs do ------------------------------------------------------------------------


def test_a_pools_processes_end_with_their_owner():
    code = (
        "import time; from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from helpers.services.cluster import jobs\n"
        "if __name__ == '__main__':\n"
        "    pool = ProcessPoolExecutor(1, get_context('spawn'),\n"
        "                               initializer=jobs.end_with_owner)\n"
        "    print(pool.submit(jobs.ready).result(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT) as owner:  # fmt: skip
        pid = int(owner.stdout.readline())
        os.kill(owner.pid, signal.SIGKILL)
    assert wait_until(lambda: not psutil.pid_exists(pid))


def test_pictures_and_folds_are_the_same_everywhere(ours):
    photographs = jobs.photographs(2)
    assert photographs[0] != photographs[1]
    here = [jobs.develop(one) for one in photographs]
    assert list(ours.executor().map(jobs.develop, photographs)) == here
    assert jobs.contact_sheet(here, columns=2).size == (480, 160)


def test_a_fold_is_scored_with_data_that_were_kept():
    from helpers.workloads import learning

    rows, kinds = (part[:200] for part in learning.samples())
    with ProcessPoolExecutor(1, get_context("spawn"), jobs.keep, (rows, kinds)) as pool:
        kept = pool.submit(jobs.fold_score_of_kept, 1.0, 2).result()
        sent = pool.submit(jobs.fold_score, rows, kinds, 1.0, 2).result()
    assert kept == sent
    assert 0.5 < kept <= 1


# --- a death in mid-run ------------------------------------------------------------------------


async def batch(executor) -> tuple[Loss, list]:
    """Twelve tasks, and the death of a worker while each worker has one of them."""
    loop = asyncio.get_running_loop()
    with mid_run() as run:
        waiting = [loop.run_in_executor(executor, jobs.reported, n, run.folder, 1)
                   for n in range(12)]  # fmt: skip
        run.kill(await run.at_work(2))
        run.release()
        return run, await asyncio.gather(*waiting, return_exceptions=True)


def test_a_cluster_completes_the_batch_that_breaks_a_pool():
    with cluster(workers=2, scheduler="local") as doomed:
        run, results = asyncio.run(batch(doomed.executor()))
        assert wait_until(lambda: len(doomed.workers()) == 1)
    assert results == [n * n for n in range(12)]
    assert run.finished() == list(range(12))
    assert run.killed in run.workers()
    hit = [r.number for r in run.reports if r.pid == run.killed and r.end is None]
    assert hit
    assert not Path(run.folder).exists()
    assert set(hit) <= set(run.again())

    pool = ProcessPoolExecutor(2, get_context("spawn"), initializer=jobs.end_with_owner)
    broken, results = asyncio.run(batch(pool))
    assert any(isinstance(result, BrokenProcessPool) for result in results)
    assert broken.again() == []
    with pytest.raises(BrokenProcessPool):
        pool.submit(jobs.ready)
    pool.shutdown()

    shown = worker_lanes({"pool": broken, "cluster": run})
    assert "cluster: 12 of 12 started tasks finished; started twice" in str(shown)
    label = svg_of(shown._repr_html_()).attrib["aria-label"]
    assert "lost in the middle" in label


def test_lanes_of_nothing_get_a_sentence():
    for bad in ({}, {"a": 1}, {"a": Loss()}, None):
        with pytest.raises(BadRequest, match="worker_lanes shows runs by title"):
            worker_lanes(bad)
    one = Loss([Report(0, 7, 0.0, 0.1)])
    assert str(worker_lanes(one)) == ": 1 of 1 started task finished."


# --- what is measured --------------------------------------------------------------------------


def test_turns_alternate_and_keep_one_value_each():
    order: list[str] = []
    steps = {name: lambda name=name: order.append(name) or name for name in "ab"}
    values, _ = take_turns(steps, 3, budget_s=10)
    assert order == list("abbaab")
    assert values == {"a": ["a"] * 3, "b": ["b"] * 3}


def test_turns_are_as_many_as_fit_but_enough_for_a_verdict(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(turns.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(turns.ForeignLoad, "read", lambda self: None)

    def step(seconds):
        return lambda: clock.__setitem__(0, clock[0] + seconds)

    assert len(take_turns({"a": step(1)}, 50, budget_s=8)[0]["a"]) == 8
    assert len(take_turns({"a": step(1)}, 50, budget_s=3)[0]["a"]) == 6
    assert len(take_turns({"a": step(10)}, 50, budget_s=6)[0]["a"]) == 1


def in_turn_of(worker, ways, **options):
    """`run_in_turn` as the notebook has it: the loop in this thread, the work in another."""

    async def main():
        loop = asyncio.get_running_loop()
        run = lambda: run_in_turn(Rounds([worker]), ways, loop, **options)  # noqa: E731
        return await asyncio.to_thread(run)

    return asyncio.run(main())


def test_ways_run_on_the_loop_that_was_given(worker, haste):
    seen = set()

    async def one():
        seen.add(threading.get_ident())
        return [1, 2]

    result = in_turn_of(worker, {"async": one, "plain": lambda: [1, 2]})
    assert seen == {threading.get_ident()}
    assert result.same
    assert {name: len(walls) for name, walls in result.walls.items()} == {"async": 1, "plain": 1}
    shown = ShownTurns.of(result)
    assert "async" in svg_of(shown._repr_html_()).attrib["aria-label"]


def test_ways_that_differ_are_told(worker, haste):
    result = in_turn_of(worker, {"one": lambda: 1, "two": lambda: 2})
    assert not result.same
    assert any("did not give back the same" in text for text in result.summary())


def test_ways_that_can_not_run_get_a_sentence(worker):
    for bad in ({}, [len], {"a": len}, {"a": 3}):
        with pytest.raises(BadRequest, match="write"):
            in_turn_of(worker, bad)
    with pytest.raises(ZeroDivisionError):
        in_turn_of(worker, {"a": lambda: 1 / 0})


def test_a_stop_cancels_the_way(worker):
    ended = []

    async def endless():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def main():
        rounds, loop = Rounds([worker]), asyncio.get_running_loop()
        loop.call_later(0.3, rounds.stop)
        with pytest.raises(Stopped):
            await asyncio.to_thread(run_in_turn, rounds, {"a": endless}, loop)
        await asyncio.sleep(0.05)
        return list(ended)  # before the end of the loop cancels what is left

    assert asyncio.run(main()) == [True]


def test_payloads_are_sent_to_every_executor(ours, worker, haste):
    found = run_shipping(Rounds([worker]), ours, sizes=(0, 1000, 50_000))
    assert found.executors[:2] == ("threads", "processes")
    assert found.executors[-1] == "cluster"
    assert set(found.times) == {(e, s) for e in found.executors for s in (0, 1000, 50_000)}
    assert all(len(values) == 1 and values[0] > 0 for values in found.times.values())
    picture = svg_of(ShownShipping.of(found)._repr_html_()).attrib["aria-label"]
    assert "cluster" in picture


def test_tasks_are_run_in_every_executor(worker, haste):
    found = run_break_even(Rounds([worker]), None, ms=(0.1, 1), said={"processes": 0.3})
    assert set(found.times) == {(w, s) for w in (LOOP, *found.executors) for s in (0.1, 1)}
    assert "cluster" not in found.executors
    assert found.break_even("processes") is None, "one round is no proof"
    assert "too few rounds" in str(ShownBreakEven.of(found))
    svg_of(ShownBreakEven.of(found)._repr_html_())


def test_bad_input_to_the_measurements(worker):
    rounds = Rounds([worker])
    with pytest.raises(BadRequest, match="is no cluster"):
        run_shipping(rounds, "tcp://127.0.0.1:1")
    with pytest.raises(BadRequest, match="sizes are payloads in bytes"):
        run_shipping(rounds, None, sizes=(-1,))
    with pytest.raises(BadRequest, match="ms is empty"):
        run_break_even(rounds, None, ms=())
    with pytest.raises(BadRequest, match="said is milliseconds by executor"):
        run_break_even(rounds, None, said=5)


def even(**ratios) -> BreakEven:
    """Six rounds each, in which the executors are so many times as fast as the loop."""
    sizes = (0.1, 1, 10)
    times = {(LOOP, size): [1.0 + k / 1000 for k in range(6)] for size in sizes}
    for name, values in ratios.items():
        for size, ratio in zip(sizes, values, strict=True):
            times[name, size] = [wall / ratio for wall in times[LOOP, size]]
    return BreakEven(MACHINE, tuple(ratios), sizes, 2, dict.fromkeys(sizes, 10), times)


def test_the_break_even_lies_between_a_loss_and_a_gain():
    found = even(processes=(0.5, 2.0, 2.0), cluster=(0.1, 0.5, 0.9), threads=(1.5, 1.5, 1.5))
    assert found.break_even("processes") == pytest.approx(0.1 * 10**0.5)
    assert found.break_even("cluster") is None
    assert found.break_even("threads") == 0.1
    words = str(ShownBreakEven.of(found))
    assert "Processes paid from about 0.32 ms a task on." in words
    assert "Cluster did not pay for certain: 0.90×" in words
    assert "Threads paid already at 0.1 ms" in words
    assert found.added("cluster") == pytest.approx((10 - 1) * 1.0025 / 10)
    assert even(processes=(2.0, 0.9, 2.0)).break_even("processes") > 1, "a gain that is lost again"


def test_a_megabyte_is_the_slope():
    times = {("threads", 0): [0.001], ("threads", 10_000_000): [0.101]}
    found = Shipping(MACHINE, ("threads",), (0, 10_000_000), times)
    assert found.a_megabyte("threads") == pytest.approx(0.01)
    assert "10 MB and back: threads 101.0 ms." in found.summary()
    assert [size_words(n) for n in (0, 500, 10_000)] == ["0 bytes", "500 bytes", "10 kB"]


def test_a_loss_is_drawn_up_to_the_death():
    loss = Loss([Report(4, 7, 0.0, None), Report(4, 8, 0.2, 0.3)], killed=7, at=0.1)
    label = svg_of(ShownLoss({"c": loss})._repr_html_()).attrib["aria-label"]
    assert "started twice: 4" in label


def test_a_finished_task_whose_result_died_is_not_taken_for_its_second_start():
    first, again = Report(3, 7, 0.0, 0.1), Report(3, 8, 0.3, 0.4)
    hit, whole = Report(4, 7, 0.1, None), Report(5, 8, 0.0, 0.1)
    kinds = loss_chart.kinds_of(Loss([first, whole, hit, again], killed=7, at=0.2))
    assert kinds == {first: loss_chart.GONE, whole: loss_chart.DONE, hit: loss_chart.LOST,
                     again: loss_chart.AGAIN}  # fmt: skip
