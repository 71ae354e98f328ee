"""Which role may tell the door what. An agency's own system may tell everything; people by role.

Deny by default: an event that no row names is for the agency's system alone, so that a new one is
opened to people on purpose. The pages for people show a form only to whoever has its row.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.gateway.access.routes import (
    AGENCY_SYSTEM,
    CASE_OFFICER,
    PRIVACY_OFFICER,
    SUPERVISOR,
)

DETECTOR: Final = "detector"
PROVIDER_INTAKE: Final = "provider-intake"
DUTY_OFFICER: Final = "duty-officer"
CAPACITY_CLERK: Final = "capacity-clerk"

_OFFICER: Final = frozenset({CASE_OFFICER})
_PROVIDER: Final = frozenset({PROVIDER_INTAKE})
_OF_A_HOLD: Final = frozenset({PRIVACY_OFFICER, SUPERVISOR})
"""Either half of a legal hold; whoever placed one does not confirm it."""

_OF_A_CASE: Final = (
    *("reflection-extended", "reflection-ended-early", "reconsideration-asked"),
    *("identification-declined", "identification-revoked"),
    *("child-missing", "child-authority-told"),
    *("best-interests-recorded", "childs-view-recorded", "protection-measure-taken"),
    *("guardian-notified", "majority-reached", "placement-reviewed"),
    *("contact-changed", "safe-contact-changed"),
    *("dependants-added", "representative-appointed", "person-told", "return-recorded"),
    *("questionnaire-recorded", "case-linked", "duplicate-found", "ownership-transferred"),
    "person-died",
)
_OF_HELP: Final = (
    *("person-arrived", "person-departed", "no-show-recorded", "stay-extended", "place-assigned"),
    *("service-scheduled", "service-ended-early"),
    *("plan-drafted", "plan-advanced", "follow-up-planned", "follow-up-done"),
)

PEOPLE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "person-detected": frozenset({DETECTOR, CASE_OFFICER}),
        "screening-recorded": _OFFICER,
        "decision-recorded": _OFFICER,
        "case-corrected": _OFFICER,
        "case-entered-in-error": _OFFICER,
        "case-closed": _OFFICER,
        **dict.fromkeys(_OF_A_CASE, _OFFICER),
        "consent-recorded": _OFFICER,
        "consent-withdrawn": _OFFICER,
        "restriction-recorded": _OFFICER,
        "case-unlinked": frozenset({SUPERVISOR}),
        "legal-hold-placed": _OF_A_HOLD,
        "legal-hold-confirmed": _OF_A_HOLD,
        "legal-hold-lifted": frozenset({SUPERVISOR}),
        "referral-requested": _OFFICER,
        "referral-opened": _OFFICER,
        "offer-answered": frozenset({PROVIDER_INTAKE, DUTY_OFFICER}),
        "need-cancelled": _OFFICER,
        "provider-chosen": _OFFICER,
        "provider-refused": _OFFICER,
        "help-paused": _PROVIDER,
        "help-resumed": _PROVIDER,
        "service-delivered": _PROVIDER,
        **dict.fromkeys(_OF_HELP, _PROVIDER),
        "capacity-reported": frozenset({CAPACITY_CLERK}),
        "places-closed": frozenset({CAPACITY_CLERK}),
        "contract-recorded": frozenset({SUPERVISOR}),
    }
)
"""By the word of the event's type: ``org.nrm.intake.<word>.v1``."""


def may_tell(roles: frozenset[str], event_type: str) -> bool:
    """Whether somebody with these roles may tell the door an event of this type."""
    if AGENCY_SYSTEM in roles:
        return True
    word = event_type.removeprefix("org.nrm.intake.").rpartition(".v")[0]
    return bool(roles & PEOPLE.get(word, frozenset()))
