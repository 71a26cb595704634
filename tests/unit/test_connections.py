"""Servers, load client, limits, and the experiments that put them together. No clocks.

Where a time appears it is a bound from below that the code itself gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import cloudpickle
import psutil
import pytest

from helpers.experiment import BadRequest
from helpers.experiment.serving import connections, hold, rude, servers
from helpers.experiment.serving.connections import Connections, ConnectionsExperiment, Sample
from helpers.experiment.serving.hold import HoldExperiment
from helpers.experiment.serving.rude import RudeExperiment
from helpers.services import container
from helpers.services.commanded import Crew
from helpers.services.connections import limits, timing
from helpers.services.connections.limits import Limit, Limits
from helpers.services.connections.sockets import bundle
from helpers.services.service import ServiceError
from helpers.worker.errors import Busy, RunError, Stopped
from tests.harness.waiting import wait_until
from tests.unit import sample_handlers as handlers

ROOT = Path(__file__).parents[2]
BOTH = [("asyncio", handlers.good), ("threads", handlers.good_threaded)]


@pytest.fixture
def crew():
    with Crew() as crew:
        yield crew


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Experiments as short as may be: the tests look at structure."""
    monkeypatch.setattr(connections, "FIXED_S", 0.15)
    monkeypatch.setattr(connections, "CLOSED_S", 0.1)
    monkeypatch.setattr(rude, "AFTER_S", 0.4)
    monkeypatch.setattr(rude, "AT_S", 0.3)


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    assert mine() == []


def mine() -> list[str]:
    """The services that this process has as children, but for the scratch folder's keeper.

    That one lives as long as the process, if a test of another file has asked for the folder.
    """
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            line = " ".join(child.cmdline())
            if "helpers.services." in line and "helpers.services.scratch" not in line:
                found.append(line[:80])
    return found


def serve(crew, name, handle):
    code = bundle(cloudpickle.dumps(handle), {}, [str(ROOT)])
    return crew.start(servers.MODULES[name], handler=code)


# --- servers ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "handle"), BOTH)
def test_a_standard_client_can_talk_to_it_again_and_again(crew, name, handle):
    server = serve(crew, name, handle)
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        client.request("GET", "/")
        assert client.getresponse().read() == b"ok"
    client.close()
    assert wait_until(lambda: server.ask("state")["open"] == 0)
    state = server.ask("state")
    assert (state["accepted"], state["failures"]) == (1, 0)


def test_a_task_or_a_thread_for_each_connection(crew):
    load, threads = crew.start(servers.LOAD), {}
    for name, handle in BOTH:
        server = serve(crew, name, handle)
        assert load.ask("open", port=server.port, connections=40)["open"] == 40
        threads[name] = psutil.Process(server.process.pid).num_threads()
        assert server.ask("state")["open"] == 40
    assert threads == {"asyncio": 2, "threads": 42}, "one more hears the owner's end"


def test_the_services_raise_their_limit_and_the_kernel_keeps_its_own(crew):
    mine_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = mine_before[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(300, hard), hard))
        lowered = resource.getrlimit(resource.RLIMIT_NOFILE)
        server, load = serve(crew, *BOTH[0]), crew.start(servers.LOAD)
        load.ask("close")  # it has begun
        for service in (server, load):
            assert psutil.Process(service.process.pid).rlimit(psutil.RLIMIT_NOFILE) == (hard, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == lowered
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, mine_before)


def test_a_handler_that_cannot_be_loaded_is_told(crew):
    code = bundle(b"no pickle", {}, [])
    with pytest.raises(ServiceError, match="The handler can't be loaded"):
        crew.start(servers.MODULES["asyncio"], handler=code)


# --- the load client -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handle", "cause"),
    [
        (handlers.hangs_up, "closed by the server"),
        (handlers.without_length, "an answer that is not HTTP/1.1 with a Content-Length"),
        (handlers.too_long, "an answer longer than its Content-Length"),
    ],
)
def test_what_fails_is_counted_by_its_cause(crew, handle, cause):
    server, load = serve(crew, "asyncio", handle), crew.start(servers.LOAD)
    opened = load.ask("open", port=server.port, connections=5)
    assert (opened["open"], opened["failures"]) == (0, {cause: 5})


def test_connections_that_are_closed_while_others_open_are_counted(crew):
    server, load = serve(crew, "asyncio", handlers.once), crew.start(servers.LOAD)
    opened = load.ask("open", port=server.port, connections=200)
    assert opened["failures"].keys() == {"closed by the server"}
    assert opened["open"] + opened["failures"]["closed by the server"] == 200


