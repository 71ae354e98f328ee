"""Who may do what: the roles of each route, and what must be so before a command is looked at.

Deny by default: a route that is not here is shut. Nothing here reads or writes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.assistance.domain import Objection

CLERKS: Final = frozenset({"capacity-clerk", "provider-intake", "supervisor"})
WORKERS: Final = frozenset({"case-officer", "provider-intake", "supervisor"})
AT_THE_DOOR: Final = frozenset({"provider-intake"})
"""Who says that somebody left."""
ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("GET", "/metrics/inside"): CLERKS,
        ("GET", "/v1/pools"): CLERKS,
        ("GET", "/v1/contracts"): CLERKS,
        ("GET", "/v1/contracts/{contract_id}/statement"): frozenset({"supervisor"}),
        ("GET", "/v1/report"): frozenset({"supervisor", "statistician"}),
        ("GET", "/v1/cases/{case_id}/plans"): WORKERS,
        ("GET", "/v1/cases/{case_id}/audit"): frozenset({"data-protection-officer"}),
        ("GET", "/v1/lasting-stays"): AT_THE_DOOR,
        ("GET", "/v1/episodes"): WORKERS,
        ("GET", "/v1/episodes/{episode_id}"): WORKERS,
    }
)


def objections(*, frozen: bool, leaving: bool = False) -> tuple[Objection, ...]:
    """Sharing with this node was stopped: nothing of the case may be read or changed.

    But who is still here may leave (``leaving``): the place is needed, and the stay has an end.
    """
    return (Objection(code="case-frozen"),) if frozen and not leaving else ()
