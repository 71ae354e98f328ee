"""What a detection forbids, and whose other case it goes on from: from its commit on, by whom."""

from typing import Any
from uuid import UUID

from contracts.intake import PersonDetected, RestrictionRecorded
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.gateway.handlers.beginning import Detection, begin
from services.gateway.handlers.consent import join_cases, record_restriction
from services.gateway.handlers.exchange import stop_sharing
from services.gateway.store.same_person import forget_waiting
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_door import OTHER, Door, a_detection, an_event, as_
from tests.support.gateway_exchange import (
    RECEIVER,
    Both,
    Gateway,
    a_child_notification,
)

__all__ = ["pair"]


def never(**about: Any) -> dict[str, Any]:
    return {"restriction_id": str(new_id()), "recorded_for": "person", **about}


async def restrict(sender: Gateway, case_id: UUID, agency: str) -> None:
    body = RestrictionRecorded.model_validate(never(agency=agency))

    async def do(tx: Transaction) -> None:
        work = sender.context.work(tx, new_id())
        assert await record_restriction(body, case_id, work, stop_sharing) == ()

    await sender.database.run(do)


async def detect(sender: Gateway, case_id: UUID, linked: UUID, kind: str) -> None:
    body = a_detection(majority="child", linked_case=str(linked), link_kind=kind)
    told = Detection(
        body=PersonDetected.model_validate(body),
        case_id=case_id,
        may_restrict=False,
        may_link=True,
    )

    async def do(tx: Transaction) -> None:
        assert await begin(told, sender.context.work(tx, new_id()), stop_sharing) == ()

    await sender.database.run(do)


async def told_of(sender: Gateway, case_id: UUID) -> int:
    return len(await sender.rows("SELECT 1 FROM exchange_disclosure WHERE case_id = $1", case_id))


async def test_nothing_leaves_to_whom_an_earlier_case_forbids_before_anybody_told_of_the_link(
    pair: Both,
) -> None:
    """Identification sends before it heard of the restriction, and before the gateway hears that it
    took the link: what is forbidden in the earlier case, before or after, holds already.
    """
    sender, _ = pair
    for forbidden_first in (True, False):
        earlier, again, sister = new_id(), new_id(), new_id()
        steps = [restrict(sender, earlier, RECEIVER), detect(sender, again, earlier, "reopened")]
        for step in steps if forbidden_first else reversed(steps):
            await step
        await sender.outgoing(a_child_notification(), RECEIVER, again)
        await sender.write(RECEIVER)
        assert await told_of(sender, again) == 0
        refused = (await sender.facts("sending-refused"))[-1]["body"]
        assert refused["reason"] == "restricted"
        await detect(sender, sister, earlier, "family")
        await sender.outgoing(a_child_notification(), RECEIVER, sister)
        await sender.write(RECEIVER)
        assert await told_of(sender, sister) == 1, "another person of the family"


async def forbidden_to(sender: Gateway, case_id: UUID) -> set[str]:
    rows = await sender.rows("SELECT agency FROM restriction WHERE case_id = $1", case_id)
    return {row["agency"] for row in rows}


async def test_into_an_earlier_case_nothing_goes_before_identification_took_the_detection(
    pair: Both,
) -> None:
    """A detection that it refuses is no link: nothing of it is in the other case, for ever."""
    sender, _ = pair
    earlier, again = new_id(), new_id()
    await restrict(sender, again, OTHER)
    await detect(sender, again, earlier, "reopened")
    await restrict(sender, earlier, RECEIVER)
    assert await forbidden_to(sender, again) == {OTHER, RECEIVER}
    assert await forbidden_to(sender, earlier) == {RECEIVER}

    async def link(tx: Transaction) -> None:
        await join_cases(again, earlier, sender.context.work(tx, new_id()), stop_sharing)

    await sender.database.run(link)
    assert await forbidden_to(sender, earlier) == {OTHER, RECEIVER}


async def test_what_is_forbidden_goes_over_no_more_where_the_detection_was_refused(
    pair: Both,
) -> None:
    sender, _ = pair
    earlier, linked, there = new_id(), new_id(), new_id()
    for each in (earlier, linked):
        await detect(sender, there, each, "reopened")

    async def refuse(tx: Transaction) -> None:
        work = sender.context.work(tx, new_id())
        await join_cases(there, linked, work, stop_sharing)
        await forget_waiting(tx, there)

    await sender.database.run(refuse)
    await restrict(sender, earlier, RECEIVER)
    await restrict(sender, linked, OTHER)
    assert await forbidden_to(sender, there) == {OTHER}


async def test_the_command_says_what_an_earlier_case_forbids(door: Door) -> None:
    earlier, again = str(new_id()), str(new_id())
    first = never(agency=OTHER)
    await door.post(an_event("restriction-recorded", first, subject=earlier))
    own = never(oblast="BY-HO")
    about = {"linked_case": earlier, "link_kind": "retrafficked", "restrictions": [own]}
    told = await door.post(
        an_event("person-detected", a_detection(**about), subject=again), **as_("detector")
    )
    assert told.status_code == 202
    (command,) = await door.published("commands")
    said = [(each["agency"], each["oblast"]) for each in command["body"]["restrictions"]]
    assert said == [(None, "BY-HO"), (OTHER, None)]
    held = await door.rows("SELECT 1 FROM restriction WHERE case_id = $1", UUID(again))
    assert len(held) == 2


async def test_who_may_only_detect_forbids_and_links_nothing_in_a_case_that_is_there(
    door: Door,
) -> None:
    case_id, other = str(new_id()), str(new_id())

    async def told(role: str, **about: Any) -> Any:
        event = an_event("person-detected", a_detection(**about), subject=case_id)
        answer = await door.post(event, **as_(role))
        if answer.status_code == 202:
            return True
        return [(each["code"], each["field"]) for each in answer.json()["reasons"]]

    first = never(agency=OTHER)
    assert await told("detector", restrictions=[first])
    assert await told("detector", restrictions=[first]), "the same again is nothing new"
    cut_off = [first, never(oblast="BY-BR"), never(agency_type="ngo")]
    linked = {"linked_case": other, "link_kind": "reopened"}
    assert await told("detector", restrictions=cut_off, **linked) == [
        ("case-told-before", "restrictions/1"),
        ("case-told-before", "restrictions/2"),
        ("case-told-before", "linked_case"),
    ]
    held = "SELECT 1 FROM restriction WHERE case_id = $1"
    assert len(await door.rows(held, UUID(case_id))) == 1
    assert await door.rows("SELECT 1 FROM same_person") == []
    assert await told("case-officer", restrictions=cut_off, **linked)
    assert len(await door.rows(held, UUID(case_id))) == 3
    assert await told("detector", **linked), "joined already"
