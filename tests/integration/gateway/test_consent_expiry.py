"""A consent that expires before long: told once, in time, and never of one that was taken back."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from services.chassis.clock import FrozenClock, new_id
from services.chassis.database import Transaction
from services.chassis.messaging.work import Cause
from services.gateway.handlers.expiring import ConsentExpiry
from services.gateway.handlers.over import note_merged, note_over
from services.gateway.store.cases import freeze_case, lock_case
from services.gateway.store.merges import add_merged, read_family
from tests.support.gateway_door import NOW, Door, a_consent, an_event

NOTICE = timedelta(days=14)
WORD = "org.nrm.gateway.consent-expiry-near.v1"


@pytest.fixture
def door_clock() -> FrozenClock:
    """One that the test moves."""
    return FrozenClock(NOW)


def a_watch(door: Door) -> ConsentExpiry:
    return ConsentExpiry(door.context, NOTICE)


async def agreed(door: Door, days: float, case_id: UUID | None = None) -> UUID:
    """A consent of so many days; the case it is of."""
    case_id = case_id or new_id()
    body = a_consent(expires_at=(NOW + timedelta(days=days)).isoformat())
    answer = await door.post(an_event("consent-recorded", body, subject=str(case_id)))
    assert answer.json().get("accepted"), answer.json()
    return case_id


async def told(door: Door) -> list[str]:
    return [each["key"] for each in await door.published("consent") if each["type"] == WORD]


def let_pass(door: Door, days: float) -> None:
    cast(FrozenClock, door.context.clock).advance(timedelta(days=days))


@pytest.mark.parametrize(("days", "rings_after"), [(100, 86), (28, 14), (10, 5), (1, 0.5)])
async def test_people_hear_fourteen_days_before_or_halfway_and_once(
    door: Door, days: float, rings_after: float
) -> None:
    case_id, watch = await agreed(door, days), a_watch(door)
    let_pass(door, rings_after - 0.01)
    assert await watch.look() == 0
    let_pass(door, 0.01)
    assert await watch.look() == 1
    let_pass(door, days)
    assert await a_watch(door).look() == 0
    assert await told(door) == [str(case_id)]


async def test_what_expired_while_the_node_was_down_is_not_told_as_near(door: Door) -> None:
    await agreed(door, 20)
    case_id = await agreed(door, 26)
    let_pass(door, 25)
    assert await a_watch(door).look() == 1
    assert await told(door) == [str(case_id)]


async def over(door: Door, case_id: UUID) -> None:
    async def do(tx: Transaction) -> None:
        work = door.context.work(tx, cause=Cause(id=str(case_id)), caller="test")
        envelope = SimpleNamespace(subject=str(case_id))
        await note_over(door.context, cast(Any, SimpleNamespace(envelope=envelope)), work)

    await door.database.run(do)


async def test_nobody_is_told_of_a_case_that_is_over_and_a_duplicate_is_over_with_the_other(
    door: Door,
) -> None:
    closed, duplicate, later, goes_on = [await agreed(door, 20) for _ in range(4)]
    await over(door, closed)
    await merge(door, (duplicate, goes_on))
    await over(door, duplicate)
    let_pass(door, 10)
    assert await a_watch(door).look() == 3
    assert set(await told(door)) == {str(goes_on), str(later)}
    for case_id in (duplicate, later, goes_on):
        await agreed(door, 20, case_id)
    await over(door, goes_on)
    await merge(door, (later, goes_on))
    let_pass(door, 10)
    assert await a_watch(door).look() == 0


async def test_nobody_is_told_of_a_withdrawn_consent_or_a_frozen_case(door: Door) -> None:
    withdrawn, frozen = await agreed(door, 20), await agreed(door, 20)
    body = {"kind": "stop-sharing"}
    await door.post(an_event("consent-withdrawn", body, subject=str(withdrawn)))
    async with door.database.transaction() as tx:
        await freeze_case(tx, frozen, NOW)
    let_pass(door, 10)
    assert await a_watch(door).look() == 0
    assert await told(door) == []
    rows = await door.rows("SELECT expiry_told_at FROM consent")
    assert [row["expiry_told_at"] for row in rows] == [None, None], "what nobody heard is not told"


async def merge(door: Door, *pairs: tuple[UUID, UUID]) -> None:
    async with door.database.transaction() as tx:
        for duplicate, goes_on in pairs:
            await add_merged(tx, duplicate, goes_on, NOW)
            work = door.context.work(tx, cause=Cause(id="merge"), caller="test")
            await note_merged(duplicate, goes_on, work)


async def test_a_link_says_of_two_cases_that_they_are_the_same_and_not_which_goes_on(
    door: Door,
) -> None:
    linked, merged, entered_in_error, goes_on = await agreed(door, 20), new_id(), new_id(), new_id()
    async with door.database.transaction() as tx:
        await add_merged(tx, linked, entered_in_error, NOW)
        await add_merged(tx, linked, merged, NOW)
    let_pass(door, 10)
    assert await a_watch(door).look() == 1
    assert await told(door) == [str(linked)]
    await agreed(door, 40, linked)
    await merge(door, (linked, merged), (merged, goes_on))
    let_pass(door, 20)
    assert await a_watch(door).look() == 1
    assert set(await told(door)) == {str(linked), str(goes_on)}
    async with door.database.transaction() as tx:
        family = await read_family(tx, goes_on)
    assert set(family) == {linked, merged, entered_in_error, goes_on}


async def test_where_the_case_that_goes_on_is_frozen_people_hear_under_the_living_one(
    door: Door,
) -> None:
    living, frozen = await agreed(door, 20), new_id()
    await merge(door, (living, frozen))
    async with door.database.transaction() as tx:
        await lock_case(tx, frozen, NOW)
        await freeze_case(tx, frozen, NOW)
    let_pass(door, 10)
    assert await a_watch(door).look() == 1
    assert await told(door) == [str(living)]


async def test_a_merged_case_is_told_of_under_the_one_that_goes_on(door: Door) -> None:
    duplicate, between, goes_on = await agreed(door, 20), new_id(), new_id()
    await merge(door, (duplicate, between), (between, goes_on))
    let_pass(door, 10)
    assert await a_watch(door).look() == 1
    assert await told(door) == [str(goes_on)]


async def test_what_nobody_could_give_expires_before_the_own_consent_is_told_as_withdrawn(
    door: Door,
) -> None:
    case_id = str(new_id())
    own, others = a_consent(), a_consent()
    for body in (own, others):
        await door.post(an_event("consent-recorded", body, subject=case_id))
    older = "UPDATE consent SET given_by = 'other' WHERE consent_id = $1::uuid RETURNING 1"
    assert len(await door.rows(older, others["consent_id"])) == 1
    for each in (own, others):
        told = {"kind": "stop-sharing", "consent_id": each["consent_id"]}
        answer = await door.post(an_event("consent-withdrawn", told, subject=case_id))
        assert answer.json()["accepted"] is True
    facts = [(fact["type"], fact["body"]) for fact in await door.published("consent")][2:]
    assert [(kind.split(".")[-2], body["consent_id"]) for kind, body in facts] == [
        ("consent-expired", others["consent_id"]),
        ("consent-ended", own["consent_id"]),
        ("consent-ended", others["consent_id"]),
    ]
