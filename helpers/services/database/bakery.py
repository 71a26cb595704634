"""A small database of a bakery, to query from a notebook: SQLite, or PostgreSQL.

SQLite is the default also where PostgreSQL is installed: it is there at once, on every
machine, and starts nothing. PostgreSQL comes when a person asks for it: with
``database("local")``, or with the environment variable COURSE_POSTGRES, which holds a
DSN or the word ``local``.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...measure.shortage import shortage
from ..scratch import folder_service
from ..service import Served, Service, ServiceError, ended_services

ROWS = 5_000
SLOW_MS = 50
VARIABLE = "COURSE_POSTGRES"
TABLE = "CREATE TABLE bread (id INTEGER PRIMARY KEY, baker TEXT, kind TEXT, grams INTEGER)"
INSERT = "INSERT INTO bread VALUES ({0}, {0}, {0}, {0})"  # {0}: the driver's placeholder


def rows(count: int = ROWS) -> Iterator[tuple[int, str, str, int]]:
    """The table's rows, the same every time: number, baker, kind, weight in grams."""
    draw = random.Random(count)
    bakers, kinds = ("Ada", "Bela", "Chidi", "Dora", "Emil"), ("bun", "loaf", "rye", "white")
    for number in range(1, count + 1):
        yield number, draw.choice(bakers), draw.choice(kinds), draw.randint(60, 1200)


class Database(Served):
    """One table, ``bread``, with `ROWS` rows, and two ways to it.

    `kind` is "sqlite" or "postgresql", `name` says it with the version. `connect()` gives
    a connection for ``with``, `connect_async()` one for ``async with``: both are closed at
    the block's end, and have ``execute(sql)``, whose cursor has ``fetchone()`` and
    ``fetchall()``. `slow_query` is SQL that keeps the database busy for about 50 ms.

    It can be named in functions that travel to another process: what travels is the way
    to the database, which stays where it is.
    """

    def __init__(self, kind: str, name: str, slow_query: str, where: Any, service: Service,
                 hint: str = "") -> None:  # fmt: skip
        self.kind, self.name, self.slow_query, self.hint = kind, name, slow_query, hint
        self._where, self._service = where, service

    def connect(self) -> contextlib.AbstractContextManager:
        """A new connection, blocking: ``with db.connect() as connection``."""
        if self.kind == "sqlite":
            return contextlib.closing(sqlite3.connect(_read_only(self._where), uri=True))
        import psycopg

        try:
            return psycopg.connect(**self._where)
        except psycopg.OperationalError as error:
            raise self._cause(error) from error

    @contextlib.asynccontextmanager
    async def connect_async(self):
        """A new connection, async: ``async with db.connect_async() as connection``."""
        if self.kind == "sqlite":
            import aiosqlite

            async with aiosqlite.connect(_read_only(self._where), uri=True) as connection:
                yield connection
            return
        import psycopg

        try:
            opened = await psycopg.AsyncConnection.connect(**self._where)
        except psycopg.OperationalError as error:
            raise self._cause(error) from error
        async with opened as connection:
            yield connection

    def _cause(self, error: Exception) -> Exception:
        """What to raise where no connection could be had: a sentence, in the owner's process.

        In another one, such as a run's, nobody knows of the service: the error as it is.
        """
        if self._service is None:
            return error
        if words := ended_services():
            return ServiceError(words)
        if "way" in self._service.facts:
            return error
        return ServiceError(f"The PostgreSQL that {VARIABLE} names answers no more: start it "
                            f"again, then run the cell with database() again.")  # fmt: skip

    def __repr__(self) -> str:  # never the way to it, which may hold a password
        return self.name

    def __str__(self) -> str:
        return " ".join(filter(None, [f"{self.name}, {ROWS:,} rows.", self.hint]))


