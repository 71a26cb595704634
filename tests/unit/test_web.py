"""The local web server, the client that all tasks share, and what they are recorded as."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import cloudpickle
import httpx2
import psutil
import pytest

from helpers.measure.trace import UNSEEN
from helpers.services.scratch import scratch_folder
from helpers.services.service import ServiceError
from helpers.services.web.server import web_server
from helpers.widgets import files as widget_of_files
from helpers.widgets.files import file_bars
from helpers.workloads import work
from helpers.workloads.clients import Shared, shared
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]


async def statuses(url: str, numbers, limit: int | None = None) -> list[int]:
    """The status of each item, asked for all at once, or `limit` at a time."""
    gate = asyncio.Semaphore(limit or len(numbers))

    async def one(number: int) -> int:
        async with gate, session.get(f"/item/{number}") as response:
            return response.status

    async with aiohttp.ClientSession(url) as session:
        return await asyncio.gather(*(one(number) for number in numbers))


def items(url: str, numbers) -> list:
    """Status and body of each item, one after the other."""
    with httpx2.Client(base_url=url, trust_env=False, verify=False) as client:
        answers = [client.get(f"/item/{number}") for number in numbers]
    return [(answer.status_code, answer.json()) for answer in answers]


# --- the server ------------------------------------------------------------------------


def test_an_item_depends_on_its_number_and_the_seed_only():
    asked = {"latency_ms": 0, "error_rate": 0.5, "payload": 7}
    with web_server(**asked) as one, web_server(**asked) as same, \
            web_server(**asked, seed=1) as other:  # fmt: skip
        first = items(one.url, range(30))
        assert items(one.url, reversed(range(30))) == first[::-1]
        assert items(same.url, range(30)) == first
        assert items(other.url, range(30)) != first
    assert {status for status, _ in first} == {200, 500}
    good = [body for status, body in first if status == 200]
    assert all(body["text"] == "x" * 7 for body in good)
    assert len({body["value"] for body in good}) > 1


def test_it_counts():
    with web_server(latency_ms=0, error_rate=1) as web:
        items(web.url, range(3))
        assert web.stats() == {"requests": 3, "refused": 0, "failed": 3, "most_at_once": 1}
        web.reset()
        assert set(web.stats().values()) == {0}


def test_above_its_capacity_it_refuses_and_a_limit_mends_that():
    with web_server(latency_ms=300, capacity=3) as web:
        answers = asyncio.run(statuses(web.url, range(30)))
        seen = web.stats()
        assert set(answers) == {200, 503}
        assert seen["most_at_once"] == 3
        assert seen["refused"] == answers.count(503)
    with web_server(latency_ms=5, capacity=3) as web:
        assert asyncio.run(statuses(web.url, range(30), limit=3)) == [200] * 30
        assert web.stats()["refused"] == 0


def test_without_a_capacity_it_takes_all_at_once():
    with web_server(latency_ms=1000) as web:
        assert asyncio.run(statuses(web.url, range(60))) == [200] * 60
        assert web.stats()["most_at_once"] == 60


def test_files_are_what_their_checksum_says():
    with web_server(files=2, file_mb=0.3, file_mb_per_s=1000) as web:
        listed = web.files()
        with httpx2.Client(base_url=web.url, trust_env=False, verify=False) as client:
            data = [client.get(file["path"]).content for file in listed]
    assert [file["name"] for file in listed] == ["file-0.bin", "file-1.bin"]
    assert [len(d) for d in data] == [file["bytes"] for file in listed]
    assert [hashlib.sha256(d).hexdigest() for d in data] == [file["sha256"] for file in listed]
    assert data[0] != data[1]


def test_what_it_does_not_have_is_404():
    with web_server(files=1, file_mb=0.1) as web:
        client = httpx2.Client(base_url=web.url, trust_env=False, verify=False)
        paths = ["/", "/item", "/item/x", "/file/1", "/file/-1", "/nothing", "/reset"]
        assert [client.get(path).status_code for path in paths] == [404] * len(paths)
        client.close()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"latency_ms": -1}, "latency_ms is a number from 0 to 10,000; -1 is not: write"),
        ({"capacity": 2.5}, "capacity is a whole number"),
        ({"error_rate": 2}, "error_rate is a number from 0 to 1; 2 is not: write error_rate=1"),
        ({"file_mb": "big"}, "file_mb is a number"),
    ],
)
def test_bad_values_get_a_sentence(asked, words):
    with pytest.raises(ServiceError, match=words):
        web_server(**asked)


def test_a_server_that_has_ended_says_so():
    web = web_server()
    web.close()
    with pytest.raises(ServiceError, match="The web server has ended: run the cell that starts it"):
        web.stats()


def test_killed_owner_leaves_no_server_and_no_half_written_file():
    code = (
        "import time, sys; from helpers.services.web.server import web_server\n"
        "from helpers.services.scratch import scratch_folder\n"
        "web, folder = web_server(), scratch_folder()\n"
        "print(web._service.process.pid, folder._service.process.pid, folder.path, flush=True)\n"
        "with (folder / 'part').open('wb') as target:\n"
        "    while True: target.write(bytes(100)); target.flush(); time.sleep(0.001)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT) as owner:  # fmt: skip
        *pids, folder = owner.stdout.readline().split()
        assert wait_until(Path(folder, "part").exists)
        os.kill(owner.pid, signal.SIGKILL)
    assert wait_until(lambda: not any(psutil.pid_exists(int(pid)) for pid in pids))
    assert wait_until(lambda: not Path(folder).exists())


def test_a_scratch_folder_is_gone_when_closed():
    with scratch_folder() as folder:
        (folder / "a").write_text("x")
        copy = cloudpickle.loads(cloudpickle.dumps(folder))
        assert (copy / "a").read_text() == "x"
        copy.close()  # not its owner
        assert folder.path.exists()
    assert not folder.path.exists()


# --- one client for all tasks ------------------------------------------------------------


class Client:
    """A blocking client that counts how often it was made."""

    made = 0

    def __init__(self, word="hello"):
        type(self).made += 1
        time.sleep(0.01)  # so that threads that come together all find none
        self.word = word


class AsyncClient:
    """An async client that knows whether, and in which loop, it was closed."""

    def __init__(self):
        self.loop, self.closed_in = asyncio.get_running_loop(), None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc):
        await self.close()

    async def close(self):
        await asyncio.sleep(0)
        self.closed_in = asyncio.get_running_loop()


def test_threads_share_one_client():
    client = shared(Client, word="hi")
    Client.made = 0
    meet = threading.Barrier(8)

    def ask(_):
        meet.wait(10)
        return client()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert Client.made == len(found) == 1
    assert client().word == "hi"


def test_a_blocking_client_is_the_same_inside_a_coroutine():
    client = shared(Client)
    outside = client()

    async def ask():
        return client()

    assert asyncio.run(ask()) is outside


def test_each_loop_has_its_async_client_which_ends_with_it():
    client = shared(AsyncClient)

    async def ask():
        async def one():
            await asyncio.sleep(0)
            return client()

        found = set(await asyncio.gather(*(one() for _ in range(5))))
        assert {c.closed_in for c in found} == {None}
        return found

    first, second = asyncio.run(ask()), asyncio.run(ask())
    assert len(first) == len(second) == 1
    assert first != second
    for (made,) in (first, second):
        assert made.closed_in is made.loop


def test_real_clients_are_closed_with_the_loop():
    http, aio = shared(httpx2.AsyncClient, verify=False), shared(aiohttp.ClientSession)

    async def ask():
        return http(), aio()

    of_http, of_aio = asyncio.run(ask())
    assert of_http.is_closed
    assert of_aio.closed


def test_an_async_client_outside_a_loop_gets_a_sentence():
    with pytest.raises(RuntimeError, match="AsyncClient is an async client: ask for it inside"):
        shared(AsyncClient)()
    with pytest.raises(TypeError, match="takes a class or function"):
        shared(5)


def test_what_travels_is_the_recipe():
    client = shared(Client, word="far")
    here = client()
    there = cloudpickle.loads(cloudpickle.dumps(client))
    assert isinstance(there, Shared)
    assert there() is not here
    assert there().word == "far"


def test_a_forked_process_makes_its_own():
    client = shared(os.getpid)
    assert client() == os.getpid()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(client()).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert int(os.read(read, 99)) == child
    os.close(read)


# --- in a comparison ---------------------------------------------------------------------


def test_both_forms_of_a_library_fetch_the_same(experiment):
    with web_server(latency_ms=20) as web:
        blocking = shared(httpx2.Client, base_url=web.url, trust_env=False, verify=False)
        coroutine = shared(httpx2.AsyncClient, base_url=web.url, trust_env=False, verify=False)

        def fetch(number):
            return blocking().get(f"/item/{number}").json()["item"]

        async def fetch_async(number):
            return (await coroutine().get(f"/item/{number}")).json()["item"]

        found = experiment((fetch, fetch_async), tasks=6)
        assert web.stats()["most_at_once"] > 1
    assert found.complete()
    assert found.agree()
    assert found.traced["asyncio"].results == list(range(6))


def test_another_function_in_an_own_model_is_recorded_likewise(experiment):
    async def ours(number):
        await asyncio.sleep(0.001)
        return number

    async def others(number):
        await asyncio.sleep(0.001)
        return number * 1.0

    def blocking(number):
        return number

    async def with_another(one, numbers):
        one = one.doing(others)
        await asyncio.gather(*(one(number) for number in numbers))

    async def in_threads(one, numbers):
        one = one.doing(blocking)
        await asyncio.gather(*(asyncio.to_thread(one, number) for number in numbers))

    def plainly(one, numbers):
        one = one.doing(blocking)
        for number in numbers:
            one(number)

    found = experiment((blocking, ours), tasks=4,
                       models=["asyncio", with_another, in_threads, plainly])  # fmt: skip
    assert found.complete()
    assert found.agree()
    other = found.traced["with another"]
    assert [type(result) for result in other.results] == [float] * 4
    assert all(began < ended for began, ended in zip(other.trace.started, other.trace.ended,
                                                     strict=True))  # fmt: skip
    assert other.lag is not None
    handed = found.traced["in threads"]
    assert handed.results == [0, 1, 2, 3]
    # no step of the loop is drawn as if it were the thread's work
    assert {state for _, state, _, _ in handed.trace.rows()} == {UNSEEN}


def test_another_function_beside_a_built_in_workload(experiment):
    def blocking(number):
        return number

    async def in_threads(one, numbers):
        one = one.doing(blocking)
        await asyncio.gather(*(asyncio.to_thread(one, number) for number in numbers))

    found = experiment(work.sleep(1), tasks=3, models=[in_threads])
    assert found.traced["in threads"].results == [0, 1, 2]


def test_another_function_that_fails_is_told(experiment):
    async def ours(number): ...

    async def others(number):
        raise OSError("no route")

    async def with_another(one, numbers):
        one = one.doing(others)
        await asyncio.gather(*(one(number) for number in numbers))

    found = experiment(ours, tasks=2, models=[with_another])
    assert "raised OSError: no route" in found.summary()[0]


# --- the bars ------------------------------------------------------------------------------


def test_bars_show_what_has_arrived_and_seldom(monkeypatch):
    clock, drawn = [100.0], []
    monkeypatch.setattr(widget_of_files.time, "monotonic", lambda: clock[0])
    bars = file_bars([{"name": "a<b", "bytes": 2**20}, {"name": "c", "bytes": 2**21}])
    bars.widget.observe(lambda change: drawn.append(change["new"]), "value")
    with bars:
        assert len(drawn) == 1
        for _ in range(100):
            bars.add("a<b", 2**20 // 100)
            clock[0] += 0.01
        assert 4 <= len(drawn) - 1 <= 5
        bars.add("c", 2**21)
    assert "2.0 of 2.0 MB" in drawn[-1]
    assert "a&lt;b" in drawn[-1]
    assert drawn[-1].count("<progress") == 2
    assert drawn[-1].count("aria-label") == 2
    with pytest.raises(KeyError):
        bars.add("d", 1)
