"""Who may do what: the roles of each route, and what must be so before a command is looked at.

Deny by default: a route that is not here is shut. Nothing here reads or writes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.assistance.domain import Objection

CLERKS: Final = frozenset({"capacity-clerk", "provider-intake", "supervisor"})
WORKERS: Final = frozenset({"case-officer", "provider-intake", "supervisor"})
ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("GET", "/metrics/inside"): CLERKS,
        ("GET", "/v1/pools"): CLERKS,
        ("GET", "/v1/episodes"): WORKERS,
        ("GET", "/v1/episodes/{episode_id}"): WORKERS,
    }
)


def objections(*, frozen: bool) -> tuple[Objection, ...]:
    """Sharing with this node was stopped: nothing of the case may be read or changed."""
    return (Objection(code="case-frozen"),) if frozen else ()
