"""What a trace shows of events that were handled in a list: one span for the list, and the cases
each in a trace of their own.
"""

from dataclasses import replace
from typing import Any

import orjson
import pytest_asyncio

from services.chassis.clock import FrozenClock
from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.inboxes import InboxSettler
from services.chassis.messaging.outbox import Outbox, publish
from services.chassis.messaging.work import Received, Work
from services.chassis.telemetry import Telemetry
from tests.integration.chassis.test_outbox_relay import ThingHappened, spec_for
from tests.support.postgres import Postgres
from tests.support.receiving import (
    AT,
    House,
    context_of,
    envelope_of,
    make_effects,
    read_back,
    sent,
)

SUBJECTS = ("a", "b", "c")


@pytest_asyncio.fixture(autouse=True)
async def _effect_table(house: Postgres, database: Database) -> None:
    """The handler's own table, once the schema is there."""
    await make_effects(house)


def trace_of(subject: str) -> str:
    """The trace in which the subject's event was created."""
    return f"{ord(subject):032x}"


def created(subject: str) -> str:
    """The span in which the subject's event was created."""
    return f"00-{trace_of(subject)}-{ord(subject):016x}-01"


def publishes(received: Received, work: Work) -> None:
    """One event because of each."""
    subject = received.envelope.subject
    publish(work.transaction, ThingHappened(number=1), subject=subject, publisher="house")


async def spans_of(
    database: Database, settings: ServiceSettings, *, bus: str, traced: tuple[str, ...]
) -> list[dict[str, Any]]:
    """What is told of one list; only ``traced`` say where they were created."""
    people, telemetry = House(publishes), Telemetry(settings)
    Outbox(spec_for=spec_for, telemetry=telemetry).install(database)
    reading = replace(people.subscriptions(together=True), bus=bus)
    settler = InboxSettler(
        context_of(
            people,
            database,
            settings,
            clock=FrozenClock(AT),
            telemetry=telemetry,
            subscriptions=reading,
        )
    )
    events = [
        envelope_of(each, 1, traceparent=created(each) if each in traced else None)
        for each in SUBJECTS
    ]
    records = [read_back(sent(each), at) for at, each in enumerate(events)]
    await settler.settle_together([settler.prepare(each) for each in records])
    assert people.batches == [len(SUBJECTS)]
    telemetry.close()
    path = settings.state_dir / "spans" / f"{settings.node}.{settings.service}.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def apart(lines: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The one span of the list, and those of what it published, in order."""
    (process,) = [line for line in lines if line["name"].startswith("process")]
    creates = [line for line in lines if line["name"].startswith("create ")]
    assert len(creates) == len(SUBJECTS)
    return process, creates


async def test_what_a_list_publishes_stays_in_the_trace_of_each_event(
    database: Database, house_settings: ServiceSettings
) -> None:
    lines = await spans_of(database, house_settings, bus="local", traced=("a", "b"))
    process, creates = apart(lines)
    assert process["attributes"]["messaging.batch.message_count"] == len(SUBJECTS)
    assert [link["trace_id"] for link in process["links"]] == [trace_of("a"), trace_of("b")]
    assert [(each["trace_id"], each["parent_id"]) for each in creates] == [
        (trace_of("a"), f"{ord('a'):016x}"),
        (trace_of("b"), f"{ord('b'):016x}"),
        (process["trace_id"], process["span_id"]),
    ]


async def test_a_list_from_the_hub_joins_no_trace_of_others(
    database: Database, house_settings: ServiceSettings
) -> None:
    lines = await spans_of(database, house_settings, bus="hub", traced=SUBJECTS)
    process, creates = apart(lines)
    assert len(process["links"]) == len(SUBJECTS)
    assert process["trace_id"] not in map(trace_of, SUBJECTS)
    assert {each["trace_id"] for each in creates} == {process["trace_id"]}
    assert {each["parent_id"] for each in creates} == {process["span_id"]}
