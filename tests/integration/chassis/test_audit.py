"""Audit rows and the traces of a subject, on a real PostgreSQL."""
# ruff: noqa: PT012

import pytest

from services.chassis import audit, subject_traces
from services.chassis.database import Database, Transaction
from services.chassis.errors import Misuse

TRACE = "0" * 31 + "1"


async def test_rows_are_written_with_the_act_in_one_statement(database: Database) -> None:
    async with database.transaction() as tx:
        for action in ("opened", "closed"):
            audit.record(tx, actor="desk", action=action, subject="one", reason="asked")
        audit.record(tx, actor="desk", action="opened", subject="two")
    assert database.statements == 1
    async with database.transaction() as tx:
        rows = await audit.read(tx, subject="one")
        later = await audit.read(tx, subject="one", after=rows[0]["id"])
    assert [(row["action"], row["reason"]) for row in rows] == [
        ("opened", "asked"),
        ("closed", "asked"),
    ]
    assert [row["action"] for row in later] == ["closed"]


async def test_no_act_leaves_no_row(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.transaction() as tx:
            audit.record(tx, actor="desk", action="opened", subject="one")
            raise KeyError
    async with database.transaction() as tx:
        assert await audit.read(tx, subject="one") == []


@pytest.mark.parametrize("field", ["actor", "action", "subject", "reason"])
async def test_texts_that_are_no_codes_stop_the_act(database: Database, field: str) -> None:
    row = {"actor": "desk", "action": "opened", "subject": "one", field: "Anna Nowak, born 1985"}
    with pytest.raises(Misuse):
        async with database.transaction() as tx:
            audit.record(tx, **row)


async def test_a_row_that_comes_too_late_to_be_written_stops_the_act(database: Database) -> None:
    async def late(tx: Transaction) -> None:
        audit.record(tx, actor="desk", action="late", subject="one")

    with pytest.raises(Misuse, match="already written"):
        async with database.transaction() as tx:
            audit.record(tx, actor="desk", action="opened", subject="one")
            tx.before_commit("late", late)


async def test_a_subjects_traces_are_kept_once(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as tx:
            for _ in range(2):
                subject_traces.remember(tx, subject="one", traceparent=f"00-{TRACE}-{'1' * 16}-01")
            subject_traces.remember(tx, subject="one", traceparent=None)
    async with database.transaction() as tx:
        assert await subject_traces.traces_of(tx, subject="one") == [TRACE]


async def test_what_is_recorded_of_several_subjects_is_read_from_the_newest_on(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        for action, subject in (("one", "a"), ("two", "b"), ("three", "c"), ("four", "a")):
            audit.record(tx, actor="desk", action=action, subject=subject)
    seen: list[str] = []
    before = 2**62
    async with database.transaction() as tx:
        while rows := await audit.read_back(tx, subjects=["a", "b"], before=before, limit=1):
            seen.append(rows[0]["action"])
            before = rows[0]["id"]
    assert seen == ["four", "two", "one"]