def test_nobody_listens(crew):
    load = crew.start(servers.LOAD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        opened = load.ask("open", port=free.getsockname()[1], connections=3)
    assert opened["failures"] == {"refused: nobody listens": 3}


def test_a_status_that_is_no_success_is_a_failure(crew):
    server, load = serve(crew, "asyncio", handlers.fails_later), crew.start(servers.LOAD)
    assert load.ask("open", port=server.port, connections=4)["failures"] == {}
    fixed = load.ask("fixed", rate=100, seconds=0.2)
    assert fixed["failures"] == {"answered with status 500": 20}


@pytest.mark.parametrize("handle", [handlers.good, handlers.in_pieces])
def test_an_open_loop_asks_as_often_as_it_should(crew, handle):
    server, load = serve(crew, "asyncio", handle), crew.start(servers.LOAD)
    load.ask("open", port=server.port, connections=7)
    fixed = load.ask("fixed", rate=500, seconds=0.4, width=0.05)
    assert (fixed["asked"], fixed["answered"], fixed["failures"]) == (200, 200, {})
    assert sum(row[1] for row in fixed["buckets"]) <= 200
    closed = load.ask("closed", seconds=0.1)
    assert closed["answered"] >= 7
    assert closed["failures"] == {}
    assert load.ask("fixed", rate=500, seconds=0.1)["answered"] == 50


def test_waits_count_from_the_moment_at_which_a_request_was_due(crew):
    """A server that stalls for 0.4 s makes those wait that were due meanwhile."""
    server, load = serve(crew, "asyncio", handlers.blocks_on_demand), crew.start(servers.LOAD)
    load.ask("open", port=server.port, connections=3)
    fixed = load.ask("fixed", rate=100, seconds=0.9, path="/block", at=0.2)
    assert fixed["answered"] == fixed["asked"] == 90
    a, b = fixed["rude"]
    assert b - a >= 0.4
    assert fixed["longest"] >= 0.35, "the request that was due first waited nearly all the time"
    # Three connections could have sent only three requests into the stall: the others that
    # were due count too.
    assert fixed["during"]["asked"] >= 30
    assert fixed["during"]["p50"] >= 0.1, "those that had to queue waited too"


def test_numbers_of_latencies():
    values = [k / 1000 for k in range(1, 101)]
    summed = timing.summed_up(values[::-1])
    assert (summed["p50"], summed["p99"], summed["longest"]) == (0.050, 0.099, 0.100)
    assert timing.summed_up([]) == {"p50": None, "p99": None, "longest": None}
    rows = timing.buckets([0.01, 0.02, 0.12], [0.001, 0.005, 0.1], 0.05, 0.15)
    assert [(n, longest) for _, n, longest in rows] == [(2, 0.005), (0, None), (1, 0.1)]
    part = timing.stretch([0.1, 0.3, 0.5], [0.0, 0.25, 0.1], 0.04, 0.2)
    assert (part["answered"], part["asked"], part["longest"]) == (1, 2, 0.25)


def test_a_service_that_ended_is_told(crew):
    load = crew.start(servers.LOAD)
    load.kill()
    load.process.wait()
    with pytest.raises(ServiceError, match="^The load client has ended. Run it again.$"):
        load.ask("close")


def test_what_starts_when_all_was_stopped_is_ended_too(crew):
    crew.stop()
    with pytest.raises(ServiceError):
        crew.start(servers.LOAD)
    assert mine() == []


# --- limits ----------------------------------------------------------------------------


def test_the_tightest_limit_decides_and_is_named():
    found = Limits((Limit("the course", 10_000, 10_000), Limit("few threads", None, 50)))
    assert (found.most("asyncio"), found.most("threads")) == (10_000, 50)
    notes: list[str] = []
    assert servers.capped(60, "threads", found, notes) == 50
    assert servers.capped(60, "asyncio", found, notes) == 60
    assert notes == ["60 connections asked for. threads: at most 50 connections here. The limit: "
                     "few threads."]  # fmt: skip


def test_limits_of_control_groups_all_the_way_up(tmp_path, monkeypatch):
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (outer / "pids.max").write_text("500\n")
    (outer / "pids.current").write_text("120\n")
    (inner / "pids.max").write_text("max\n")
    (outer / "memory.max").write_text(str(64 * 2**20))
    (outer / "memory.current").write_text(str(24 * 2**20))
    (outer / "memory.stat").write_text(f"anon 5\ninactive_file {4 * 2**20}\n")
    for room in (container, limits):
        monkeypatch.setattr(room, "groups", lambda controller: [inner, outer])
    assert ("500 threads in this container (pids.max)", 380) in limits.threads_left()
    assert container.memory_free() == 44 * 2**20
    assert limits.read_limits().most("threads") <= 304


def test_a_small_limit_of_files_caps_and_says_so():
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "from helpers.experiment.serving import connections as c\n"
        "c.FIXED_S = c.CLOSED_S = 0.1\n"
        "r = c.ConnectionsExperiment().run([10, 1000], rounds=1)\n"
        "print([r.counts(s) for s in r.servers], r.failures(), *r.notes, sep='\\n')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                         check=True).stdout.splitlines()  # fmt: skip
    assert out[:2] == ["[[10, 216], [10, 216]]", "0"]
    assert "The limit: 256 open files for a process (ulimit -Hn)." in out[2]


# --- handlers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (5, "is no handler"),
        ([5], "is no handler"),
        ([], "There is no handler"),
        (lambda: None, r"takes \(connection\)"),
        ([handlers.good, handlers.hangs_up], "two async handlers"),
    ],
)
def test_what_is_no_handler_gets_one_sentence(wrong, words):
    with pytest.raises(BadRequest, match=words):
        servers.make_handlers(wrong)


