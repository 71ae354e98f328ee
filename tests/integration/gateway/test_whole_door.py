"""The gateway as one process: intake on the bus, answers in the feed, refused records deleted."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from contracts.assistance import PlacementToReview, StayLimitNear, StayOverdue
from contracts.catalogue import type_of
from contracts.envelope import Contract, Envelope
from contracts.intake import IntakeAccepted
from contracts.referral import TaskAccepted
from contracts.vocabulary import code_lists
from services.chassis.clock import SystemClock, new_id
from services.chassis.database import Database
from services.chassis.messaging.broker import LOCAL, BrokerRecord, OutgoingRecord
from services.chassis.messaging.codec import encode
from services.chassis.messaging.memory import MemoryBroker
from services.chassis.telemetry import Telemetry
from services.gateway.main import MIGRATIONS, assemble
from tests.support.databases import own_database
from tests.support.gateway_door import (
    CANARY,
    INTAKE_TOPIC,
    NODE,
    OTHER,
    a_consent,
    a_detection,
    a_frame,
    a_record,
    an_event,
    as_,
    door_settings,
)
from tests.support.postgres import Postgres
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
WAITING_AT_THE_DOOR = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

DIRECTORY = {
    "organizations": [
        {"id": OTHER, "phones": [{"number": "+375 00 000-01-02", "description": "duty"}]}
    ],
    "services": [
        {
            "organization_id": OTHER,
            "service_type": "nursing-visit",
            "phones": [{"number": "+375 00 000-01-01", "description": "duty"}],
        }
    ],
}


@dataclass
class House:
    """A running gateway, its bus, and a client of its HTTP."""

    local: MemoryBroker
    client: httpx.AsyncClient
    database: Database

    async def send(self, record: OutgoingRecord) -> None:
        producer = self.local.producer()
        await producer.start()
        await (await producer.send(record))
        await producer.stop()

    async def fact(self, event_type: str, body: dict[str, Any], **about: Any) -> None:
        """A fact of another service on its local topic."""
        envelope = Envelope(
            id=str(new_id()),
            source=f"urn:nrm:{NODE}:{about['service']}",
            type=event_type,
            time=SystemClock().now(),
            subject=about["subject"],
            dataschema=f"urn:nrm:schema:{event_type}.0",
            sequence=about.get("sequence", 1),
            epoch=1,
        )
        headers, value = encode(envelope, orjson.dumps(body))
        topic = f"nrm.local.{NODE}.{about['topic']}.v1"
        await self.send(
            OutgoingRecord(topic=topic, key=about["subject"].encode(), value=value, headers=headers)
        )

    async def records(self, suffix: str) -> list[BrokerRecord]:
        """Everything on a local topic."""
        found: list[BrokerRecord] = []
        for partition in range(4):
            reader = self.local.reader(f"nrm.local.{NODE}.{suffix}.v1", partition)
            await reader.start()
            found += await reader.fetch(1000, 0.01)
            await reader.stop()
        return found

    async def feed(self, name: str, after: int = 0) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/v1/{name}", params={"after": after})
        assert answer.status_code == 200
        entries: list[dict[str, Any]] = answer.json()[name]
        return entries

    async def answers_to(self, *intake_ids: str | None) -> dict[str | None, dict[str, Any]]:
        """The feed's answers to these events, once all are there."""
        found: dict[str | None, dict[str, Any]] = {}

        async def all_there() -> bool:
            found.update({each["intake_id"]: each for each in await self.feed("answers")})
            return found.keys() >= set(intake_ids)

        await until(all_there)
        return found

    async def news_of(self, case_id: str, many: int) -> list[dict[str, Any]]:
        """The feed's news of a case, once there is so much of it."""
        found: list[dict[str, Any]] = []

        async def enough() -> bool:
            found[:] = [each for each in await self.feed("incoming") if each["case_id"] == case_id]
            return len(found) >= many

        await until(enough)
        return found

    async def commands_for(self, *events: dict[str, Any], many: int) -> list[BrokerRecord]:
        """The commands for the events' cases, once there are so many."""
        keys = {event["subject"].encode() for event in events}
        found: list[BrokerRecord] = []

        async def enough() -> bool:
            found[:] = [each for each in await self.records("commands") if each.key in keys]
            return len(found) >= many

        await until(enough)
        return found


