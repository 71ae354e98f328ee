"""What is on record about a case beside its codes and its state: times, codes and ids of the node.

No words of anybody, no place and no name can be in it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

NOBODY: Final = "not-needed"
"""Of the list ``guardian-request``: a checked and safe guardian is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """What happened to a case on its way. Everything may be missing: help waits for none of it."""

    best_interests: str | None = None
    best_interests_at: datetime | None = None
    childs_view: str | None = None
    childs_view_at: datetime | None = None
    measure: str | None = None
    measure_at: datetime | None = None
    majority_review_at: datetime | None = None
    majority_reached_at: datetime | None = None
    placement_review: bool = False
    """Whether the placement of somebody who came of age is still to be looked at."""
    placement_outcome: str | None = None
    placement_reviewed_at: datetime | None = None
    guardian_notified_at: datetime | None = None
    child_notification_due_at: datetime | None = None
    authorities_told: tuple[str, ...] = ()
    """Types of child authority that were told."""
    authorities_to_tell: tuple[str, ...] = ()
    """Types that somebody has to tell by phone, because no message could."""
    guardian_asked: str | None = None
    """Whom another agency asked this one, the guardianship body, to appoint for the child."""
    representative: str | None = None
    representative_at: datetime | None = None
    contact_lost_at: datetime | None = None
    missing_at: datetime | None = None
    officer_id: str | None = None
    return_channel: str | None = None
    reflection_review_at: datetime | None = None
    to_tell: tuple[str, ...] = ()
    """What was done without asking the person, and the person has not heard of yet."""
    counted_anonymously: bool = False
    no_removal_told: bool = False
    """Whether the body that could remove the person is told, now, that it may not."""

    def to_dos(self, *, is_child: bool, protected: bool) -> tuple[str, ...]:
        """What the record asks a worker for (codes of the list ``to-do``)."""
        asked = {
            "child-authority": bool(self.authorities_to_tell),
            "appoint-guardian": self.somebody_is_asked_for,
            "best-interests": is_child and self.best_interests_at is None,
            "childs-view": is_child and self.childs_view_at is None,
            "protection-measure": protected and self.measure_at is None,
            "placement-review": self.placement_review,
            "tell-of-hand-over": "hand-over-by-law" in self.to_tell,
            "tell-of-notification": "anonymous-notification" in self.to_tell,
            "find-contact": self.contact_lost_at is not None,
            "find-child": self.missing_at is not None,
        }
        return tuple(code for code, open_ in asked.items() if open_)

    @property
    def somebody_is_asked_for(self) -> bool:
        """Nobody was appointed since this body was asked (Convention, Art. 10(4)(a))."""
        return self.guardian_asked not in (None, NOBODY) and self.representative is None