def test_handlers_are_told_apart_in_any_order():
    pair = servers.make_handlers((handlers.good_threaded, handlers.good))
    assert pair == {"asyncio": handlers.good, "threads": handlers.good_threaded}
    assert list(servers.make_handlers(handlers.good)) == ["asyncio"]


def test_a_handler_that_raises_is_told_with_its_traceback():
    experiment = HoldExperiment()
    with pytest.raises(RunError, match="LookupError: no such bread") as caught:
        experiment.run(3, handlers.raises)
    assert 'raise LookupError("no such bread")' in caught.value.details
    assert "async_server" not in caught.value.details
    assert experiment.printed["asyncio"].startswith("a word before")


def test_a_handler_that_does_not_answer_right_is_told():
    with pytest.raises(RunError, match="answered on no connection: 3 × an answer that is not"):
        HoldExperiment().run(3, handlers.without_length)


# --- experiments -----------------------------------------------------------------------


def test_both_servers_at_each_count():
    told = []
    result = ConnectionsExperiment(told.append).run([4, 12], [h for _, h in BOTH], rounds=2)
    order = [(s.server, s.count) for s in result.samples]
    assert order[:4] == [("asyncio", 4), ("threads", 4), ("asyncio", 12), ("threads", 12)]
    assert order[4:] == order[:4][::-1], "the second round goes the other way round"
    assert {s.threads for s in result.samples if s.count == 12} == {1, 13}
    assert result.failures() == 0
    for sample in result.samples:
        assert sample.cpu_us > 0
        assert sample.per_s > 0
        assert sample.p50_ms <= sample.p99_ms <= sample.longest_ms
    assert told[-1].share == 1.0
    assert [p.share for p in told] == sorted(p.share for p in told)


@pytest.mark.parametrize(
    ("counts", "words"),
    [([], "counts is empty"), ("many", "connections is a whole number"), (0, "too small"),
     (None, "counts is a list"), ([2.5], "whole number")],
)  # fmt: skip
def test_nonsense_gets_one_sentence(counts, words):
    with pytest.raises(BadRequest, match=words):
        ConnectionsExperiment().run(counts)


def test_held_connections_are_answered_twice():
    held = HoldExperiment().run(150, handlers.good)
    assert held.complete()
    assert (held.open, held.again, held.threads, held.failures) == (150, 150, 1, {})
    with pytest.raises(BadRequest, match="one handler"):
        HoldExperiment().run(5, [h for _, h in BOTH])


def full_buckets(run):
    """The buckets that lie whole within the rude request's interval."""
    a, b = run.rude
    return [row for row in run.buckets if a <= row[0] and row[0] + rude.WIDTH_S <= b]


def test_a_rude_request_stops_the_loop_and_one_thread_only():
    pair = (handlers.blocks_on_demand, handlers.blocks_its_thread)
    result = RudeExperiment().run("block", pair, rate=200, connections=10)
    loop, threads = result.runs["asyncio"], result.runs["threads"]
    assert loop.took >= 0.4
    assert threads.took >= 0.4
    assert len(full_buckets(loop)) >= 6
    assert all(row[1] == 0 for row in full_buckets(loop)), "a blocked loop answers nobody"
    assert any(row[1] for row in full_buckets(threads)), "the other threads go on"
    assert loop.during.longest >= 0.3
    assert not loop.failures


