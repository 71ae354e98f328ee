"""What the gateway shows on the bench of the pages: participants, a restriction, a person."""

from collections.abc import Mapping
from typing import Any

RESTRICTION: Mapping[str, Any] = {"agency": None, "agency_type": "interior-affairs", "oblast": None}
PARTICIPANT: Mapping[str, Any] = {
    "node": "ngo-brest",
    "name": None,
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
