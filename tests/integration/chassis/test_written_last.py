"""Events, audit rows and traces of one transaction are one round trip, and all or nothing."""
# ruff: noqa: PT012

from typing import Any

import pytest
from pydantic import BaseModel

from contracts.envelope import Classification
from services.chassis import audit, subject_traces
from services.chassis.clock import SystemClock
from services.chassis.database import Database, Transaction
from services.chassis.errors import StatementRefused
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.work import Cause, Work

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class ThingHappened(BaseModel):
    number: int


class ThingSpec:
    type = "org.nrm.house.thing-happened.v1"
    topic = "things"
    dataschema = "urn:nrm:schema:org.nrm.house.thing-happened.v1.0"
    classification = Classification.CASE_CODED


@pytest.fixture
def publishing(database: Database) -> Database:
    def spec_for(_publisher: str, _model: type[Any]) -> ThingSpec:
        return ThingSpec()

    Outbox(spec_for=spec_for).install(database)
    return database


def act(tx: Transaction, cause: str, many: int) -> None:
    """Publish and audit ``many`` times, and note the trace."""
    Work(
        transaction=tx,
        now=SystemClock().now(),
        cause=Cause(id=cause),
        caller="test",
        node="node-one",
        service="house",
    )
    for number in range(many):
        publish(tx, ThingHappened(number=number), subject=f"subject-{number}")
        audit.record(tx, actor="desk", action="opened", subject=f"subject-{number}")
    subject_traces.remember(tx, subject="subject-0", traceparent=TRACEPARENT)


async def counts(database: Database) -> tuple[int, int, int]:
    async with database.transaction() as tx:
        row = await tx.connection.fetchrow(
            "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit),"
            " (SELECT count(*) FROM subject_trace)"
        )
    return tuple(row)


@pytest.mark.parametrize("many", [1, 3])
async def test_events_audit_rows_and_traces_are_written_by_one_statement(
    publishing: Database, many: int
) -> None:
    before = publishing.statements
    async with publishing.transaction() as tx:
        act(tx, "once", many)
    assert publishing.statements - before == 1
    assert await counts(publishing) == (many, many, 1)


async def test_what_the_database_refuses_of_one_leaves_none_of_the_others(
    publishing: Database,
) -> None:
    with pytest.raises(StatementRefused):
        async with publishing.transaction() as tx:
            act(tx, "once", 1)
            subject_traces.remember(tx, subject="\0", traceparent=TRACEPARENT)
    assert await counts(publishing) == (0, 0, 0)
