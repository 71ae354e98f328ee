"""What the gateway shows on the bench of the pages: participants, a restriction, a person."""

from collections.abc import Mapping
from typing import Any

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
VERSION = '"3"'
"""Of whoever is in the safe."""
PERSON: Mapping[str, Any] = {
    "names": [{"full": "Pavel Invented", "script": "Latn", "kind": "usual"}],
    "documents": [{"kind": "passport", "number": "XX0000000"}],
    "phones": [{"number": "+375 00 000-09-09", "safe": True}],
    "notes": "",
}
