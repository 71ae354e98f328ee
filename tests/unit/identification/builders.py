"""Cases, policies and consents for these tests; every builder reads as a sentence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.vocabulary import load_profile
from services.identification.domain import (
    Case,
    CaseCodes,
    Change,
    Clocks,
    Consent,
    DecisionAsked,
    Detected,
    Opening,
    Participant,
    Policy,
    Refusal,
    Situation,
)
from services.identification.domain.merging import OtherCase

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
CASE_ID = UUID("11111111-1111-4111-8111-111111111111")
BORDER, INTERIOR, NGO = "border-brest", "interior-brest", "ngo-brest"
CLOCKS = Clocks(profile=load_profile("BY-draft"))
PERIOD: dict[str, Any] = {
    "presumed_at": NOW - timedelta(days=1),
    "starts_at": NOW - timedelta(days=1),
    "ends_at": NOW + timedelta(days=30),
    "conclusive_due_at": NOW + timedelta(days=44),
}
"""A period, or what protects a child in its place, that began yesterday."""


def some_codes(**changes: Any) -> CaseCodes:
    codes = CaseCodes(case_type="trafficking", majority="adult", immediate_danger=False)
    return replace(codes, **changes)


def a_case(state: Any = None, **changes: Any) -> Case:
    case = Case(
        case_id=CASE_ID,
        origin="detected",
        counted_by=BORDER,
        codes=some_codes(),
        state=state or Detected(),
        occurred_at=NOW,
        recorded_at=NOW,
    )
    return replace(case, **changes)


def a_child(**changes: Any) -> Case:
    return a_case(codes=some_codes(majority="child"), **changes)


def an_opening(**changes: Any) -> Opening:
    given = Opening(
        case_id=CASE_ID,
        origin="detected",
        counted_by=BORDER,
        codes=some_codes(majority="believed-child"),
        occurred_at=NOW - timedelta(days=1),
        now=NOW,
    )
    return replace(given, **changes)


def a_decision(**changes: Any) -> DecisionAsked:
    asked = DecisionAsked(
        decision="reasonable-grounds",
        outcome="positive",
        reasons=(),
        person_asked_early=False,
        decided_at=NOW,
        now=NOW,
    )
    return replace(asked, **changes)


def a_participant(node: str = INTERIOR, **changes: Any) -> Participant:
    participant = Participant(
        node=node,
        agency_type="interior-affairs",
        active=True,
        powers=frozenset({"identify"}),
        oblasts=frozenset({"BY-BR"}),
    )
    return replace(participant, **changes)


def the_border() -> Participant:
    return a_participant(BORDER, agency_type="border-guard", powers=frozenset({"detect-only"}))


def a_policy(*participants: Participant, version: int = 1) -> Policy:
    return Policy(
        version=version,
        participants=participants or (the_border(), a_participant()),
        hand_over_pairs=frozenset({(BORDER, INTERIOR)}),
    )


def a_consent(**changes: Any) -> Consent:
    consent = Consent(
        consent_id=UUID(int=7),
        purposes=frozenset({"hand-over"}),
        categories=frozenset({"coded-case"}),
        recipients=frozenset({INTERIOR}),
        recipient_class=None,
        expires_at=NOW + timedelta(days=30),
        recorded_at=NOW,
    )
    return replace(consent, **changes)


def a_situation(**changes: Any) -> Situation:
    situation = Situation(
        now=NOW,
        node=BORDER,
        frozen=False,
        policy=a_policy(),
        consents=(a_consent(),),
        restrictions=(),
        hand_overs=(),
    )
    return replace(situation, **changes)


def accepted(decided: Change | Refusal | None) -> Change:
    assert isinstance(decided, Change)
    return decided


def reasons(decided: Change | Refusal) -> list[str]:
    """Each objection's code, and the field it is about where it is about one."""
    assert isinstance(decided, Refusal)
    return [": ".join(filter(None, (each.code, each.field))) for each in decided.objections]


def as_named(case: Case, *, frozen: bool = False) -> OtherCase:
    """A case as another one may look at it."""
    return OtherCase(case_id=case.case_id, case=None if frozen else case)
