"""What becomes of a case and what is decided, as events inside the node."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.envelope import Contract
from contracts.identification import (
    CaseChanged,
    CaseEnded,
    CaseOpened,
    CaseVoided,
    DecisionOverdue,
    IdentificationResumed,
    PersonHelpedWithoutIdentification,
    PersonIdentified,
    PersonNotIdentified,
    PersonNotPresumed,
    PersonPresumed,
    PersonScreened,
    ReflectionEnded,
    ReflectionStarted,
)
from services.identification.domain import CaseCodes, facts


def _opened(fact: facts.CaseWasOpened) -> Contract:
    return CaseOpened(
        origin=fact.origin,
        counted_by=fact.counted_by,
        occurred_at=fact.occurred_at,
        **_told_inside(fact.codes, fact.to_dos),
    )


def _changed(fact: facts.CodesWereChanged) -> Contract:
    return CaseChanged(
        child_after_all=fact.child_after_all, **_told_inside(fact.codes, fact.to_dos)
    )


def _told_inside(codes: CaseCodes, to_dos: tuple[str, ...]) -> dict[str, Any]:
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
        "dependants": codes.dependants,
        "to_dos": to_dos,
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


def _resumed(fact: facts.IdentificationWasResumed) -> Contract:
    return IdentificationResumed(resumed_at=fact.resumed_at)


def _closed(fact: facts.CaseWasClosed) -> Contract:
    return CaseEnded(reason=fact.reason, closed_at=fact.closed_at)


def _voided(fact: facts.CaseWasVoided) -> Contract:
    return CaseVoided(reason=fact.reason)


CASES: Final[Mapping[type, Callable[[Any], Contract]]] = MappingProxyType(
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
        facts.IdentificationWasResumed: _resumed,
        facts.CaseWasClosed: _closed,
        facts.CaseWasVoided: _voided,
    }
)
