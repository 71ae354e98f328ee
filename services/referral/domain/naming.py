"""Ids of a directory: which of them can say no more than everybody knows.

Ids travel where nothing else of a record does: into what was considered for a need, into tasks,
exports and messages. A register may have put a street into one.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

NODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
"""How the registry names an agency: its node."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:\.[0-9]{1,3})?")
"""Six digits are a postcode, and in the country a postcode is a village."""


def is_node(given: object) -> TypeGuard[str]:
    """Whether a word has the form of an agency's node."""
    return isinstance(given, str) and NODE.fullmatch(given) is not None


def is_opaque(service: Mapping[str, Any]) -> bool:
    """Whether its id is a UUID, or its agency's node and its kind, with a number or without."""
    given, agency, kind = (service.get(name) for name in ("id", "organization_id", "service_type"))
    if not isinstance(given, str):
        return False
    beginning = f"{agency}.{kind}"
    is_ours = is_node(agency) and isinstance(kind, str) and given.startswith(beginning)
    rest = given[len(beginning) :]
    return _UUID.fullmatch(given) is not None or (is_ours and bool(_NUMBER.fullmatch(rest)))
