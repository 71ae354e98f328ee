"""`nrm parked` names records of other agencies that no gateway could handle, and settles them."""

import json

import pytest

from cli import parked as command
from cli.found import ALL, EXCHANGE, UNSENT, Exchanged, listed
from services.chassis.errors import Conflict, NotFound
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import Order
from services.gateway.handlers.exchange import parking
from tests.integration.gateway.exchange_fixtures import pair
from tests.integration.gateway.test_exchange_refused import permitting
from tests.support.gateway_exchange import RECEIVER, SENDER, Both, Gateway, a_policy_row, one_sent

__all__ = ["pair"]
ORDER = Order(actor="operator", reason="after-the-fix")
UNIT = f"{RECEIVER}.gateway"


async def one_parked(pair: Both) -> tuple[Gateway, Exchanged, str]:
    """The receiver, with a record parked that its registry did not let in; and its case there."""
    sender, receiver = pair
    await receiver.take_policy(permitting(2, "hand-over"))
    case_id, _ = await one_sent(sender)
    await receiver.read(SENDER)
    (found,) = await listed(receiver.database, UNIT, EXCHANGE)
    assert isinstance(found, Exchanged)
    return receiver, found, str(case_id)


async def actions(receiver: Gateway) -> list[tuple[str, str, str]]:
    query = "SELECT actor, action, reason FROM audit WHERE action LIKE 'parked.%' ORDER BY id"
    return [tuple(row.values()) for row in await receiver.rows(query)]


async def test_it_is_listed_with_what_is_parked_and_tells_no_subject(pair: Both) -> None:
    receiver, found, case_id = await one_parked(pair)
    for kind in (EXCHANGE, ALL, State.PARKED):
        names = {each.handle for each in await listed(receiver.database, UNIT, kind)}
        assert names == {found.handle}
    for kind in (UNSENT, State.WAITING):
        assert await listed(receiver.database, UNIT, kind) == []
    assert await listed(receiver.database, f"{RECEIVER}.referral", ALL) == []
    told = found.told()
    assert (told["state"], told["error"], told["offset"]) == (EXCHANGE, "NotForUs", 1)
    assert told["topic"] == f"nrm.exchange.{SENDER}.{RECEIVER}.v1"
    assert case_id not in str(told)


async def test_it_is_shown_by_the_key_and_the_look_is_recorded(pair: Both) -> None:
    receiver, found, case_id = await one_parked(pair)
    async with receiver.database.transaction() as tx:
        record = await found.show(tx, receiver.context.keys, ORDER)
    assert record is not None
    assert command._attributes(record)["type"] == "org.nrm.referral.task-offered.v1"
    assert json.loads(command._whole(record)["body"])["service_type"] == "nursing-visit"
    assert case_id not in str(record)
    assert await actions(receiver) == [("operator", "parked.show", "after-the-fix")]


async def test_it_is_handled_again_or_given_up(pair: Both) -> None:
    receiver, found, _ = await one_parked(pair)
    await receiver.take_policy(a_policy_row(3))
    async with receiver.database.transaction() as tx:
        await found.redrive(tx, ORDER)
    assert [each.handle for each in await listed(receiver.database, UNIT, ALL)] == [found.handle]
    await parking.redrive(receiver.context)
    assert await listed(receiver.database, UNIT, ALL) == []
    assert len(await receiver.facts("task-offered")) == 1
    assert await actions(receiver) == [("operator", "parked.redrive", "after-the-fix")]


async def test_what_is_given_up_has_no_effect_and_is_gone(pair: Both) -> None:
    receiver, found, _ = await one_parked(pair)
    async with receiver.database.transaction() as tx:
        await found.discard(tx, ORDER)
    assert await listed(receiver.database, UNIT, ALL) == []
    assert await receiver.facts("task-offered") == []
    assert await actions(receiver) == [("operator", "parked.discard", "after-the-fix")]
    for act, refusal in ((found.discard, Conflict), (found.redrive, Conflict)):
        with pytest.raises(refusal):
            async with receiver.database.transaction() as tx:
                await act(tx, ORDER)
    with pytest.raises(NotFound):
        async with receiver.database.transaction() as tx:
            await found.show(tx, receiver.context.keys, ORDER)
