"""What the node's services learn of a legal hold: that a record is kept, and until when.

On which ground stays in the register: no service needs it.
"""

from datetime import datetime
from uuid import UUID

from contracts.gateway import LegalHoldEnded, LegalHoldEndNear, LegalHoldSet
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
