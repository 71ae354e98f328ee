"""Migrations of many schemas, on a real PostgreSQL."""

from pathlib import Path

import asyncpg
import pytest

from services.chassis.database import CHASSIS_MIGRATIONS, newest_revision
from services.chassis.errors import Misuse
from services.chassis.schema import SchemaTarget, migrate, migrate_all
from tests.support.postgres import ROLE, Postgres

SCHEMAS = 19


def a_branch(tmp_path: Path) -> Path:
    (tmp_path / "0001_thing.py").write_text(
        'from alembic import op\nrevision = "0001"\ndown_revision = None\n'
        'def upgrade():\n    op.execute("CREATE TABLE thing (n integer)")\n'
    )
    return tmp_path


async def test_all_schemas_of_all_nodes_are_brought_up_to_date_together(
    postgres: Postgres, house_template: str, tmp_path: Path
) -> None:
    assert house_template
    branch = a_branch(tmp_path)
    targets = [
        SchemaTarget(schema=f"house_{chr(97 + n)}", role=ROLE, service_migrations=branch)
        for n in range(SCHEMAS)
    ]
    await migrate_all(postgres.url(), targets)
    await migrate_all(postgres.url(), targets)
    connection = await asyncpg.connect(postgres.url())
    try:
        made = await connection.fetchval(
            "SELECT count(*) FROM information_schema.tables"
            " WHERE table_name = 'thing' AND table_schema LIKE 'house_%'"
        )
    finally:
        await connection.close()
    assert made == SCHEMAS


async def test_a_schemas_name_is_no_way_to_speak_sql(postgres: Postgres) -> None:
    for name in ('x"; DROP TABLE y; --', "Upper", "ä", ""):
        with pytest.raises(Misuse):
            await migrate(postgres.url(), name)


def test_revisions_are_the_numbers_their_files_begin_with() -> None:
    files = sorted(CHASSIS_MIGRATIONS.glob("0*.py"))
    for number, file in enumerate(files, start=1):
        text = file.read_text(encoding="utf-8")
        assert file.name.startswith(f"{number:04d}_")
        assert f'revision = "{number:04d}"' in text
        assert "down_revision = " + (f'"{number - 1:04d}"' if number > 1 else "None") in text
    assert newest_revision(CHASSIS_MIGRATIONS) == files[-1].name[:4]
