"""Who may call which route. What is not listed is forbidden, and fails the start.

Health and metrics are the chassis's and open; nothing here may be open.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

AGENCY_SYSTEM: Final = "agency-system"
CASE_OFFICER: Final = "case-officer"
SUPERVISOR: Final = "supervisor"
PROVIDER_INTAKE: Final = "provider-intake"
DUTY_OFFICER: Final = "duty-officer"
NOTIFIER: Final = "notifier"
"""The program that tells whoever is on duty that something came; it may read news, nothing else."""
PRIVACY_OFFICER: Final = "data-protection-officer"
REPORT_WRITER: Final = "report-writer"
"""The program that counts cases by band of age for the report: whoever may name a case to be
counted learns its band, so no person has this role.
"""

_TELLERS: Final = frozenset(
    {
        *(AGENCY_SYSTEM, CASE_OFFICER, "capacity-clerk", "detector"),
        *(DUTY_OFFICER, PROVIDER_INTAKE, SUPERVISOR, PRIVACY_OFFICER),
    }
)
"""Who may tell the door anything; what each of them may tell stands in ``telling``."""
_PLACERS: Final = frozenset({CASE_OFFICER, PROVIDER_INTAKE})
"""Who gives somebody a place: learns which class of age places them, not who or when born."""
_NEWS_READERS: Final = frozenset(
    {CASE_OFFICER, SUPERVISOR, PROVIDER_INTAKE, DUTY_OFFICER, PRIVACY_OFFICER}
)
_REGISTER_READERS: Final = frozenset({CASE_OFFICER, SUPERVISOR, PRIVACY_OFFICER})

ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("POST", "/v1/intake"): _TELLERS,
        ("GET", "/v1/participants"): _TELLERS,
        ("GET", "/v1/answers"): frozenset({AGENCY_SYSTEM}),
        ("GET", "/v1/incoming"): frozenset({AGENCY_SYSTEM, NOTIFIER}),
        ("GET", "/v1/news"): _NEWS_READERS,
        ("PUT", "/v1/persons/{case_id}"): frozenset({AGENCY_SYSTEM, CASE_OFFICER}),
        ("GET", "/v1/persons/{case_id}"): frozenset({CASE_OFFICER}),
        ("DELETE", "/v1/persons/{case_id}"): frozenset({PRIVACY_OFFICER}),
        ("GET", "/v1/persons/{case_id}/export"): frozenset({PRIVACY_OFFICER}),
        ("GET", "/v1/persons/{case_id}/age-bands"): frozenset({CASE_OFFICER}),
        ("GET", "/v1/persons/{case_id}/placement-class"): _PLACERS,
        ("POST", "/v1/age-counts"): frozenset({REPORT_WRITER}),
        ("GET", "/v1/kept-cases"): frozenset({PRIVACY_OFFICER, SUPERVISOR}),
        ("GET", "/v1/cases/{case_id}/consents"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/restrictions"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/disclosures"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/legal-holds"): _REGISTER_READERS,
        ("GET", "/v1/cases/{case_id}/audit"): frozenset({PRIVACY_OFFICER}),
    }
)
