"""A case that was entered twice: whoever was told of either learns that sharing stopped."""

import asyncio
from uuid import UUID

from contracts.intake import ConsentWithdrawn, RestrictionRecorded
from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.gateway.handlers.consent import record_restriction, withdraw_consent
from services.gateway.handlers.exchange import stop_sharing
from services.gateway.handlers.merged import keep_together
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import RECEIVER, Both, Gateway, offer, settle_both

__all__ = ["pair"]
STOP = "stop-sharing"


async def merge(sender: Gateway, duplicate: UUID, goes_on: UUID) -> None:
    async def do(tx: Transaction) -> None:
        work = sender.context.work(tx, new_id())
        await keep_together(duplicate, goes_on, work, stop_sharing)

    await sender.database.run(do)


async def withdraw(
    sender: Gateway, case_id: UUID, kind: str = STOP, *, consent_id: UUID | None = None
) -> None:
    async def do(tx: Transaction) -> None:
        work = sender.context.work(tx, new_id())
        body = ConsentWithdrawn(kind=kind, consent_id=consent_id)
        assert await withdraw_consent(body, case_id, work, stop_sharing) == ()

    await sender.database.run(do)


async def restrict(sender: Gateway, case_id: UUID) -> None:
    async def do(tx: Transaction) -> None:
        work = sender.context.work(tx, new_id())
        body = RestrictionRecorded(restriction_id=new_id(), recorded_for="person", agency=RECEIVER)
        assert await record_restriction(body, case_id, work, stop_sharing) == ()

    await sender.database.run(do)


async def told_of(pair: Both, case_id: UUID) -> None:
    """The receiver gets an offer of the case, by a consent of that case alone."""
    sender, receiver = pair
    await sender.consent_to(case_id, RECEIVER)
    await offer(sender, case_id)
    await settle_both(sender, receiver)


async def stopped(pair: Both) -> int:
    """How often the receiver was told that sharing of a case is over."""
    await settle_both(*pair)
    return len(await pair[1].facts("sharing-stopped"))


async def consents_standing(sender: Gateway, case_id: UUID) -> int:
    sql = "SELECT 1 FROM consent WHERE case_id = $1 AND ended_at IS NULL"
    return len(await sender.rows(sql, case_id))


async def test_stopping_all_sharing_reaches_who_was_told_under_the_other_id(pair: Both) -> None:
    for number in (1, 2):
        duplicate, between, goes_on = new_id(), new_id(), new_id()
        await told_of(pair, duplicate)
        await merge(pair[0], duplicate, between)
        await merge(pair[0], between, goes_on)
        assert await stopped(pair) == number - 1
        await withdraw(pair[0], goes_on if number == 1 else between)
        assert await stopped(pair) == number
        assert await consents_standing(pair[0], duplicate) == 0


async def test_who_stopped_all_sharing_before_the_merge_meant_the_duplicate_too(
    pair: Both,
) -> None:
    sender, goes_on, duplicate = pair[0], new_id(), new_id()
    await sender.consent_to(goes_on, RECEIVER)
    await told_of(pair, duplicate)
    await withdraw(sender, goes_on)
    assert await stopped(pair) == 0
    await merge(sender, duplicate, goes_on)
    assert await stopped(pair) == 1
    assert await consents_standing(sender, duplicate) == 0


async def test_agreeing_again_after_a_stop_keeps_nothing_older_alive(pair: Both) -> None:
    sender, between, again, third = pair[0], new_id(), new_id(), new_id()
    await told_of(pair, third)
    await sender.consent_to(again, RECEIVER)
    await withdraw(sender, again)
    await agree_now(sender, again)
    await merge(sender, third, between)
    assert await stopped(pair) == 0
    await merge(sender, between, again)
    assert await stopped(pair) == 1
    assert await consents_standing(sender, third) == 0
    assert await consents_standing(sender, again) == 1


async def test_one_consent_that_is_taken_back_is_no_stop_of_all_sharing(pair: Both) -> None:
    sender, duplicate, goes_on = pair[0], new_id(), new_id()
    await told_of(pair, goes_on)
    only = await sender.consent_to(duplicate, RECEIVER)
    await withdraw(sender, duplicate, consent_id=only)
    await merge(sender, duplicate, goes_on)
    assert await stopped(pair) == 0
    assert await consents_standing(sender, goes_on) == 1


async def test_a_stop_where_nothing_was_agreed_to_is_carried_to_what_was_agreed_before_it(
    pair: Both,
) -> None:
    sender, duplicate, goes_on = pair[0], new_id(), new_id()
    await told_of(pair, goes_on)
    await withdraw(sender, duplicate)
    await agree_now(sender, goes_on)
    await merge(sender, duplicate, goes_on)
    assert await consents_standing(sender, goes_on) == 1, "what was agreed to later stands"
    other = new_id()
    await told_of(pair, other)
    await sender.rows("UPDATE case_row SET created_at = now() WHERE case_id = $1", other)
    await merge(sender, other, duplicate)
    assert await consents_standing(sender, other) == 0
    assert await stopped(pair) == 1


async def agree_now(sender: Gateway, case_id: UUID) -> None:
    """A consent that is newer than whatever was said before."""
    newer = await sender.consent_to(case_id, RECEIVER)
    await sender.rows("UPDATE consent SET granted_at = now() WHERE consent_id = $1", newer)


async def test_what_is_forbidden_before_or_after_the_merge_is_forbidden_for_both(
    pair: Both,
) -> None:
    for number, before in ((1, True), (2, False)):
        duplicate, goes_on = new_id(), new_id()
        await told_of(pair, duplicate)
        steps = [restrict(pair[0], goes_on), merge(pair[0], duplicate, goes_on)]
        for step in steps if before else reversed(steps):
            assert await stopped(pair) == number - 1
            await step
        assert await stopped(pair) == number


async def test_two_that_stop_and_merge_at_once_leave_nothing_shared(pair: Both) -> None:
    duplicate, goes_on = new_id(), new_id()
    await pair[0].consent_to(goes_on, RECEIVER)
    await told_of(pair, duplicate)
    await asyncio.gather(merge(pair[0], duplicate, goes_on), withdraw(pair[0], goes_on))
    assert await stopped(pair) == 1
