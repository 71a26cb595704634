"""A server that is killed: what failed says so and what to do, and nothing of it is left."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers.charts import comparison_html
from helpers.experiment import Experiment, make_request
from helpers.experiment.surveys.survey import RowExperiment, run_survey
from helpers.notebook.experiments import in_worker
from helpers.notebook.running import ExperimentFailed
from helpers.services.database.bakery import database
from helpers.services.partner import echo_partner
from helpers.services.service import ServiceError, ended_services
from helpers.services.web.server import web_server
from helpers.widgets.pipeline import PipelinePanel
from helpers.worker.registry import shared_worker
from helpers.workloads import work
from tests.harness import sample_pipeline
from tests.harness.faults import Left, kill_process
from tests.harness.labserver import REPO
from tests.harness.waiting import wait_until
from tests.unit.test_database import need_postgres

WEB_ENDED = "The web server has ended: run the cell that starts it again, and those below it."
POSTGRES_ENDED = WEB_ENDED.replace("web", "PostgreSQL")
PARTNER_ENDED = WEB_ENDED.replace("web server", "echo partner")


@pytest.fixture
def server():
    """A web server that may be killed."""
    with web_server(latency_ms=5) as started:
        yield started


@pytest.fixture(scope="module")
def postgres():
    """PostgreSQL, of which nothing is left afterwards: processes, shared memory, folder."""
    need_postgres()
    with database("local") as db:
        family = psutil.Process(db._service.process.pid).children(recursive=True)
        memory = segment_of(db._service.folder)
        assert memory in segments()
        yield db
        # by itself, not at `close`
        assert wait_until(lambda: not any(process.is_running() for process in family))
        assert wait_until(lambda: not db._service.folder.exists())
        assert memory not in segments()


def segment_of(folder: Path) -> str:
    """The number of the shared memory of a PostgreSQL, from its lock file."""
    return (folder / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]


def segments() -> set[str]:
    """The numbers of all System V shared memory of this machine."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {line.split()[1] for line in lines}


def fetching(server):
    """The pair of functions of notebook 03, with the standard library."""
    url = server.url

    def fetch(number):
        with urllib.request.urlopen(f"{url}/item/{number}") as answer:
            return answer.read()

    async def fetch_async(number):
        return await asyncio.to_thread(fetch, number)

    return fetch, fetch_async


def kill(server) -> None:
    """End a web server's process as the system does where memory is short."""
    server._service.process.kill()
    server._service.process.wait()


# --- seen and told ---------------------------------------------------------------------


def test_a_web_server_killed_during_a_comparison(server, worker):
    experiment = Experiment(worker, on_recorded=lambda result: kill(server))
    result = experiment.run(make_request(fetching(server), 3, models=["threads", "asyncio"]))
    assert result.traced.keys() == {"threads", "asyncio"}, "it was killed while rounds went on"
    assert result.failed() is not None
    assert not result.complete()
    (said,) = result.summary()
    assert said.startswith("In threads, task 0 raised ")
    assert said.endswith(f"(3 of 3 tasks failed). Nothing was compared. {WEB_ENDED}")
    shown = comparison_html(result)
    assert WEB_ENDED in shown
    assert "Mend what the traceback" not in shown, "one thing to do, not two"


def test_a_web_server_killed_between_two_comparisons(server, experiment):
    pair = fetching(server)
    kill(server)
    assert experiment(pair, 2).summary()[0].endswith(WEB_ENDED)
    with pytest.raises(ServiceError) as told:
        _ = server.url
    assert str(told.value) == WEB_ENDED
    with pytest.raises(ServiceError, match="The web server has ended: run the cell"):
        server.stats()


def test_a_web_server_killed_during_a_survey(server, worker):
    def later(number):
        return fetch(number)

    def killed(progress):
        if "round 2" in progress.words and not server._service.ended():
            kill(server)

    fetch, _ = fetching(server)
    # 60 s: there is a second round on however busy a machine
    survey = run_survey(
        RowExperiment(worker), [fetch, later], models=["threads"], tell=killed, budget_s=60
    )
    assert [row.comparison for row in survey.rows.values()] == [None, None]
    for row in survey.rows.values():
        assert "refused" in row.problem
        assert row.problem.endswith(f". {WEB_ENDED}")


def test_what_runs_in_a_worker_and_a_pipelines_panel_say_so_too(server):
    fetch, fetch_async = fetching(server)
    kill(server)
    with pytest.raises(ExperimentFailed, match="refused") as told:
        asyncio.run(in_worker(fetch, 1))
    assert str(told.value).endswith(f">. {WEB_ENDED}")

    async def pipeline(plan):
        await fetch_async(plan.pictures)

    async def pressed():
        panel = PipelinePanel(pipeline, [sample_pipeline.turn])
        await panel.run()
        return panel

    panel = asyncio.run(pressed())
    assert "A stage failed" in panel.status.value
    assert WEB_ENDED in panel.status.value


def test_a_server_that_runs_is_no_cause(server, experiment):
    def fails(number):
        raise LookupError("no such bread")

    said = experiment(fails, 2, models=["threads"]).summary()[0]
    assert said.endswith("Nothing was compared.")
    assert ended_services() == ""


