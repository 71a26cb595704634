"""The bakery's database: the same cells on SQLite and PostgreSQL, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cloudpickle
import psutil
import psycopg
import pytest

from helpers.services.database import bakery as module
from helpers.services.database.bakery import ROWS, VARIABLE, Database, database, server_binaries
from helpers.services.database.postgres_schema import cause_of
from helpers.services.database.postgres_server import Cluster
from helpers.services.service import ServiceError
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]
SQL = "SELECT kind, count(*), sum(grams) FROM bread GROUP BY kind ORDER BY kind"


def need_postgres() -> None:
    """Skip without PostgreSQL's programs; fail where REQUIRE_POSTGRES=1 says they are there."""
    if server_binaries() is None:
        what = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(f"{what} (REQUIRE_POSTGRES=1)", pytrace=False)
        pytest.skip(what)


@pytest.fixture(autouse=True)
def no_setting(monkeypatch):
    """Whatever this machine's user has set does not count here."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def local() -> Database:
    """One installed PostgreSQL for the tests of this module."""
    need_postgres()
    with database("local") as db:
        yield db


@pytest.fixture(params=["sqlite", "local"])
def db(request) -> Database:
    """The database, once of each kind."""
    if request.param == "local":
        yield request.getfixturevalue("local")
    else:
        with database("sqlite") as opened:
            yield opened


def blocking(db: Database, sql: str) -> list:
    with db.connect() as connection:
        return connection.execute(sql).fetchall()


async def with_async(db: Database, sql: str) -> list:
    async with db.connect_async() as connection:
        cursor = await connection.execute(sql)
        return list(await cursor.fetchall())


def servers_in(folder: str) -> list[psutil.Process]:
    """The processes of PostgreSQL whose data lie below `folder`."""
    found = []
    for process in psutil.process_iter():
        # One that is just ending has a folder in /proc, and no cwd there: psutil 6.0 says so raw.
        with contextlib.suppress(psutil.Error, FileNotFoundError):
            if folder in " ".join([*process.cmdline(), process.cwd()]):
                found.append(process)
    return [p for p in found if p.pid != os.getpid()]


# --- the two kinds -----------------------------------------------------------------------


def test_both_forms_give_the_same_real_rows(db):
    rows = blocking(db, SQL)
    assert asyncio.run(with_async(db, SQL)) == rows
    assert sum(count for _, count, _ in rows) == ROWS
    assert len(rows) == 4


def test_both_kinds_hold_the_same(local):
    with database("sqlite") as sqlite:
        every = "SELECT id, baker, kind, grams FROM bread ORDER BY id"
        assert blocking(local, every) == blocking(sqlite, every)


def test_it_says_which_it_is(db):
    assert repr(db).split()[0] == {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[db.kind]
    assert str(db).startswith(f"{db.name}, 5,000 rows.")


def test_the_slow_query_keeps_the_database_busy(db):
    begin = time.perf_counter()
    with db.connect() as connection:
        assert connection.execute(db.slow_query).fetchone()
    assert time.perf_counter() - begin >= 0.02  # a lower bound only


def test_functions_that_name_it_travel(db, experiment):
    def query(number):
        with db.connect() as connection:
            return connection.execute(SQL).fetchone()[0]

    async def query_async(number):
        async with db.connect_async() as connection:
            return (await (await connection.execute(SQL)).fetchone())[0]

    found = experiment((query, query_async), tasks=3)
    assert found.complete()
    assert found.agree()
    copy = cloudpickle.loads(cloudpickle.dumps(db))
    copy.close()  # it is not the owner
    assert blocking(db, SQL)


def test_the_async_driver_of_sqlite_is_a_thread_and_that_of_postgresql_is_none(db):
    async def appeared() -> int:
        before = set(threading.enumerate())
        async with db.connect_async():
            return len(set(threading.enumerate()) - before)

    assert asyncio.run(appeared()) == (1 if db.kind == "sqlite" else 0)


def test_sqlite_is_read_only_and_gone_when_closed():
    db = database()
    folder = db._service.folder
    assert db.kind == "sqlite"
    with db.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute("DELETE FROM bread")
    db.close()
    db.close()
    assert not folder.exists()


# --- which one ---------------------------------------------------------------------------


def test_the_default_is_sqlite_and_tells_of_postgresql(monkeypatch):
    monkeypatch.setattr(module, "server_binaries", lambda: Path("/somewhere"))
    with database() as db:
        assert 'database("local") starts it' in str(db)
    monkeypatch.setattr(module, "server_binaries", lambda: None)
    with database() as db:
        assert "PostgreSQL" not in str(db)


def test_local_without_an_installed_server_gets_a_sentence(monkeypatch):
    need_postgres()
    # the service looks itself: hide the folder's binaries by a search that finds nothing
    code = (
        "import helpers.services.database.bakery as d, sys, runpy\n"
        "d.server_binaries = lambda: None\n"
        "sys.argv = ['x', '{}']\n"
        "runpy.run_module('helpers.services.database.postgres_server', run_name='__main__')"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
                         check=False)  # fmt: skip
    assert "No PostgreSQL server is installed here: install it" in out.stdout


def test_a_dsn_is_not_taken_from_a_cell():
    with pytest.raises(ServiceError, match="set the environment variable COURSE_POSTGRES") as told:
        database("postgresql://me:geheim@host/db")
    assert "geheim" not in str(told.value)


def test_the_variable_may_say_local(monkeypatch):
    need_postgres()
    monkeypatch.setenv(VARIABLE, "local")
    with database() as db:
        assert db.kind == "postgresql"


# --- a person's own server ---------------------------------------------------------------


def dsn_of(db: Database) -> str:
    return f"host={db._where['host']} port=5432 user=course dbname=postgres password=geheim"


def schemas(db: Database) -> list[str]:
    sql = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'course%' ORDER BY 1"
    return [name for (name,) in blocking(db, sql)]


def test_a_given_server_gets_a_schema_of_ours_that_is_dropped(local, monkeypatch):
    before = schemas(local)
    monkeypatch.setenv(VARIABLE, dsn_of(local))
    with database() as db:
        assert blocking(db, SQL) == blocking(local, SQL)
        assert asyncio.run(with_async(db, SQL)) == blocking(local, SQL)
        assert len(schemas(local)) == len(before) + 1
        assert "geheim" not in f"{db!r} {db}"
        assert db.name.endswith("(yours)")
        line = " ".join(db._service.process.args)
        assert "geheim" not in line  # whoever lists processes would see it
    assert schemas(local) == before


def test_a_given_server_is_left_clean_also_by_a_killed_owner(local):
    before = schemas(local)
    code = (
        "import time; from helpers.services.database.bakery import database\n"
        "db = database(); print(db, flush=True); time.sleep(60)"
    )
    env = {**os.environ, VARIABLE: dsn_of(local)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT, env=env) as owner:  # fmt: skip
        assert "PostgreSQL" in owner.stdout.readline()
        assert len(schemas(local)) == len(before) + 1
        os.kill(owner.pid, signal.SIGKILL)
    assert wait_until(lambda: schemas(local) == before)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("postgresql://me:geheim@127.0.0.1:{port}/db", "at 127.0.0.1, can't be used: .*refused"),
        ("me geheim", "is no DSN that PostgreSQL understands: write it as"),
        ("postgresql://me:geheim@127.0.0.1:port/db", "can't be used|is no DSN"),
        ("lokal", "is no DSN"),
    ],
)
def test_a_wrong_dsn_gets_a_sentence_without_the_password(dsn, words, monkeypatch):
    monkeypatch.setenv(VARIABLE, dsn.format(port=free_port()))
    with pytest.raises(ServiceError, match=words) as told:
        database()
    assert "geheim" not in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_the_cause_of_an_error_does_not_hold_the_password(monkeypatch):
    error = psycopg.OperationalError('connection to "x" failed: FATAL:  geheim is no good\nmore')
    assert cause_of(error, {"password": "geheim"}) == "*** is no good"


# --- its end -----------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["ready", "starting"])
def test_a_killed_owner_leaves_no_server_and_no_folder(moment):
    need_postgres()
    code = (
        "import time; from helpers.services.database.bakery import database\n"
        "print('starting', flush=True)\n"
        "db = database('local'); print('ready', db._service.folder, flush=True)\n"
        "time.sleep(60)"
    )
    # Not tmp_path: root's server runs as somebody else, who must be able to reach it.
    scratch = Path(tempfile.mkdtemp())
    scratch.chmod(0o755)
    env = {**os.environ, "TMPDIR": str(scratch)}
    try:
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                              cwd=ROOT, env=env) as owner:  # fmt: skip
            assert owner.stdout.readline().split() == ["starting"]
            if moment == "ready":
                assert owner.stdout.readline().split()[0] == "ready"
                assert len(servers_in(str(scratch))) >= 1
            else:  # while initdb or the first start is under way
                assert wait_until(lambda: servers_in(str(scratch)))
            os.kill(owner.pid, signal.SIGKILL)
        assert wait_until(lambda: not servers_in(str(scratch)) and not list(scratch.iterdir()))
    finally:
        for process in servers_in(str(scratch)):
            process.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def test_what_was_ended_starts_nothing_more(tmp_path):
    need_postgres()
    cluster = Cluster(server_binaries(), tmp_path)
    cluster.end()
    with pytest.raises(RuntimeError, match="it was ended"):
        cluster.make()


def test_a_killed_service_takes_its_server_along():
    need_postgres()
    db = database("local")
    folder = db._service.folder
    assert servers_in(str(folder))
    db._service.process.kill()
    assert wait_until(lambda: not servers_in(str(folder)))
    db.close()
    assert not folder.exists()
