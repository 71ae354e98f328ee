"""Consent withdrawn while it is sent: many interleavings on real locks.

Whoever was told and is not followed by a notice was told after the withdrawal's commit: the
withdrawal reads the ledger under the case's row. The planted fault shows that this finds it.
"""

import asyncio
import random
from datetime import datetime
from functools import partial
from uuid import UUID

import pytest

from services.chassis.clock import new_id
from services.chassis.database import Transaction
from services.gateway.access import basis
from services.gateway.access.basis import Yes
from services.gateway.domain.consent import Consent, Restriction
from services.gateway.handlers.exchange import checking
from services.gateway.handlers.exchange.sending import number_next
from services.gateway.store import cases, consent
from services.gateway.store.cases import CaseRow
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import RECEIVER, Gateway, an_offer

__all__ = ["pair"]
Both = tuple[Gateway, Gateway]
CASES_EACH_ROUND, ROUNDS, OFFERS = 5, 20, 2


async def write_some(gateway: Gateway, chance: random.Random, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(chance.random() * 0.004)
        await gateway.database.run(partial(number_next, gateway.context, RECEIVER))


async def withdraw_later(gateway: Gateway, case_id: UUID, chance: random.Random) -> bool:
    await asyncio.sleep(chance.random() * 0.012)
    return RECEIVER in await gateway.withdraw(case_id)


async def one_round(gateway: Gateway, chance: random.Random) -> dict[UUID, bool]:
    """Offers of several cases, written by two writers while each case is withdrawn."""
    async with gateway.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM exchange_sending")
    cases = [new_id() for _ in range(CASES_EACH_ROUND)]
    for case_id in cases:
        await gateway.consent_to(case_id, RECEIVER)
        for _ in range(OFFERS):
            await gateway.outgoing(an_offer(), RECEIVER, case_id)
    noticed, _ = await asyncio.gather(
        asyncio.gather(*(withdraw_later(gateway, case_id, chance) for case_id in cases)),
        asyncio.gather(*(write_some(gateway, chance, CASES_EACH_ROUND) for _ in range(2))),
    )
    return dict(zip(cases, noticed, strict=True))


async def broken_promises(gateway: Gateway, noticed: dict[UUID, bool]) -> int:
    """Cases that were told to somebody without a notice, or after the withdrawal."""
    told = await gateway.rows(
        "SELECT DISTINCT case_id FROM exchange_disclosure WHERE event_type LIKE '%task-offered%'"
    )
    live = await gateway.rows("SELECT case_id FROM exchange_reference WHERE state = 'live'")
    without = {row["case_id"] for row in told} & {case for case, was in noticed.items() if not was}
    return len(without | ({row["case_id"] for row in live} & set(noticed)))


async def test_no_send_is_committed_after_the_withdrawal_and_every_earlier_one_is_followed(
    pair: Both,
) -> None:
    sender, _ = pair
    chance = random.Random(20261122)  # noqa: S311 - a repeatable schedule
    before = after = 0
    for _ in range(ROUNDS):
        noticed = await one_round(sender, chance)
        assert await broken_promises(sender, noticed) == 0
        before += sum(noticed.values())
        after += sum(not was for was in noticed.values())
    assert before > 0  # both orders did occur
    assert after > 0


async def test_planted_a_check_without_the_locks_is_caught(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The withdrawal commits between the look and the commit of a writer that does not lock."""
    sender, _ = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(an_offer(), RECEIVER, case_id)
    looked, go_on = asyncio.Event(), asyncio.Event()

    async def no_lock(tx: Transaction, case: UUID, _now: datetime) -> CaseRow | None:
        return await cases.read_case(tx, case)

    async def slow_consents(tx: Transaction, case: UUID) -> tuple[Consent, ...]:
        found = await reading(tx, case)
        looked.set()
        await go_on.wait()
        return found

    reading = consent.read_consents
    with monkeypatch.context() as patch:
        patch.setattr(cases, "lock_case", no_lock)
        patch.setattr(consent, "read_consents", slow_consents)
        step = partial(number_next, sender.context, RECEIVER)
        writing = asyncio.create_task(sender.database.run(step))
        await looked.wait()
        async with sender.database.transaction() as tx:
            await tx.connection.execute("UPDATE consent SET ended_at = now(), ended_kind = 'x'")
        go_on.set()
        await writing
    assert await broken_promises(sender, {case_id: False}) == 1


async def test_with_the_locks_the_same_schedule_waits(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pause in the writer: the withdrawal cannot pass it, and comes right after."""
    sender, _ = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER)
    await sender.outgoing(an_offer(), RECEIVER, case_id)
    looked, go_on = asyncio.Event(), asyncio.Event()
    asking = basis.may_send

    async def slow_restrictions(tx: Transaction, case: UUID) -> tuple[Restriction, ...]:
        found = await reading(tx, case)
        looked.set()
        await go_on.wait()
        return found

    reading = consent.read_restrictions
    with monkeypatch.context() as patch:
        patch.setattr(consent, "read_restrictions", slow_restrictions)
        patch.setattr(checking, "may_send", lambda attempt: _yes(asking(attempt)))
        step = partial(number_next, sender.context, RECEIVER)
        writing = asyncio.create_task(sender.database.run(step))
        await looked.wait()
        withdrawing = asyncio.create_task(sender.withdraw(case_id))
        done, _ = await asyncio.wait({withdrawing}, timeout=0.3)
        assert not done
        go_on.set()
        await writing
        assert await withdrawing == (RECEIVER,)
    assert await broken_promises(sender, {case_id: True}) == 0


def _yes(answer: object) -> object:
    assert isinstance(answer, Yes)
    return answer
