"""Events as the gateway brings them to identification."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.gateway import (
    ConsentEnded,
    ConsentGranted,
    PermittedPair,
    PolicyCopied,
    PolicyParticipant,
    RestrictionSet,
)
from contracts.identification import HandOverOffered
from contracts.intake import DecisionRecorded, PersonDetected, ScreeningRecorded
from services.chassis.clock import new_id
from tests.support.service_bench import NOW, Bench

BORDER, INTERIOR = "border-brest", "interior-brest"
POLICY = UUID("00000000-0000-4000-8000-000000000001")


def a_participant(node: str, agency_type: str, power: str) -> PolicyParticipant:
    return PolicyParticipant(
        node=node,
        agency_type=agency_type,
        sector="state",
        status="active",
        powers=(power,),
        oblasts=("BY-BR",),
    )


def a_policy(version: int = 1, **changes: Any) -> PolicyCopied:
    given: dict[str, Any] = {
        "version": version,
        "valid_until": NOW + timedelta(days=365),
        "participants": (
            a_participant(BORDER, "border-guard", "detect-only"),
            a_participant(INTERIOR, "interior-affairs", "identify"),
        ),
        "pairs": (PermittedPair(sender=BORDER, recipient=INTERIOR, purposes=("hand-over",)),),
    }
    return PolicyCopied(**given | changes)


def a_detection(agency: str = BORDER, **changes: Any) -> PersonDetected:
    given: dict[str, Any] = {
        "detecting_agency": agency,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
    }
    return PersonDetected(**given | changes)


def a_consent(**changes: Any) -> ConsentGranted:
    given: dict[str, Any] = {
        "consent_id": new_id(),
        "purposes": ("hand-over",),
        "categories": ("coded-case",),
        "expires_at": NOW + timedelta(days=90),
        "recipients": (INTERIOR,),
    }
    return ConsentGranted(**given | changes)


def a_withdrawal(**changes: Any) -> ConsentEnded:
    return ConsentEnded(**{"kind": "stop-sharing"} | changes)


def a_restriction(**changes: Any) -> RestrictionSet:
    return RestrictionSet(**{"restriction_id": new_id()} | changes)


def an_offer(**changes: Any) -> HandOverOffered:
    given: dict[str, Any] = {
        "offer_id": new_id(),
        "counted_by": BORDER,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        "occurred_at": NOW,
    }
    return HandOverOffered(**given | changes)


def a_screening(**changes: Any) -> ScreeningRecorded:
    return ScreeningRecorded(**{"result": "indicators-found"} | changes)


def a_decision(decision: str = "reasonable-grounds", **changes: Any) -> DecisionRecorded:
    return DecisionRecorded(**{"decision": decision, "outcome": "positive"} | changes)


async def take_over(bench: Bench, case_id: UUID, **changes: Any) -> None:
    """The interior's node, with a case that the border handed over."""
    await bench.bring(a_policy(), POLICY)
    outcome = await bench.bring(
        an_offer(**changes), case_id, publisher="identification", sender=BORDER
    )
    assert outcome == "handled"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