def test_a_request_that_is_not_rude_is_said_to_be_none():
    result = RudeExperiment().run("nothing", handlers.good, rate=100, connections=5)
    if result.runs["asyncio"].ignored:  # else this machine stood still just then
        assert "was not rude: the handler does nothing for /nothing" in result.summary()[0]
    with pytest.raises(BadRequest, match="kind is a word"):
        RudeExperiment().run("/block")


def test_a_server_that_hangs_up_on_all_before_the_rude_request_is_told(monkeypatch):
    monkeypatch.setattr(RudeExperiment, "rate", lambda *args: 200.0)
    with pytest.raises(RunError, match="answered on no connection: 1 × no connection is open. A"):
        RudeExperiment().run("block", handlers.hangs_up_later, connections=10)


def test_one_at_a_time():
    first = HoldExperiment()
    with first.running(), pytest.raises(Busy, match="Another experiment with servers"):
        HoldExperiment().run(3)
    assert HoldExperiment().run(3, handlers.good).complete()


# --- stopping --------------------------------------------------------------------------


def in_thread(experiment, *args):
    caught = []

    def body():
        try:
            experiment.run(*args)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    return thread, caught


@pytest.mark.parametrize("when", ["while they start", "in the middle"])
def test_stop_leaves_nothing_running(when):
    seen = threading.Event()
    experiment = ConnectionsExperiment(
        lambda p: seen.set() if "answers a second" in p.words else None
    )
    connections.FIXED_S = 30.0  # put back by the fixture: it would go on for long
    thread, caught = in_thread(experiment, [50])
    if when == "in the middle":
        assert seen.wait(20)
    pids = [service.process.pid for service in experiment._crew._members
            if hasattr(service, "process")]  # fmt: skip
    experiment.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(caught[0], Stopped)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(Stopped):
        experiment.run([5])


