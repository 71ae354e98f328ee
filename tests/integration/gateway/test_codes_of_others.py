"""An unknown code of another agency's event is taken as the fallback, and the word kept sealed."""

import pytest

from cli.unmapped import Unknown
from contracts.envelope import Contract
from services.chassis.clock import new_id
from services.gateway.domain.exchange import Arrival
from services.gateway.handlers import originals
from services.gateway.handlers.originals import Original, mapped
from tests.integration.gateway.exchange_fixtures import pair
from tests.support.gateway_exchange import RECEIVER, SENDER, Both, Gateway, a_hand_over, an_offer

__all__ = ["pair"]
WORD = "Canary-Works"
TOPIC = f"nrm.exchange.{SENDER}.{RECEIVER}.v1"


async def sent(pair: Both, body: Contract, purpose: str) -> list[Original]:
    """What the receiver keeps once this has arrived."""
    sender, receiver = pair
    case_id = new_id()
    await sender.consent_to(case_id, RECEIVER, purpose=purpose)
    await sender.outgoing(body, RECEIVER, case_id)
    await sender.write(RECEIVER)
    assert (await receiver.read(SENDER))[-1] is Arrival.NEXT
    return await kept(receiver)


async def kept(receiver: Gateway) -> list[Original]:
    async with receiver.database.transaction() as tx:
        return await originals.originals(tx, receiver.context.keys)


async def test_it_is_listed_with_its_event_and_topic_and_can_be_repaired(pair: Both) -> None:
    receiver = pair[1]
    body = a_hand_over(exploitation=("forced-labour", "ivan-petrov"), industry=WORD)
    first, second = await sent(pair, body, "hand-over")
    (arrived,) = await receiver.facts("hand-over-offered")
    assert arrived["body"]["industry"] == "not-yet-known"
    assert [first.place, second.place] == ["exploitation.1", "industry"]
    assert str(first.subject) == arrived["key"]
    assert second.code == WORD
    told = Unknown(f"{RECEIVER}.gateway", second).told()
    assert told["event"] == "org.nrm.identification.hand-over-offered.v1"
    assert (told["topic"], told["list"], told["repair"]) == (TOPIC, "industry", "correct-case")
    for table in ("outbox", "audit", "original_code"):
        assert WORD not in str(await receiver.rows(f"SELECT * FROM {table}"))  # noqa: S608 - ours


async def test_once_mapped_the_word_is_kept_no_longer(pair: Both) -> None:
    receiver = pair[1]
    (found,) = await sent(pair, a_hand_over(industry=WORD), "hand-over")
    async with receiver.database.transaction() as tx:
        assert await mapped(tx, receiver.context.keys, found, by="operator", code="F")
    assert await receiver.rows("SELECT * FROM original_code") == []


async def test_of_a_task_no_repair_is_promised(pair: Both) -> None:
    (found,) = await sent(pair, an_offer(majority="grown-up"), "referral")
    told = Unknown(f"{RECEIVER}.gateway", found).told()
    assert (told["place"], told["repair"]) == ("majority", None)


async def test_who_sends_too_many_is_taken_all_the_same(
    pair: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "EVENTS_OF_ANOTHER", 1)
    for _ in range(2):
        assert len(await sent(pair, an_offer(majority="grown-up"), "referral")) == 1
    assert len(await pair[1].facts("task-offered")) == 2