@asynccontextmanager
async def running(postgres: Postgres, role: str, folder: Path) -> AsyncIterator[House]:
    """A gateway that runs until the end of the block."""
    (folder / "directory.yaml").write_bytes(orjson.dumps(DIRECTORY))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = door_settings(
        postgres, role, folder, port=port, directory_file=folder / "directory.yaml"
    )
    telemetry = Telemetry(settings)
    database = await Database.open(settings, telemetry, migrations=MIGRATIONS)
    frame = a_frame(settings, database, telemetry, SystemClock())
    local = frame.brokers[LOCAL]
    assert isinstance(local, MemoryBroker)
    runnable = assemble(frame, settings)
    stop = asyncio.Event()
    task = asyncio.create_task(runnable.run(stop))
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, headers=as_("agency-system")) as client:
        await until(lambda: runnable.readiness().ok or task.done())
        try:
            yield House(local=local, client=client, database=database)
        finally:
            stop.set()
            await task


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house_of_the_gateway(
    postgres_server: Postgres, door_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A running gateway, one for all tests here."""
    async with (
        own_database(postgres_server, door_template) as postgres,
        running(postgres, door_template, tmp_path_factory.mktemp("gateway")) as house,
    ):
        yield house


async def test_good_events_pass_and_poison_is_answered_and_deleted(
    house_of_the_gateway: House,
) -> None:
    house = house_of_the_gateway
    good = [an_event("person-detected", a_detection()) for _ in range(5)]
    poison = an_event("person-detected", a_detection(**{CANARY: CANARY}))
    nameless = OutgoingRecord(topic=INTAKE_TOPIC, key=None, value=CANARY.encode())
    for event in (*good[:2], poison, *good[2:]):
        await house.send(a_record(event))
        await house.send(a_record(event))
    await house.send(nameless)
    by_id = await house.answers_to(poison["id"], None)
    assert not by_id[poison["id"]]["accepted"]
    (reason,) = by_id[poison["id"]]["reasons"]
    assert (reason["code"], reason["field"]) == ("unknown-property", "position-5")
    assert reason["label"] == code_lists()["refusal-reason"].label("unknown-property", "en")
    in_russian = await house.client.get("/v1/answers", headers={"accept-language": "ru"})
    assert "Неизвестное поле" in in_russian.text
    assert by_id[None]["offset"] >= 0
    assert {reason["code"] for reason in by_id[None]["reasons"]} >= {"not-json", "id-missing"}

    async def no_canary() -> bool:
        return CANARY not in str(await house.records("intake"))

    await until(no_canary)
    assert CANARY not in str(await house.records("answers"))
    assert len(await house.commands_for(*good, poison, many=5)) == 5


async def test_the_same_event_by_both_doors_happens_once(house_of_the_gateway: House) -> None:
    house = house_of_the_gateway
    event = an_event("person-detected", a_detection())
    await house.send(a_record(event))
    await house.commands_for(event, many=1)
    answer = await house.client.post(
        "/v1/intake",
        content=orjson.dumps(event),
        headers={"content-type": "application/cloudevents+json"},
    )
    assert answer.status_code == 202
    consent = an_event("consent-recorded", a_consent())
    await house.send(a_record(consent))
    await house.answers_to(consent["id"])
    assert len(await house.commands_for(event, many=1)) == 1


def spaced(event: dict[str, Any]) -> OutgoingRecord:
    """The same JSON in other bytes."""
    data = dict(reversed(event["data"].items()))
    return replace(a_record(event), value=orjson.dumps(data, option=orjson.OPT_INDENT_2))


async def test_one_event_is_one_visitor_by_both_doors_in_both_forms_at_the_same_moment(
    house_of_the_gateway: House,
) -> None:
    house = house_of_the_gateway
    event = an_event("consent-recorded", a_consent())
    async with house.database.transaction() as barrier:
        await barrier.connection.execute("LOCK TABLE door_seen IN EXCLUSIVE MODE")
        asking = asyncio.create_task(
            house.client.post(
                "/v1/intake",
                content=orjson.dumps(event),
                headers={"content-type": "application/cloudevents+json"},
            )
        )
        await house.send(spaced(event))

        async def both_stand_at_the_barrier() -> bool:
            return len(await barrier.connection.fetch(WAITING_AT_THE_DOOR)) >= 2

        await until(both_stand_at_the_barrier, seconds=4)
    # 202 when Kafka came first: its answer may not be in the feed yet.
    assert (await asking).status_code in (200, 202)
    last = an_event("consent-recorded", a_consent(), subject=event["subject"])
    await house.send(a_record(last))
    told = await house.answers_to(event["id"], last["id"])
    assert told[event["id"]]["accepted"]
    answers = [each for each in await house.feed("answers") if each["intake_id"] == event["id"]]
    assert len(answers) == 1, "one effect, one answer"


async def test_waiting_gets_the_final_answer_of_another_service(
    house_of_the_gateway: House,
) -> None:
    house = house_of_the_gateway
    event = an_event("person-detected", a_detection())
    waiting = asyncio.create_task(
        house.client.post(
            "/v1/intake",
            content=orjson.dumps(event),
            headers={
                "content-type": "application/cloudevents+json",
                "prefer": "respond-async, wait=20",
            },
            timeout=30,
        )
    )
    await house.commands_for(event, many=1)
    await house.fact(
        type_of("identification", IntakeAccepted),
        {"intake_id": event["id"], "case_id": event["subject"]},
        service="identification",
        topic="answers",
        subject=event["subject"],
    )
    answer = await waiting
    assert answer.status_code == 200
    assert answer.json()["case_id"] == event["subject"]
    told = (await house.answers_to(event["id"]))[event["id"]]
    assert told["accepted"] is True
    assert told not in await house.feed("answers", after=told["position"])
    again = await house.client.post(
        "/v1/intake",
        content=orjson.dumps(event),
        headers={"content-type": "application/cloudevents+json"},
    )
    assert again.status_code == 200


async def test_waiting_in_vain_ends_in_time(house_of_the_gateway: House) -> None:
    event = an_event("person-detected", a_detection())
    answer = await house_of_the_gateway.client.post(
        "/v1/intake",
        content=orjson.dumps(event),
        headers={"content-type": "application/cloudevents+json", "prefer": "wait=1"},
    )
    assert answer.status_code == 202


async def test_an_acceptance_is_news_with_the_other_agencys_duty_phone(
    house_of_the_gateway: House,
) -> None:
    house = house_of_the_gateway
    case_id = str(new_id())
    fact = {
        "task_id": str(new_id()),
        "side": "sender",
        "service_type": "nursing-visit",
        "urgency": "routine",
        "other_agency": OTHER,
        "counted_by": NODE,
        "happened_at": "2026-11-02T09:00:00Z",
        "hand_over_reference": str(new_id()),
    }
    accepted = type_of("referral", TaskAccepted)
    for sequence, changes in enumerate(({}, {"side": "provider"}), start=1):
        await house.fact(
            accepted,
            {**fact, **changes},
            service="referral",
            topic="referral",
            subject=case_id,
            sequence=sequence,
        )
    news = await house.news_of(case_id, 2)
    assert [entry["type"] for entry in news] == [accepted, accepted]
    assert news[0]["case_id"] == case_id
    assert news[0]["duty_phone"] == "+375 00 000-01-01"
    assert news[1]["duty_phone"] == "+375 00 000-01-02"
    assert news[0]["facts"]["hand_over_reference"] == fact["hand_over_reference"]


async def test_the_end_of_a_stay_that_comes_near_is_news(house_of_the_gateway: House) -> None:
    house, case_id = house_of_the_gateway, str(new_id())
    about = {"service": "assistance", "topic": "capacity", "subject": case_id}
    at = "2026-11-02T09:00:00Z"
    stay = {"task_id": str(new_id()), "happened_at": at}
    told: tuple[tuple[type[Contract], dict[str, str]], ...] = (
        (StayLimitNear, {"limit_at": at}),
        (StayOverdue, {"ended_at": at}),
        (PlacementToReview, {"placement_class": "adult"}),
    )
    for sequence, (model, more) in enumerate(told, start=1):
        kind = type_of("assistance", model)
        await house.fact(kind, {**stay, **more}, **about, sequence=sequence)
    news = await house.news_of(case_id, 3)
    assert [entry["type"] for entry in news] == [type_of("assistance", each) for each, _ in told]
    assert news[0]["facts"]["limit_at"] == at


async def test_the_registry_is_on_the_bus_and_the_process_is_ready(
    house_of_the_gateway: House,
) -> None:
    house = house_of_the_gateway

    async def told() -> bool:
        return len(await house.records("registry")) == 1

    await until(told)
    ready = await house.client.get("/health/ready", headers=as_("operator"))
    assert ready.status_code == 200
    assert {"registry", "feeds", "web"} <= set(ready.json()["parts"])
