"""Statements are compiled once, and only what can be."""

import subprocess
import sys

import pytest
import sqlalchemy as sa

from services.chassis.database import Statement
from services.chassis.errors import Misuse
from services.chassis.statement import joined

TABLES = sa.MetaData()
THING = sa.Table(
    "thing",
    TABLES,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, default="plain"),
)
COUNTED = sa.Table("counted", TABLES, sa.Column("n", sa.Integer, default=lambda: 1))


def test_parameters_are_positional_and_literals_and_defaults_are_kept() -> None:
    read = Statement(
        sa.select(THING.c.id)
        .where(THING.c.kind == "plain", THING.c.id == sa.bindparam("id"))
        .limit(3)
    )
    assert read.parameters == {"id"}
    assert sorted(map(str, read.arguments({"id": "x"}))) == ["3", "plain", "x"]
    add = Statement(sa.insert(THING), columns=("id",))
    assert add.arguments({"id": "x"}) == ["x", "plain"]
    twice = Statement(sa.text("SELECT :a, :a + :b"))
    assert twice.arguments({"a": 1, "b": 2}) == [1, 2]


def test_missing_and_unknown_parameters_are_misuse() -> None:
    read = Statement(sa.select(THING).where(THING.c.id == sa.bindparam("id")))
    with pytest.raises(Misuse, match="lacks its parameter id"):
        read.arguments({})
    with pytest.raises(Misuse, match="no parameter other"):
        read.arguments({"id": 1, "other": 2})


def test_what_cannot_be_compiled_once_is_misuse() -> None:
    for construct in (
        sa.select(THING).where(THING.c.kind.in_(["a", "b"])),
        sa.insert(COUNTED).values({}),
        sa.schema.CreateTable(THING),
    ):
        with pytest.raises(Misuse):
            Statement(construct)


def test_importing_the_chassis_starts_no_thread_and_sets_nothing_up() -> None:
    program = (
        "import logging, threading\n"
        "from services.chassis import runnable, web, deadlines, audit, cipher, schema\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert not logging.getLogger().handlers\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_joined_changes_keep_their_own_arguments_and_a_with_stays_at_the_top() -> None:
    one = Statement(sa.text("INSERT INTO a (x, y) VALUES (:x, :y)"))
    two = Statement(sa.text("INSERT INTO b (z) VALUES (:z)"))
    counted = Statement(sa.text("WITH n AS (UPDATE c SET v = :v) INSERT INTO d TABLE n"))
    assert joined((one,)) == one.sql
    assert joined((one, two)) == (
        "WITH also_0 AS (INSERT INTO a (x, y) VALUES ($1, $2)) INSERT INTO b (z) VALUES ($3)"
    )
    assert joined((counted, one, two)) == (
        "WITH also_0 AS (INSERT INTO a (x, y) VALUES ($2, $3)),"
        " also_1 AS (INSERT INTO b (z) VALUES ($4)),"
        " n AS (UPDATE c SET v = $1) INSERT INTO d TABLE n"
    )
    with pytest.raises(Misuse, match="only one"):
        joined((counted, one, counted))
    with pytest.raises(Misuse, match="only changes"):
        joined((Statement(sa.text("SELECT pg_notify(:channel, '')")), one))
