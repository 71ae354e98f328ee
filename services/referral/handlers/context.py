"""What referral's handlers are given, and what each of them does alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.vocabulary import Profile
from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.errors import MalformedEvent, Misuse
from services.chassis.messaging.locking import lock_subject
from services.chassis.messaging.work import Received, Waits, Work
from services.referral import disclosure
from services.referral.access import Basis
from services.referral.domain.cases import Case, CaseStatus, Position, as_it_goes_on
from services.referral.domain.listings import Services
from services.referral.domain.refusals import Refused
from services.referral.settings import SERVICE
from services.referral.store import cases, copies, merges, outgoing


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What ``main`` binds to every handler."""

    node: str
    profile: Profile
    directory: Services
    page_limit: int = 200


def subject_of(received: Received) -> UUID:
    """The case, pool or query that the event is about."""
    return UUID(received.envelope.subject)


def sender_of(received: Received) -> str:
    """Who sent it, as the gateway verified; without one it is not an event of ours."""
    sender = received.envelope.sender
    if sender is None:
        raise MalformedEvent("sender: missing")
    return sender


def position_of(received: Received) -> Position:
    """Where the event stands in its stream."""
    return Position(received.envelope.epoch or 0, received.envelope.sequence or 0)


async def known_case(work: Work, case_id: UUID) -> Case | Waits:
    """The case, or that this node does not know it yet. A frozen one is known enough."""
    case = await cases.read_case(work.transaction, case_id)
    if case is None or not (case.known or case.frozen):
        return Waits("case", str(case_id))
    return case


async def standing_of(work: Work, case: Case) -> Case:
    """How the case stands: a duplicate stands as the case that goes on."""
    if case.status is not CaseStatus.MERGED:
        return case
    goes_on = await merges.goes_on_as(work.transaction, case.case_id)
    return as_it_goes_on(case, await cases.read_case(work.transaction, goes_on))


async def under_a_freeze(tx: Transaction, case_id: UUID) -> frozenset[UUID]:
    """Of the cases that are the same one as this, those that are frozen and those that go on in
    one that is: nothing new may happen with any of them.
    """
    frozen = await cases.read_frozen(tx, await merges.read_family(tx, case_id))
    return frozenset([each for one in frozen for each in await merges.with_duplicates(tx, one)])


async def lock_together(work: Work, case_ids: Iterable[UUID]) -> tuple[UUID, ...]:
    """Cases that are the same one, each under its subject's lock.

    Their own events take those locks one at a time; two that wait for each other are run again.
    """
    locked = tuple(sorted(case_ids))
    for each in locked:
        await lock_subject(work.transaction, SERVICE, str(each))
    return locked


async def told_under(work: Work, case_id: UUID) -> UUID:
    """The subject of a fact about the case: of a duplicate, the case that goes on."""
    return await merges.goes_on_as(work.transaction, case_id)


async def tell(work: Work, body: Any, case_id: UUID) -> None:
    """A fact of this node, under the case that goes on where this one was entered twice."""
    outgoing.publish_fact(work, body, await told_under(work, case_id))


async def basis_of(work: Work, case_id: UUID) -> Basis:
    """What the case allows and the memorandum says, now."""
    return Basis(
        own_node=work.node,
        now=work.now,
        policy=await copies.read_policy(work.transaction),
        consents=await cases.read_consents(work.transaction, case_id),
        restrictions=await cases.read_restrictions(work.transaction, case_id),
    )


def note(work: Work, subject: UUID, action: str, reason: str = "") -> None:
    """Note an act in the audit."""
    audit.record(
        work.transaction, actor=work.caller, action=action, subject=str(subject), reason=reason
    )


def answer(work: Work, case_id: UUID, action: str, refused: Refused | None = None) -> None:
    """Give the one final answer to a command, and note it."""
    if work.cause.correlation is None:
        raise Misuse("a command without the id of its intake event cannot be answered")
    intake_id = UUID(work.cause.correlation)
    if refused is None:
        outgoing.publish_answer(work, disclosure.accepted(intake_id, case_id), str(case_id))
        note(work, case_id, action)
        return
    body = disclosure.refused(intake_id, case_id, refused)
    outgoing.publish_answer(work, body, str(case_id))
    note(work, case_id, f"{action}-refused", refused.reasons[0].code)
