"""The process that makes a schema of ours on a person's own PostgreSQL, and drops it.

The server is named by the environment variable COURSE_POSTGRES. Its DSN may hold a
password, so it is never on a command line, and nothing printed here repeats it.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
from typing import NoReturn

import psycopg

from ..keeper import Keeper
from ..service import ServiceError
from .bakery import VARIABLE, create, parsed, version_of, way_to


def refuse(sentence: str) -> NoReturn:
    """Tell the owner why not, and end: raises SystemExit."""
    print(json.dumps({"refused": sentence}), flush=True)
    raise SystemExit(1)


def cause_of(error: psycopg.Error, way: dict) -> str:
    """The first line of an error of psycopg, without the password."""
    cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
    cause = cause.rpartition("FATAL: ")[2].strip()
    for secret in filter(None, (way.get("password"), os.environ.get("PGPASSWORD"))):
        cause = cause.replace(secret, "***")
    return cause[:300]


def main() -> None:
    """Make the schema, announce it, and drop it at the end."""
    try:
        way = parsed(os.environ[VARIABLE])
    except ServiceError as error:
        refuse(str(error))
    schema = f"course_{secrets.token_hex(6)}"

    def drop() -> None:
        with psycopg.connect(**way_to(schema, way)) as last:
            last.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    keeper = Keeper()
    try:
        with psycopg.connect(**way_to(schema, way)) as connection:
            keeper.at_end(drop)
            create(connection, schema)
            name = version_of(connection)
    except psycopg.Error as error:
        where = f"{way.get('host') or way.get('hostaddr') or 'the local socket'}"
        print(json.dumps({"refused": f"The PostgreSQL that {VARIABLE} names, at {where}, can't be "
                                     f"used: {cause_of(error, way)}. Mend the DSN, or unset the "
                                     f"variable to use SQLite."}), flush=True)  # fmt: skip
        keeper.end(1)
    keeper.announce(name=f"{name} (yours)", schema=schema)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
