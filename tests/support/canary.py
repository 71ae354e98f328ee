"""Canaries: invented names that are put where a person's could be, and a scanner that finds them.

Every canary holds one of the ``MARKS``; the scanner looks for those in every medium in which a
stack keeps or shows anything, in the forms in which a text may lie there. What it did not read it
may not call clean: an unreadable place is an error, not a miss.
"""

import asyncio
import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from deploy.demo.bus import Bus, SeenRecord
from deploy.demo.stage import Stage
from deploy.local import buses
from deploy.local.control import topology_of
from deploy.local.layout import StateFolder
from deploy.local.postgres import PostgresServer

WORD = "qcanary"
"""In every canary of free form, after one letter: ``Zqcanary-subject``, ``zqcanary-kind``."""
BORN_ON = "1931-07-23"
PHONE = "+375 29 730-04-19"
CYRILLIC = "Зоряна Ъканарейка"
MARKS = (WORD, BORN_ON, "730-04-19", "Ъканарейка")
FILES_APART = ("kafka/records", "kafka-hub/records", "postgres/cluster", "tokens", "keys")
"""Broker and database files have scans of their own; tokens and keys are random bytes."""
CHECKPOINT_SECONDS = 60
TABLES = """
    SELECT table_schema, table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns JOIN information_schema.tables
        USING (table_schema, table_name)
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def canary(place: str) -> str:
    """A name that nobody has and that says where it was put."""
    return f"Zqcanary {place} Invented"


def forms_of(mark: str) -> tuple[bytes, ...]:
    """A text as bytes of a file may hold it: plain, escaped, hex, base64 at each of three places.

    Everything in lower case (of ASCII), as it is compared.
    """
    plain = mark.encode()
    escaped = json.dumps(mark)[1:-1].encode()
    forms = {plain, escaped, plain.hex().encode(), quote(mark).encode(), mark.encode("utf-16-le")}
    return tuple(sorted({each.lower() for each in (*forms, *_base64_forms(plain))}))


def _base64_forms(plain: bytes) -> Iterable[bytes]:
    """What base64 makes of it whatever stands before and behind: only whole characters of its."""
    for shift, foreign in ((0, 0), (1, 2), (2, 3)):
        whole = (shift + len(plain)) * 8 // 6
        yield base64.b64encode(b"\0" * shift + plain)[foreign:whole]


FORMS = tuple(form for mark in MARKS for form in forms_of(mark))
_FOUND = re.compile(b"|".join(re.escape(form) + rb"[ -]?[a-z0-9-]{0,30}" for form in FORMS))


def found_in(content: bytes | str) -> list[str]:
    """The canaries in this content, as far as they can be read."""
    given = content.encode() if isinstance(content, str) else content
    if given == bytes(len(given)):  # the reserve of a stack: far more than everything else
        return []
    lower = given.lower()
    if not any(form in lower for form in FORMS):
        return []
    return sorted({match.group().decode("latin-1") for match in _FOUND.finditer(lower)})


def in_texts(texts: Mapping[str, bytes | str]) -> list[str]:
    """``<name>: <canary>`` of every text that holds one."""
    return [f"{name}: {each}" for name, content in texts.items() for each in found_in(content)]


def in_records(records: Iterable[SeenRecord]) -> list[str]:
    """Topics with a record that holds a canary in its key, headers or value."""
    return sorted(
        {f"topic {record.topic}: {each}" for record in records for each in found_in(_whole(record))}
    )


def _whole(record: SeenRecord) -> bytes:
    headers = "\n".join(f"{name}={value}" for name, value in record.headers.items())
    return b"\n".join([record.key or b"", headers.encode("latin-1", "replace"), record.value])


def in_topics(bus: Bus) -> list[str]:
    """Every topic of ours, read now."""
    return in_records(bus.everything())


def in_files(
    folder: Path, apart: Sequence[str] = (), endings_apart: tuple[str, ...] = ()
) -> list[str]:
    """Files below a folder, by their bytes; a file that vanished meanwhile holds nothing."""
    found = []
    for path in _files(folder, apart):
        if path.name.endswith(endings_apart):
            continue
        try:
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        except FileNotFoundError:
            continue
        found += [f"file {path.relative_to(folder)}: {each}" for each in found_in(content)]
    return found


def _files(folder: Path, apart: Sequence[str]) -> Iterator[Path]:
    """Every file below a folder, in order, without looking into the folders that are apart."""

    def unreadable(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for place, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(place)
        folders[:] = sorted(
            each for each in folders if str((here / each).relative_to(folder)) not in apart
        )
        yield from (here / name for name in sorted(names))


def in_metrics(stage: Stage) -> list[str]:
    """What every service tells about itself."""
    return in_texts({f"metrics {name}": stage.metrics(name) for name in stage.addresses})


def in_tables(state: StateFolder, only: str | None = None) -> list[str]:
    """Every column of every table of every database, whatever its type; bytes as hex."""
    databases = {unit.database for unit in topology_of(state).units} | {"postgres"}
    server = PostgresServer(state.postgres)

    async def look() -> list[str]:
        return [
            found
            for database in sorted(databases if only is None else {only})
            for found in await _in_database(server.superuser_url(database), database)
        ]

    return asyncio.run(look())


def _patterns() -> list[str]:
    """For ``ILIKE``; a row as text doubles what is escaped, so that any number stands between."""
    escaped = (json.dumps(mark)[1:-1].replace("\\", "%") for mark in MARKS)
    forms = (*MARKS, *(mark.encode().hex() for mark in MARKS), *escaped)
    return [f"%{form}%" for form in forms]


async def _in_database(url: str, database: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        found = []
        for schema, table, columns in await connection.fetch(TABLES):
            place = f'"{schema}"."{table}"'
            if await _holds(connection, place, "t"):
                found += [
                    f"column {database}:{schema}.{table}.{column}"
                    for column in columns
                    if await _holds(connection, place, f't."{column}"')
                ]
        return found
    finally:
        await connection.close()


async def _holds(connection: Any, table: str, expression: str) -> bool:
    query = f"SELECT 1 FROM {table} t WHERE {expression}::text ILIKE ANY($1) LIMIT 1"  # noqa: S608
    return await connection.fetchval(query, _patterns()) is not None


def in_database_files(state: StateFolder) -> list[str]:
    """The bytes of the server's own files, its journal too, after everything was written."""

    async def checkpoint() -> None:
        connection = await asyncpg.connect(PostgresServer(state.postgres).superuser_url())
        try:
            await connection.execute("CHECKPOINT", timeout=CHECKPOINT_SECONDS)
        finally:
            await connection.close()

    asyncio.run(checkpoint())
    return in_files(state.postgres / "cluster")


def in_broker_files(state: StateFolder) -> list[str]:
    """The bytes of the broker's segments; indexes (offsets and times) are left out."""
    folders = [server.folder for server in buses.servers(state, buses.TWO).values()]
    return [
        found
        for folder in folders
        for found in in_files(folder / "records", endings_apart=(".index", ".timeindex"))
    ]


def everywhere(stage: Stage) -> list[str]:
    """Every medium of a stack but the broker's own files, which keep deleted records for a while.

    Logs, spans, the database server's log and every other file are files of the state folder.
    """
    state = stage.state
    return [
        *in_topics(Bus(buses.told(state))),
        *in_files(state.root, FILES_APART),
        *in_metrics(stage),
        *in_tables(state),
        *in_database_files(state),
    ]
