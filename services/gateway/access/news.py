"""Whose a piece of news is: of whoever may read what it is about from the service that told it.

Pure; deny by default: news of an owner that is not here are nobody's. Decisions, consents and what
was told by law are for those who lead cases; help is for those who give it, too.
"""

from collections.abc import Mapping
from typing import Any, Final

from services.gateway.access.routes import (
    CASE_OFFICER,
    DUTY_OFFICER,
    PRIVACY_OFFICER,
    PROVIDER_INTAKE,
    SUPERVISOR,
)
from services.gateway.domain.news import kind_of, owner_of

OFFICERS: Final = frozenset({CASE_OFFICER, SUPERVISOR})
KEEPERS: Final = OFFICERS | {PRIVACY_OFFICER}
"""Who sees to it that a record is kept, or destroyed."""
HELPERS: Final = OFFICERS | {PROVIDER_INTAKE}
PROVIDERS: Final = HELPERS | {DUTY_OFFICER}
NOBODY: Final[frozenset[str]] = frozenset()
PROVIDER: Final = "provider"
OF_A_FREEZE: Final = frozenset({"case-frozen", "destruction-due"})
OF_A_HOLD: Final = frozenset({"legal-hold-end-near", "legal-hold-ended"})
OF_A_CONTRACT: Final = frozenset({"contract-exhausted", "contract-exceeded"})
"""About money, no case: for those who give the help that it pays for, and who looks for more."""
GIVERS: Final = frozenset({SUPERVISOR, PROVIDER_INTAKE})
OUR_ANSWERS: Final = frozenset({"org.nrm.referral.task-progressed.v1"})
"""What a provider sends to whoever asked for help."""


def readers_of(entry: Mapping[str, Any], *, led_here: bool) -> frozenset[str]:
    """The roles that may read it. ``led_here``: the case is one of identification's here."""
    facts = entry["facts"]
    match owner_of(entry):
        case "identification":
            told = (OFFICERS if led_here else HELPERS) | {PRIVACY_OFFICER}
            return told if kind_of(entry) in OF_A_FREEZE else OFFICERS
        case "referral":
            return PROVIDERS if facts.get("side") == PROVIDER else OFFICERS
        case "assistance":
            return GIVERS if kind_of(entry) in OF_A_CONTRACT else HELPERS
        case "gateway":
            officers = KEEPERS if kind_of(entry) in OF_A_HOLD else OFFICERS
            return PROVIDERS if facts.get("outgoing_type") in OUR_ANSWERS else officers
        case _:
            return NOBODY
