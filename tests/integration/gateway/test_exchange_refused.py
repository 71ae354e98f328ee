"""What a gateway does not take from another one, and what becomes of it."""

import pytest

from services.chassis.clock import new_id
from services.gateway.domain.exchange import Arrival
from services.gateway.handlers.exchange.receiving import Outcome
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import (
    RECEIVER,
    SENDER,
    Both,
    a_cancellation,
    a_policy_row,
    one_sent,
    settle_both,
)

__all__ = ["pair"]


@pytest.mark.parametrize(
    ("permitted", "outcome"), [("hand-over", Outcome.PARKED), ("referral", Arrival.NEXT)]
)
async def test_what_the_registry_does_not_let_the_sender_send_is_put_aside(
    pair: Both, permitted: str, outcome: object
) -> None:
    sender, receiver = pair
    newer = a_policy_row(2)
    for each in newer.document["pairs"]:
        each["purposes"] = [permitted] if each["sender"] == SENDER else []
    await receiver.take_policy(newer)
    await one_sent(sender)
    assert await receiver.read(SENDER) == [outcome]
    parked = await receiver.rows("SELECT error FROM exchange_parked")
    (book,) = await receiver.rows("SELECT alarm, upto FROM exchange_pair_in")
    if outcome is Outcome.PARKED:
        assert parked == [{"error": "NotForUs"}]
        assert book == {"alarm": "parked", "upto": 1}
        assert await receiver.facts("task-offered") == []
    else:
        assert (parked, book) == ([], {"alarm": None, "upto": 1})


async def test_a_cancellation_comes_in_whatever_the_registry_permits_now(pair: Both) -> None:
    sender, receiver = pair
    case_id, _ = await one_sent(sender)
    await settle_both(sender, receiver)
    newer = a_policy_row(2)
    for each in newer.document["pairs"]:
        each["purposes"] = []
    await receiver.take_policy(newer)
    await sender.outgoing(a_cancellation(new_id()), RECEIVER, case_id)
    await sender.write(RECEIVER)
    await receiver.read(SENDER)
    assert len(await receiver.facts("offer-withdrawn")) == 1
