"""What the node's services learn of a legal hold: that a record is kept, and until when; and that
one was destroyed.

On which ground stays in the register: no service needs it. Nor who destroyed what.
"""

from datetime import datetime
from uuid import UUID

from contracts.gateway import LegalHoldEnded, LegalHoldEndNear, LegalHoldSet, PersonDestroyed
from services.gateway.domain.holds import LegalHold


def legal_hold_set(hold: LegalHold) -> LegalHoldSet:
    """It stands, or stands longer."""
    return LegalHoldSet(hold_id=hold.hold_id, stands_until=hold.stands_until)


def legal_hold_end_near(hold: LegalHold) -> LegalHoldEndNear:
    """It ends before long."""
    return LegalHoldEndNear(hold_id=hold.hold_id, stands_until=hold.stands_until)


def legal_hold_ended(hold_id: UUID, kind: str, ended_at: datetime) -> LegalHoldEnded:
    """It stands no longer."""
    return LegalHoldEnded(hold_id=hold_id, kind=kind, ended_at=ended_at)


def person_destroyed(destroyed_at: datetime) -> PersonDestroyed:
    """The safe has nothing of the case any more."""
    return PersonDestroyed(destroyed_at=destroyed_at)
