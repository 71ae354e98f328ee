"""What stands in registers on the bench of the pages: participants, a person, a draft."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN
from services.referral.api import DraftNeedShown, DraftShown

RESTRICTION: Mapping[str, Any] = {
    "restriction_id": "00000000-0000-4000-8000-000000000018",
    "case_id": "00000000-0000-4000-8000-00000000000c",
    "agency": None,
    "agency_type": "interior-affairs",
    "oblast": None,
    "recorded_for": "person",
    "valid_until": None,
    "set_at": "2026-03-02T10:00:00+00:00",
}
"""Every column of the gateway's table."""
CONSENT: Mapping[str, Any] = {
    "consent_id": "00000000-0000-4000-8000-000000000010",
    "case_id": "00000000-0000-4000-8000-00000000000c",
    "purposes": ["referral"],
    "categories": ["needs"],
    "recipients": ["ngo-brest"],
    "class_agency_type": None,
    "class_oblasts": [],
    "class_except": [],
    "expires_at": "2027-03-02T10:00:00+00:00",
    "text_version": "2026.1",
    "language": "ru",
    "interpreter": False,
    "given_by": "person",
    "occurred_at": None,
    "granted_at": "2026-03-02T10:00:00+00:00",
    "ended_at": None,
    "ended_kind": None,
    "expiry_told_at": None,
}
"""So are these."""
OF_A_CLASS: Mapping[str, Any] = {
    **CONSENT,
    "consent_id": "00000000-0000-4000-8000-000000000011",
    "categories": ["needs", "coded-case"],
    "recipients": [],
    "class_agency_type": "ngo",
    "class_oblasts": ["BY-BR", "BY-HO"],
    "class_except": ["ngo-brest"],
    "language": "be",
    "interpreter": True,
    "given_by": "guardian",
}
"""A guardian agreed for a child: to a kind of agency, but not to one of them."""
PARTICIPANT: Mapping[str, Any] = {
    "node": "ngo-brest",
    "name": None,
    "names": {},
    "agency_type": "ngo",
    "sector": "non-state",
    "status": "active",
    "powers": ["provide"],
    "oblasts": ["BY-BR"],
}
CODES: Mapping[str, Any] = {
    "case_type": "trafficking",
    "majority": "adult",
    "immediate_danger": False,
    "oblast": "BY-BR",
    "citizenship": "BY",
    "country_of_exploitation": NOT_YET_KNOWN,
    "exploitation": [],
    "industry": NOT_YET_KNOWN,
    "still_in_situation": "no",
    "consent_outcome": NOT_YET_KNOWN,
    "safe_channel": "in-person",
    "dependants": None,
    "language": "ru",
    "audience_class": "men",
    "guardian_status": "unknown",
}
COUNTS_FROM: Mapping[str, str] = {
    "reasonable_grounds_due_at": "recorded",
    "reflection_ends_at": "occurred",
}
"""Of the clocks of the bench's case."""
VERSION = '"3"'
"""Of whoever is in the safe."""
PERSON: Mapping[str, Any] = {
    "names": [{"full": "Pavel Invented", "script": "Latn", "kind": "usual"}],
    "documents": [{"kind": "passport", "number": "XX0000000"}],
    "phones": [{"number": "+375 00 000-09-09", "safe": True}],
    "notes": "",
}


def a_draft(case_id: UUID, request_id: UUID, drafted_at: datetime) -> dict[str, Any]:
    """A request for two things that nobody was asked for yet, as referral shows it."""
    shown = DraftShown(
        request_id=request_id,
        case_id=case_id,
        urgency="routine",
        needs=tuple(
            DraftNeedShown(need_id=UUID(int=number, version=4), service_type=service)
            for number, service in enumerate(("vocational", "psychological"), start=91)
        ),
        drafted_at=drafted_at,
        ends_at=drafted_at + timedelta(days=28),
    )
    return dict(json.loads(shown.model_dump_json()))
