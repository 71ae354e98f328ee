"""Copies of what others agreed: consent, restrictions, the memorandum's policy.

Only facts stand here; what follows from them is said in ``access``.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyClass:
    """Any active participant of a type in some oblasts (none named: in all), except those named."""

    agency_type: str
    oblasts: frozenset[str] = frozenset()
    except_agencies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent of the person, withdrawn when ``ended_at`` is set."""

    consent_id: UUID
    purposes: frozenset[str]
    categories: frozenset[str]
    expires_at: datetime
    recipients: frozenset[str] = frozenset()
    agency_class: AgencyClass | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Never to this agency, type of agency or oblast; it never leaves the node."""

    restriction_id: UUID
    agency: str | None = None
    agency_type: str | None = None
    oblast: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One signatory of the memorandum."""

    node: str
    agency_type: str
    status: str
    powers: frozenset[str]
    oblasts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The newest registry version this node has; ``pairs`` are those that ``referral`` may use."""

    version: int = 0
    participants: tuple[Participant, ...] = ()
    pairs: frozenset[tuple[str, str]] = frozenset()

    def participant(self, node: str) -> Participant | None:
        """The signatory of that name."""
        return next((found for found in self.participants if found.node == node), None)
