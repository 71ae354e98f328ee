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
        (found,) = self.rows_of_each([(unit, query)], *arguments)
        return found

    def rows_of_each(
        self, asked: Sequence[tuple[Unit, str]], *arguments: Any
    ) -> list[list[dict[str, Any]]]:
        """Rows by each of these queries in its service's schema; one visit for each database."""
        return asyncio.run(self._rows_of_each(asked, arguments))

    async def _rows_of_each(
        self, asked: Sequence[tuple[Unit, str]], arguments: Sequence[Any]
    ) -> list[list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for database in {unit.database for unit, _ in asked}:
            connection = await asyncpg.connect(self._world.superuser_url(database))
            try:
                for place, (unit, query) in enumerate(asked):
                    if unit.database == database:
                        await connection.execute(f'SET search_path = "{unit.schema}"')
                        rows = await connection.fetch(query, *arguments)
                        found[place] = [dict(row) for row in rows]
            finally:
                await connection.close()
        return [found[place] for place in range(len(asked))]

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