def database(which: str | None = None) -> Database:
    """The bakery's database: "sqlite" (the default) or "local", an installed PostgreSQL.

    Without `which`, the environment variable COURSE_POSTGRES decides: not set, SQLite; a
    DSN (``postgresql://user:password@host/name``), that server, where a schema of its own
    holds the table and is dropped at the end; the word ``local``, a PostgreSQL that is
    installed here, started for this purpose with a folder of its own.

    Raises ServiceError with one sentence if that can't be had.
    """
    named = os.environ.get(VARIABLE, "").strip()
    wanted = which if which is not None else named or "sqlite"
    if wanted == "sqlite":
        return _sqlite()
    if wanted in ("local", "postgresql"):
        return _postgresql("helpers.services.database.postgres_server")
    if which is not None:  # a password in a notebook's cell would be saved with it
        raise ServiceError(f'A database is "sqlite" or "local". For a server elsewhere, set the '
                           f"environment variable {VARIABLE} to its DSN.")  # fmt: skip
    return _postgresql("helpers.services.database.postgres_schema")


# --- SQLite ----------------------------------------------------------------------------


def _sqlite() -> Database:
    service = folder_service()
    path = service.folder / "bakery.db"
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(TABLE)
            connection.executemany(INSERT.format("?"), rows())
            connection.commit()
            slow = _pairs(_breads_for(connection, SLOW_MS))
    except sqlite3.Error as error:
        service.close()
        cause = shortage(error) or f"The database can't be written: {error}."
        raise ServiceError(cause) from error
    hint = ""
    if server_binaries() is not None:
        hint = 'PostgreSQL is installed here too: database("local") starts it.'
    return Database("sqlite", f"SQLite {sqlite3.sqlite_version}", slow, path, service, hint)


def _read_only(path: Path) -> str:
    # Read only: it makes no file if the folder is gone, and no lock file that would stay.
    return f"{path.as_uri()}?mode=ro"


def _pairs(breads: int) -> str:
    """SQL that compares each of the first `breads` with every row of the table."""
    return (f"SELECT count(*) FROM bread AS a, bread AS b "
            f"WHERE a.id <= {breads} AND a.grams < b.grams")  # fmt: skip


def _breads_for(connection: sqlite3.Connection, ms: float) -> int:
    """How many breads make the query of `_pairs` last about `ms` here; best of five."""
    best, trial = float("inf"), 100
    for _ in range(5):
        begin = time.perf_counter()
        connection.execute(_pairs(trial)).fetchone()
        best = min(best, time.perf_counter() - begin)
    return max(1, min(ROWS, round(trial * ms / 1000 / best)))


# --- PostgreSQL ------------------------------------------------------------------------


def _postgresql(module: str) -> Database:
    service = Service(module)
    facts = service.facts
    return Database("postgresql", facts["name"], f"SELECT 1 FROM pg_sleep({SLOW_MS / 1000:g})",
                    way_to(facts["schema"], facts.get("way")), service)  # fmt: skip


def way_to(schema: str, way: dict[str, Any] | None = None) -> dict[str, Any]:
    """What psycopg's ``connect`` takes, with `schema` as the one that names are looked up in.

    `way` is the way to a server of our own; without it, the DSN of COURSE_POSTGRES counts.
    """
    if way is None:
        way = parsed(os.environ[VARIABLE])
    options = f"{way.get('options', '')} -c search_path={schema}".strip()
    return {"connect_timeout": 5, **way, "options": options}


def parsed(dsn: str) -> dict[str, Any]:
    """The parts of a DSN. Raises ServiceError for what is none, without repeating it."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        return conninfo_to_dict(dsn)
    except psycopg.Error:
        raise ServiceError(f"{VARIABLE} is no DSN that PostgreSQL understands: write it as "
                           f"postgresql://user:password@host:port/name.") from None  # fmt: skip


def create(connection: Any, schema: str) -> None:
    """Make `schema` with the table and its rows, over a psycopg connection."""
    connection.execute(f"CREATE SCHEMA {schema}")
    connection.execute(f"SET search_path TO {schema}")
    connection.execute(TABLE)
    with connection.cursor() as cursor:
        cursor.executemany(INSERT.format("%s"), rows())


def version_of(connection: Any) -> str:
    """``PostgreSQL 15.3``."""
    number = connection.info.server_version
    return f"PostgreSQL {number // 10000}.{number % 10000}"


def server_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: Debian's newest, else the PATH's, or None."""
    folders = sorted(
        (p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdecimal()),
        key=lambda p: int(p.parent.name),
        reverse=True,
    )
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)
