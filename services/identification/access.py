"""Who may do what: the roles of each route, and what must be so before a command is looked at.

Deny by default: a route that is not here is shut. Nothing here reads or writes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.identification.domain import Case, Objection, is_over

READERS: Final = frozenset({"case-officer", "supervisor"})
PRIVACY_OFFICERS: Final = frozenset({"data-protection-officer"})
LISTERS: Final = READERS | PRIVACY_OFFICERS
"""Who may see which cases are the node's own, as codes: the officer for data protection, too."""
ROUTES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("GET", "/v1/cases"): LISTERS,
        ("GET", "/v1/cases/{case_id}"): READERS,
        ("GET", "/v1/cases/{case_id}/letters/{kind}"): frozenset({"case-officer"}),
        ("GET", "/v1/notices"): READERS,
        ("GET", "/v1/cases/{case_id}/audit"): PRIVACY_OFFICERS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a case stands when a command comes."""

    case: Case
    frozen: bool
    identifies: bool
    """Whether this node has the power to identify, now."""


def the_case_is_not_frozen(standing: Standing) -> Objection | None:
    """Sharing with this node was stopped: nothing may be read or changed."""
    return Objection(code="case-frozen") if standing.frozen else None


def the_case_is_open(standing: Standing) -> Objection | None:
    """Nothing is added to a case that ended."""
    return Objection(code="case-closed") if is_over(standing.case.state) else None


def this_node_may_identify(standing: Standing) -> Objection | None:
    """Only an agency with the power screens and decides."""
    return None if standing.identifies else Objection(code="not-allowed")


EVERYBODY: Final[tuple[Callable[[Standing], Objection | None], ...]] = (
    the_case_is_not_frozen,
    the_case_is_open,
)
IDENTIFYING: Final = (*EVERYBODY, this_node_may_identify)


def objections(standing: Standing, *, needs_power: bool) -> tuple[Objection, ...]:
    """Everything that speaks against looking at the command at all."""
    rules = IDENTIFYING if needs_power else EVERYBODY
    found = (rule(standing) for rule in rules)
    return tuple(objection for objection in found if objection is not None)
