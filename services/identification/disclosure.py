"""The only place where what this service knows becomes an event, field by field.

A reader of this file knows everything that identification can tell anybody. Addressed events
(``offer_of``, ``receipt_of``) leave the node if the gateway's check lets them; they carry codes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from contracts.envelope import Contract
from contracts.identification import (
    CaseChanged,
    CaseEnded,
    CaseFrozen,
    CaseOpened,
    CaseVoided,
    DecisionOverdue,
    HandOverConfirmed,
    HandOverFailed,
    HandOverOffered,
    HandOverReceived,
    HandOverStarted,
    PersonHelpedWithoutIdentification,
    PersonIdentified,
    PersonNotIdentified,
    PersonNotPresumed,
    PersonPresumed,
    PersonScreened,
    ReflectionEnded,
    ReflectionStarted,
)
from contracts.intake import IntakeAccepted, IntakeRefused, Reason
from services.identification.domain import Case, CaseCodes, Objection, facts, open_to_dos


def _opened(fact: facts.CaseWasOpened) -> Contract:
    return CaseOpened(
        origin=fact.origin,
        counted_by=fact.counted_by,
        occurred_at=fact.occurred_at,
        **_told_inside(fact.codes),
    )


def _changed(fact: facts.CodesWereChanged) -> Contract:
    return CaseChanged(**_told_inside(fact.codes))


def _told_inside(codes: CaseCodes) -> dict[str, Any]:
    """The codes that the node's other services may know."""
    return {
        "case_type": codes.case_type,
        "majority": codes.majority,
        "immediate_danger": codes.immediate_danger,
        "oblast": codes.oblast,
        "citizenship": codes.citizenship,
        "country_of_exploitation": codes.country_of_exploitation,
        "exploitation": codes.exploitation,
        "industry": codes.industry,
        "audience_class": codes.audience_class,
        "language": codes.language,
        "to_dos": open_to_dos(codes),
    }


def _screened(fact: facts.ScreeningWasRecorded) -> Contract:
    return PersonScreened(result=fact.result, occurred_at=fact.occurred_at)


def _presumed(fact: facts.GroundsWereFound) -> Contract:
    return PersonPresumed(decided_at=fact.decided_at)


def _not_presumed(fact: facts.GroundsWereNotFound) -> Contract:
    return PersonNotPresumed(decided_at=fact.decided_at, reasons=fact.reasons)


def _reflection_started(fact: facts.ReflectionBegan) -> Contract:
    return ReflectionStarted(starts_at=fact.starts_at, ends_at=fact.ends_at)


def _reflection_ended(fact: facts.ReflectionWasOver) -> Contract:
    return ReflectionEnded(ended_at=fact.ended_at)


def _identified(fact: facts.PersonWasIdentified) -> Contract:
    return PersonIdentified(decided_at=fact.decided_at, counted_by=fact.counted_by)


def _not_identified(fact: facts.PersonWasNotIdentified) -> Contract:
    return PersonNotIdentified(decided_at=fact.decided_at, reasons=fact.reasons)


def _overdue(fact: facts.DecisionFellOverdue) -> Contract:
    return DecisionOverdue(decision=fact.decision, due_at=fact.due_at)


def _helped(fact: facts.HelpedWithout) -> Contract:
    return PersonHelpedWithoutIdentification(reason=fact.reason)


def _closed(fact: facts.CaseWasClosed) -> Contract:
    return CaseEnded(reason=fact.reason, closed_at=fact.closed_at)


def _voided(fact: facts.CaseWasVoided) -> Contract:
    return CaseVoided(reason=fact.reason)


BUILDERS: Final[Mapping[type, Callable[[Any], Contract]]] = MappingProxyType(
    {
        facts.CaseWasOpened: _opened,
        facts.CodesWereChanged: _changed,
        facts.ScreeningWasRecorded: _screened,
        facts.GroundsWereFound: _presumed,
        facts.GroundsWereNotFound: _not_presumed,
        facts.ReflectionBegan: _reflection_started,
        facts.ReflectionWasOver: _reflection_ended,
        facts.PersonWasIdentified: _identified,
        facts.PersonWasNotIdentified: _not_identified,
        facts.DecisionFellOverdue: _overdue,
        facts.HelpedWithout: _helped,
        facts.CaseWasClosed: _closed,
        facts.CaseWasVoided: _voided,
    }
)
"""One builder per fact; a test says that none is missing."""


def event_of(fact: facts.Fact) -> Contract:
    """The event that tells this fact inside the node."""
    return BUILDERS[type(fact)](fact)


def offer_of(case: Case, offer_id: UUID) -> HandOverOffered:
    """To the agency that identifies: codes of the case, and no reference of ours."""
    return HandOverOffered(
        offer_id=offer_id,
        counted_by=case.counted_by,
        case_type=case.codes.case_type,
        majority=case.codes.majority,
        immediate_danger=case.codes.immediate_danger,
        occurred_at=case.occurred_at,
        oblast=case.codes.oblast,
        citizenship=case.codes.citizenship,
        country_of_exploitation=case.codes.country_of_exploitation,
        exploitation=case.codes.exploitation,
        industry=case.codes.industry,
        language=case.codes.language,
        audience_class=case.codes.audience_class,
        dependants=case.codes.dependants,
    )


def receipt_of(offer_id: UUID, hand_over_reference: UUID) -> HandOverReceived:
    """Back to the agency that offered: the case is worked here."""
    return HandOverReceived(offer_id=offer_id, hand_over_reference=hand_over_reference)


def started(offer_id: UUID, recipient: str) -> HandOverStarted:
    """Inside the node: an offer stands in the outgoing queue."""
    return HandOverStarted(offer_id=offer_id, recipient=recipient)


def confirmed(offer_id: UUID, recipient: str, hand_over_reference: UUID) -> HandOverConfirmed:
    """Inside the node: the other agency has the case."""
    return HandOverConfirmed(
        offer_id=offer_id, recipient=recipient, hand_over_reference=hand_over_reference
    )


def failed(offer_id: UUID, recipient: str, reason: str) -> HandOverFailed:
    """Inside the node: the offer may not leave, or was withdrawn before its answer."""
    return HandOverFailed(offer_id=offer_id, recipient=recipient, reason=reason)


def frozen(frozen_at: datetime) -> CaseFrozen:
    """Inside the node: nothing of the case may be read any more."""
    return CaseFrozen(frozen_at=frozen_at)


def accepted(intake_id: UUID, case_id: UUID) -> IntakeAccepted:
    """To the agency's own system: done."""
    return IntakeAccepted(intake_id=intake_id, case_id=case_id)


def refused(intake_id: UUID, case_id: UUID, against: tuple[Objection, ...]) -> IntakeRefused:
    """To the agency's own system: every reason, as codes."""
    reasons = tuple(Reason(code=objection.code, field=objection.field) for objection in against)
    return IntakeRefused(intake_id=intake_id, case_id=case_id, reasons=reasons)
