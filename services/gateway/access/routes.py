"""Who may call which route. What is not listed is forbidden, and fails the start.

Health and metrics are the chassis's and open; nothing here may be open.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

AGENCY_SYSTEM: Final = "agency-system"
CASE_OFFICER: Final = "case-officer"
SUPERVISOR: Final = "supervisor"
PRIVACY_OFFICER: Final = "data-protection-officer"

_REGISTER_READERS: Final = frozenset({CASE_OFFICER, SUPERVISOR, PRIVACY_OFFICER})

ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("POST", "/v1/intake"): frozenset({AGENCY_SYSTEM}),
        ("GET", "/v1/answers"): frozenset({AGENCY_SYSTEM}),
        ("GET", "/v1/incoming"): frozenset({AGENCY_SYSTEM}),
        ("PUT", "/v1/persons/{case_id}"): frozenset({AGENCY_SYSTEM, CASE_OFFICER}),
        ("GET", "/v1/persons/{case_id}"): frozenset({CASE_OFFICER}),
        ("GET", "/v1/cases/{case_id}/consents"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/restrictions"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/disclosures"): _REGISTER_READERS,
    }
)