def test_killed_in_mid_run_the_owner_leaves_no_process_port_or_file(tmp_path):
    code = (
        "import sys\n"
        "from helpers.experiment.serving import connections as c\n"
        "c.FIXED_S = 60\n"
        "e = c.ConnectionsExperiment(lambda p: print(p.words, flush=True))\n"
        "e.run([200])\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT, env=env) as owner:  # fmt: skip
        for line in owner.stdout:
            if "answers a second" in line:
                break
        services = psutil.Process(owner.pid).children(recursive=True)
        ports = [c.laddr.port for p in services for c in p.net_connections()
                 if c.status == psutil.CONN_LISTEN]  # fmt: skip
        assert len(services) == 2
        assert len(ports) == 1
        assert len(list(tmp_path.iterdir())) == 2, "each has a folder"
        os.kill(owner.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(services, 10)
    assert not alive
    assert wait_until(lambda: not list(tmp_path.iterdir()))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", ports[0])) != 0


# --- what is shown ---------------------------------------------------------------------


def sample(server, count, **figures):
    base = {"connect_ms": 10.0, "kb": 5.0, "pss_kb": 5.0, "threads": 1, "cpu_us": 40.0,
            "p50_ms": 0.2, "p99_ms": 0.4, "longest_ms": 1.0, "per_s": 40_000.0,
            "closed_p99_ms": 30.0, "late_ms": 0.1, "failures": {}}  # fmt: skip
    return Sample(server, count, **{**base, **figures})


def result_of(rounds=3, counts=(10, 100)):
    found = []
    for k in range(rounds):
        for n in counts:
            found.append(sample("asyncio", n, kb=5.0 + k / 10, p99_ms=0.4 + k))
            found.append(sample("threads", n, kb=20.0 + k, threads=n + 1, cpu_us=30.0 + k / 10,
                                p99_ms=0.5 + k))  # fmt: skip
    return Connections(2_000.0, found)


def test_only_what_every_round_shows_is_called_a_difference():
    result = result_of()
    assert result.always(100, "kb") == "asyncio"
    assert result.always(100, "cpu_us") == "threads"
    assert result.always(100, "p99_ms") is None, "the rounds overlap"
    assert result.always(100, "per_s") is None, "equal"
    said = result.headline()
    assert "asyncio did better in memory" in said
    assert "threads did better in CPU per message" in said
    assert "overlap in time to connect, p99 latency and throughput" in said
    result.samples.append(sample("threads", 100, kb=1.0))
    assert result.always(100, "kb") is None


def test_the_picture_says_its_medians():
    from helpers.charts.serving.shown import ShownConnections

    html = ShownConnections.of(result_of())._repr_html_()
    assert "could not be drawn" not in html
    assert "Memory per connection. asyncio: 10 connections 5.1 KB, 100 connections 5.1 KB" in html
    assert "No connection and no request failed" in html


@pytest.mark.parametrize(
    "found",
    [
        [sample("threads", 10)],
        [sample("asyncio", 10), sample("threads", 20)],
        [sample("asyncio", 10, cpu_us=None, p50_ms=None, p99_ms=None, longest_ms=None,
                pss_kb=None, per_s=0.0, kb=0.0, failures={"timed <out>": 7})],
    ],
)  # fmt: skip
def test_whatever_was_measured_can_be_shown(found):
    from helpers.charts.serving.shown import ShownConnections

    shown = ShownConnections.of(Connections(1_000.0, found))
    html = shown._repr_html_()
    assert "could not be drawn" not in html
    assert "timed <out>" not in html
    assert str(shown)


def test_other_results_show_themselves():
    from helpers.charts.serving.shown import ShownHeld, ShownLimits, ShownRude
    from helpers.experiment.serving.rude import Rude, RudeRun, Stretch

    held = hold.Held("asyncio", 20, 10, 10, 9, 0.1, 5.0, 20.0, 1, {"timed out": 1}, ["a note"])
    assert not held.complete()
    assert not replace(held, failures={}).complete(), "one was not answered again"
    assert replace(held, failures={}, again=10).complete()
    html = ShownHeld.of(held)._repr_html_()
    assert "1 × timed out" in html
    assert "a note" in html
    quiet, stalled = Stretch(0.7, 1000, 0.001, 0.002), Stretch(0.5, 0, 0.49, 0.5)
    rows = [[k * 0.05, 0 if 14 <= k < 24 else 50, None if 14 <= k < 24 else 0.001]
            for k in range(40)]  # fmt: skip
    run = RudeRun("asyncio", (0.69, 1.21), quiet, stalled, quiet, rows, {})
    html = ShownRude.of(Rude("block", 1000, 100, {"asyncio": run}))._repr_html_()
    assert "could not be drawn" not in html
    assert "no answer in 10 of the 10 steps" in html
    assert "0 answers a second (before 1,000), longest wait 500 ms (before 2.0 ms)" in html
    html = ShownLimits.of(limits.read_limits())._repr_html_()
    assert "asyncio: at most" in html


# --- the panel -------------------------------------------------------------------------


def with_panel(body):
    from helpers.widgets.connections import connections_panel

    async def main():
        return await body(connections_panel([h for _, h in BOTH]))

    return asyncio.run(main())


def test_each_run_of_the_panel_adds_a_number_of_connections():
    async def body(panel):
        panel.count.value, panel.said.value = 5, "threads"
        first = await panel.run()
        assert first.counts("asyncio") == first.counts("threads") == [5]
        assert "You said threads would need less memory" in panel.verdict.value
        panel.count.value, panel.servers["asyncio"].value = 9, False
        second = await panel.run()
        assert (second.counts("asyncio"), second.counts("threads")) == ([5], [5, 9])
        assert "<svg" in panel.figure.value
        assert "Done" in panel.status.value
        panel.reset()
        await asyncio.sleep(0.05)
        assert panel.figure.value == ""
        assert panel.count.value == 1_000
        assert panel.result is None

    with_panel(body)


def test_the_panel_caps_and_explains(monkeypatch):
    from helpers.widgets import connections as widget

    few = Limits((Limit("seven of them", 7, 7),))
    monkeypatch.setattr(widget, "read_limits", lambda: few)
    monkeypatch.setattr(connections, "read_limits", lambda: few)

    async def body(panel):
        panel.count.value = 10_000
        result = await panel.run()
        assert result.counts("asyncio") == [7]
        assert "at most 7 connections here. The limit: seven of them." in panel.note.value

    with_panel(body)


def test_bad_input_stop_and_run_again():
    async def body(panel):
        panel.count.value = 0
        assert await panel.run() is None
        await asyncio.sleep(0.05)
        assert 'role="alert"' in panel.status.value
        assert "Connections is a whole number" in panel.status.value
        panel.count.value = 5
        connections.FIXED_S = 30.0
        panel.start()
        while not mine():
            await asyncio.sleep(0.02)
        panel.stop()
        while not panel._idle.is_set():
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)
        assert "Stopped" in panel.status.value
        assert not panel.run_button.disabled
        connections.FIXED_S = 0.1
        assert await panel.run() is not None

    with_panel(body)


def test_failures_of_all_parts_of_a_run_are_added():
    assert servers.added({"refused": 2}, {}, {"refused": 1, "timed out": 4}) == {
        "refused": 3, "timed out": 4
    }  # fmt: skip
