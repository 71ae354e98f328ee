"""What the agency asked for: each command gets one final answer, accepted or refused."""

from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from contracts.intake import (
    CaseClosed,
    CaseCorrected,
    CaseEnteredInError,
    DecisionRecorded,
    PersonDetected,
    ScreeningRecorded,
)
from services.chassis.messaging.work import Received, Waits, Work
from services.identification.domain import (
    CaseCodes,
    Change,
    DecisionAsked,
    Objection,
    Opening,
    ScreeningAsked,
    close,
    correct,
    decide,
    open_case,
    screen,
    screened_after_all,
    start_clock,
    void,
)
from services.identification.domain.case import CLOCK_TOLERANCE
from services.identification.domain.codes import CODE_NAMES
from services.identification.domain.everyday import against_link
from services.identification.domain.law import this_agency_may_detect
from services.identification.domain.merging import OtherCase
from services.identification.handlers.consent import keep_restriction
from services.identification.handlers.following import follow_up
from services.identification.handlers.linking import link_cases, open_found_cases, other_case
from services.identification.handlers.recording import (
    Context,
    allowed,
    answer,
    case_id_of,
    case_missing,
    record,
    settle,
    standing_of,
)
from services.identification.store import cases, policy


async def detect_person(context: Context, received: Received, work: Work) -> Waits | None:
    """Open a case for somebody who was met here.

    What the detection or a linked case forbids holds before it is decided whom to tell.
    """
    body: PersonDetected = received.body
    tx, case_id = work.transaction, case_id_of(received)
    frozen = await cases.frozen_at(tx, case_id) is not None
    exists = await cases.load_case(tx, case_id) is not None
    in_force = await policy.policy_in_force(tx)
    may_detect = this_agency_may_detect(in_force, work.node, context.clocks.profile)
    other = await other_case(work, body.linked_case)
    against = (
        *_against_detection(body, work, exists=exists, frozen=frozen),
        *([] if may_detect else [Objection(code="not-allowed")]),
        *_against_link(body, other, case_id),
    )
    if against:
        answer(work, case_id, "detect-person", against)
        return None
    opening = Opening(
        case_id=case_id,
        origin="detected",
        counted_by=work.node,
        codes=_codes_of(body),
        occurred_at=body.occurred_at or work.now,
        now=work.now,
    )
    change = open_case(opening, context.clocks, identifies=in_force.identifies(work.node))
    await record(work, change, new=True)
    for restriction in body.restrictions:
        await keep_restriction(work, case_id, restriction)
    if other is not None:
        await link_cases(work, case_id, other.case_id, body.link_kind)
    answer(work, case_id, "detect-person", ())
    await follow_up(context, work, change.case, received.envelope.time)
    return None


def _against_link(
    body: PersonDetected, other: OtherCase | None, case_id: UUID
) -> tuple[Objection, ...]:
    """A reference to no case of this node is a mistake; that none is given never is."""
    if body.linked_case is None:
        return ()
    return against_link(case_id, other, body.link_kind)


def _against_detection(
    body: PersonDetected, work: Work, *, exists: bool, frozen: bool
) -> tuple[Objection, ...]:
    found = []
    if exists:
        found.append(Objection(code="case-exists"))
    if frozen:
        found.append(Objection(code="case-frozen"))
    if body.detecting_agency != work.node:
        found.append(Objection(code="agency-not-this-node", field="detecting_agency"))
    if body.occurred_at is not None and body.occurred_at > work.now + CLOCK_TOLERANCE:
        found.append(Objection(code="in-the-future", field="occurred_at"))
    return tuple(found)


def _codes_of(body: PersonDetected) -> CaseCodes:
    return CaseCodes(
        **{name: getattr(body, name) for name in CODE_NAMES if name in type(body).model_fields}
    )


async def record_screening(context: Context, received: Received, work: Work) -> Waits | None:
    """Record an interview."""
    body: ScreeningRecorded = received.body
    standing = await standing_of(work, case_id_of(received))
    if standing is None:
        return await case_missing(received, work, "record-screening")
    asked = ScreeningAsked(
        result=body.result,
        occurred_at=body.occurred_at or work.now,
        now=work.now,
        exploitation=body.exploitation,
        means=body.means,
        sexual_forms=body.sexual_forms,
        recruiter_relation=body.recruiter_relation,
    )
    screened = screen(standing.case, asked)
    screened = screened_after_all(standing.case, screened, context.clocks, work.now)
    decided = allowed(standing, screened, needs_power=True)
    if await settle(work, standing.case, "record-screening", decided):
        await open_found_cases(work, standing.case, body.also_found)
    return None


async def record_decision(context: Context, received: Received, work: Work) -> Waits | None:
    """Record what the authority decided, with everything that follows from it."""
    body: DecisionRecorded = received.body
    standing = await standing_of(work, case_id_of(received))
    if standing is None:
        return await case_missing(received, work, "record-decision")
    asked = DecisionAsked(
        decision=body.decision,
        outcome=body.outcome,
        reasons=body.reasons,
        person_asked_early=body.person_asked_early,
        decided_at=body.occurred_at or work.now,
        now=work.now,
    )
    decided = allowed(standing, decide(standing.case, asked, context.clocks), needs_power=True)
    if await settle(work, standing.case, "record-decision", decided):
        await follow_up(context, work, cast(Change, decided).case, received.envelope.time)
    return None


async def correct_case(context: Context, received: Received, work: Work) -> Waits | None:
    """Replace codes; what is now known may change whether the case is handed over."""
    body: CaseCorrected = received.body
    standing = await standing_of(work, case_id_of(received))
    if standing is None:
        return await case_missing(received, work, "correct-case")
    changes = {name: getattr(body, name) for name in type(body).model_fields}
    change = correct(standing.case, changes, work.now, context.clocks)
    started = start_clock(change.case, context.clocks) if standing.identifies else None
    if started is not None:
        clocks = (*change.clocks, *started.clocks)
        change = replace(change, case=started.case, clocks=clocks)
    decided = allowed(standing, change)
    if await settle(work, standing.case, "correct-case", decided):
        await follow_up(context, work, change.case, received.envelope.time)
    return None


async def void_case(context: Context, received: Received, work: Work) -> Waits | None:
    """Mark a case that should not have been entered."""
    body: CaseEnteredInError = received.body
    standing = await standing_of(work, case_id_of(received))
    if standing is None:
        return await case_missing(received, work, "void-case")
    voided = void(standing.case, body.reason, work.now)
    if await settle(work, standing.case, "void-case", allowed(standing, voided)):
        await follow_up(context, work, voided.case, received.envelope.time)
    return None


async def close_case(context: Context, received: Received, work: Work) -> Waits | None:
    """End the work on a case."""
    body: CaseClosed = received.body
    standing = await standing_of(work, case_id_of(received))
    if standing is None:
        return await case_missing(received, work, "close-case")
    closed_at: datetime = body.occurred_at or work.now
    ended = close(standing.case, body.reason, closed_at=closed_at, now=work.now)
    decided = allowed(standing, ended)
    if await settle(work, standing.case, "close-case", decided):
        await follow_up(context, work, cast(Change, decided).case, received.envelope.time)
    return None


async def case_never_came(context: Context, received: Received, work: Work) -> Waits | None:
    """The command waited long enough: this node knows no such case."""
    answer(
        work,
        case_id_of(received),
        received.envelope.type.split(".")[-2],
        (Objection(code="unknown-case"),),
    )
    return None
