"""The policy of the registry as this node holds it: who takes part, who may write to whom.

Pure facts and questions about them. Where the document comes from is not known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.gateway.domain.consent import Recipient

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One signatory, as the registry lists it."""

    node: str
    agency_type: str
    sector: str
    status: str
    powers: frozenset[str]
    oblasts: frozenset[str]

    @property
    def recipient(self) -> Recipient:
        """The participant as consent and restrictions see it."""
        return Recipient(node=self.node, agency_type=self.agency_type, oblasts=self.oblasts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of the policy. ``pairs``: (sender, recipient) -> purposes it may ask for."""

    version: int
    digest: str
    valid_until: datetime
    participants: Mapping[str, Participant]
    pairs: Mapping[tuple[str, str], frozenset[str]]

    def permits(self, sender: str, recipient: str, purpose: str) -> bool:
        """Whether ``sender`` may ask ``recipient`` for ``purpose``."""
        return purpose in self.pairs.get((sender, recipient), frozenset())

    def connected(self, one: str, other: str) -> bool:
        """Whether a permitted pair joins the two, in either direction.

        Receipts, notices and answers flow against the direction of the pair.
        """
        return (one, other) in self.pairs or (other, one) in self.pairs

    def agencies_of(self, node: str) -> tuple[str, ...]:
        """Every other participant that a permitted pair joins to ``node``, sorted."""
        others = {other for pair in self.pairs if node in pair for other in pair}
        return tuple(sorted(others - {node}))
