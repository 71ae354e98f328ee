"""Whatever may begin sharing arrives at the other node, under a reference never seen there.

A receipt says that a record was handled, and one put aside counts as handled: what is put aside
at its first step would be told here as delivered, and nobody there would ever hear of the child.
"""

import pytest

from contracts.envelope import Contract
from contracts.identification import NoRemoval
from services.chassis.clock import new_id
from services.gateway.access.basis import BASIS, Subject
from services.gateway.domain.exchange import Arrival
from services.gateway.handlers.exchange.effects import OPENS_A_CASE
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    a_child_notification,
    a_required_hand_over,
    offer,
    settle_both,
)

__all__ = ["pair"]


def test_every_row_about_a_case_that_answers_and_ends_nothing_opens_one() -> None:
    openings = {
        event_type
        for event_type, row in BASIS.items()
        if row.subject is Subject.CASE and not row.answers and not row.control
    }
    assert openings == OPENS_A_CASE


@pytest.mark.parametrize(
    ("body", "happened"),
    [
        (a_child_notification(), "child-notified"),
        (a_required_hand_over(), "hand-over-required"),
        (NoRemoval(notification_id=new_id()), "no-removal"),
    ],
)
async def test_what_a_law_asks_for_arrives_under_a_reference_never_seen(
    pair: Both, body: Contract, happened: str
) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER, purpose="no-removal")
    await sender.outgoing(body, RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert await receiver.read(SENDER) == [Arrival.NEXT]
    (arrived,) = await receiver.facts(happened)
    assert arrived["key"] != str(case_id)


async def test_stopping_all_sharing_ends_nothing_that_a_law_asks_for(pair: Both) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(a_child_notification(), RECEIVER, case_id)
    assert await sender.withdraw(case_id) == ()
    await settle_both(sender, receiver)
    assert len(await receiver.facts("child-notified")) == 1
    assert await sender.withdraw(case_id) == ()
    await settle_both(sender, receiver)
    assert await receiver.facts("sharing-stopped") == []


async def test_an_offer_beside_it_is_taken_back_and_what_the_law_asks_for_still_goes(
    pair: Both,
) -> None:
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await offer(sender, case_id)
    await settle_both(sender, receiver)
    await sender.outgoing(a_child_notification(), RECEIVER, case_id)
    assert await sender.withdraw(case_id) == (RECEIVER,)
    await settle_both(sender, receiver)
    assert len(await receiver.facts("sharing-stopped")) == 1
    assert len(await receiver.facts("child-notified")) == 1