def test_a_task_that_fails_in_a_later_round_ends_the_comparison(worker, tmp_path):
    """Its time would be that of failing: it must not come into a verdict."""

    def fails_later(number):
        with (tmp_path / "calls").open("a") as file:
            file.write("x")
            if file.tell() > 6:
                raise LookupError("no more bread")
        time.sleep(0.002)

    request = make_request(fails_later, 2, models=["threads"])
    result = Experiment(worker).run(request, rounds=5, budget_s=60)  # busy or not: time for all
    assert not result.traced["threads"].failed
    assert "raised LookupError: no more bread" in result.summary()[0]


# --- the echo partner -------------------------------------------------------------------


@pytest.fixture
def partner(worker, tmp_path, monkeypatch):
    """An echo partner that may be killed, of which nothing is left afterwards."""
    worker.load(work.sleep(1))  # both workers have all their processes: these stay
    shared_worker().start()
    before = Left()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with echo_partner() as started:
        yield started
    assert before.more() == []
    assert list(tmp_path.iterdir()) == []


def talked_to(service) -> bool:
    """Whether somebody has a connection to it."""
    found = psutil.Process(service.process.pid).net_connections()
    return any(one.status == psutil.CONN_ESTABLISHED for one in found)


def asking(partner):
    """A pair of functions that make one round trip."""
    port = partner.port

    def trip(number):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"x")
            return line.recv(1)

    async def trip_async(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        answer = await reader.read(1)
        writer.close()
        return answer

    return trip, trip_async


def echo_beside():
    """Notebook 04's function that makes round trips, with time for more than it will make."""
    notebook = nbformat.read(REPO / "notebooks" / "04-when-to-use-threads.ipynb", as_version=4)
    text = "\n".join(
        cell.source for cell in notebook.cells if cell.id in ("convoy-threads", "convoy-ping")
    )
    assert "seconds=0.6" in text
    cells = {"__name__": "__main__"}
    exec("import sys, threading, time\n" + text.replace("seconds=0.6", "seconds=600"), cells)
    return cells["echo_beside"]


@pytest.mark.parametrize("computing", [0, 1])
def test_an_echo_partner_killed_during_round_trips_and_started_again(partner, computing):
    def killed():
        if wait_until(lambda: talked_to(partner), 90):
            kill_process(partner.process.pid)

    killer = threading.Thread(target=killed)
    killer.start()
    try:
        with pytest.raises(ExperimentFailed) as told:
            asyncio.run(in_worker(echo_beside(), partner.port, computing, time_box=100))
    finally:
        killer.join()
    assert str(told.value).endswith(f". {PARTNER_ENDED}")
    assert str(told.value).count("run ") == 1, "one thing to do, not two"
    with echo_partner() as another:
        trip, _ = asking(another)
        assert asyncio.run(in_worker(trip, 1)) == b"x"


def test_an_echo_partner_killed_during_a_comparison(partner, worker):
    experiment = Experiment(worker, on_recorded=lambda result: kill_process(partner.process.pid))
    request = make_request(asking(partner), 3, models=["threads", "asyncio"])
    result = experiment.run(request)
    assert result.traced.keys() == {"threads", "asyncio"}, "it was killed while rounds went on"
    assert not result.complete()
    (said,) = result.summary()
    assert said.startswith("In threads, task 0 raised ConnectionRefusedError")
    assert said.endswith(f"(3 of 3 tasks failed). Nothing was compared. {PARTNER_ENDED}")


def test_an_echo_partner_killed_during_a_survey(partner, worker):
    def killed(progress):
        if "round 2" in progress.words and partner.alive():
            kill_process(partner.process.pid)

    def later(number):
        return trip(number)

    trip, _ = asking(partner)
    survey = run_survey(
        RowExperiment(worker), [trip, later], models=["threads"], tell=killed, budget_s=60
    )
    assert [row.comparison for row in survey.rows.values()] == [None, None]
    for row in survey.rows.values():
        assert "refused" in row.problem
        assert row.problem.endswith(f". {PARTNER_ENDED}")


# --- PostgreSQL ------------------------------------------------------------------------


def test_postgres_killed_during_a_comparison_and_asked_again(postgres, worker):
    def query(number):
        with postgres.connect() as connection:
            return connection.execute("SELECT pg_sleep(0.01)").fetchone()

    server = psutil.Process(postgres._service.facts["server"])

    def killed(result):
        server.kill()  # not the keeper, nor the processes of its connections

    experiment = Experiment(worker, on_recorded=killed)
    result = experiment.run(make_request(query, 3, models=["threads"]))
    assert result.summary()[0].endswith(POSTGRES_ENDED)

    async def connect_async():
        async with postgres.connect_async():
            pass

    with pytest.raises(ServiceError) as told, postgres.connect():
        pass
    assert str(told.value) == POSTGRES_ENDED
    with pytest.raises(ServiceError, match=POSTGRES_ENDED):
        asyncio.run(connect_async())


# --- nothing is left -------------------------------------------------------------------


def test_a_killed_service_that_is_forgotten_leaves_no_folder(server):
    folder = server._service.folder
    assert folder.exists()
    kill(server)
    server._service = None
    assert not folder.exists()
