"""The observer's look into every node's database. Nobody in a real mechanism has this view."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from deploy.demo.world import world_of
from deploy.local.layout import StateFolder
from deploy.local.topology import Unit

TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'
    ORDER BY table_schema, table_name
"""


class Databases:
    """Every database of one stack, read as the server's owner."""

    def __init__(self, state: StateFolder) -> None:
        self._world = world_of(state)

    def rows(self, unit: Unit, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Rows of one service's schema."""
        return asyncio.run(self._rows(unit, query, arguments))

    async def _rows(self, unit: Unit, query: str, arguments: Sequence[Any]) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(
            self._world.superuser_url(unit.database), server_settings={"search_path": unit.schema}
        )
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    def tables_that_hold(self, database: str, needles: Sequence[str]) -> list[str]:
        """``schema.table`` of every table with a row that holds one of the needles, in any form."""
        return asyncio.run(self._tables_that_hold(database, needles))

    async def _tables_that_hold(self, database: str, needles: Sequence[str]) -> list[str]:
        patterns = [f"%{form}%" for needle in needles for form in forms_of(needle)]
        connection = await asyncpg.connect(self._world.superuser_url(database))
        try:
            found = []
            for table in await connection.fetch(TABLES):
                name = f'"{table["table_schema"]}"."{table["table_name"]}"'
                query = f"SELECT 1 FROM {name} t WHERE t::text LIKE ANY($1) LIMIT 1"  # noqa: S608
                if await connection.fetchval(query, patterns):
                    found.append(f"{database}:{table['table_schema']}.{table['table_name']}")
            return found
        finally:
            await connection.close()


def forms_of(needle: str) -> list[str]:
    """A text as a row of PostgreSQL may show it: as it is, escaped as JSON, as bytes in hex."""
    escaped = needle.encode("ascii", "backslashreplace").decode()
    return list(dict.fromkeys([needle, escaped, needle.encode().hex()]))
