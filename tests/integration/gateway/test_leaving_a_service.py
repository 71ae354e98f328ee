"""Leaving a service takes no consent back; what once did so is refused."""

from pathlib import Path

from services.chassis.clock import new_id
from tests.integration.gateway.test_door_http import reasons
from tests.support.databases import own_database
from tests.support.gateway_door import Door, a_consent, an_event, open_door
from tests.support.postgres import Postgres

SERVICES = ("identification", "referral", "assistance")


async def test_who_leaves_a_service_takes_no_consent_back_and_nobody_is_told_to_stop(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, services=SERVICES) as door,
    ):
        await leave(door)


async def leave(door: Door) -> None:
    """At either side, and as it was said before there were two commands."""
    case_id = str(new_id())
    await door.post(an_event("consent-recorded", a_consent(), subject=case_id))
    left = [
        ("need-cancelled", {"request_id": str(new_id()), "reason": "person-left"}),
        ("service-ended-early", {"task_id": str(new_id()), "reason": "person-left"}),
    ]
    for happened, body in left:
        answer = await door.post(an_event(happened, body, subject=case_id))
        assert answer.status_code == 202, answer.text
    as_before = {"kind": "leave-service"}
    answer = await door.post(an_event("consent-withdrawn", as_before, subject=case_id))
    assert reasons(answer.json()) == {("out-of-range", "kind")}
    assert len(await door.rows("SELECT 1 FROM consent WHERE ended_at IS NULL")) == 1
    assert len(await door.published("consent")) == 1
    assert await door.rows("SELECT 1 FROM exchange_sending") == []


async def test_a_consent_that_is_named_ends_whatever_the_word_for_it(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, services=SERVICES) as door,
    ):
        case_id, consent = str(new_id()), a_consent()
        await door.post(an_event("consent-recorded", consent, subject=case_id))
        taken_back = {"kind": "leave-service", "consent_id": consent["consent_id"]}
        answer = await door.post(an_event("consent-withdrawn", taken_back, subject=case_id))
        assert answer.json()["accepted"], answer.text
        assert await door.rows("SELECT 1 FROM consent WHERE ended_at IS NULL") == []
