"""The subject's lock, for whoever is not an event: requests, deadlines, commands of an operator.

Every transaction on a subject takes it first; events take it on their way through the inbox.
"""

from typing import Final

import sqlalchemy as sa

from services.chassis.database import Statement, Transaction

_LOCK: Final = Statement(sa.text("SELECT inbox_lock(:consumer, :subject)"))


async def lock_subject(tx: Transaction, consumer: str, subject: str) -> None:
    """Wait until no other transaction of ``consumer`` works on ``subject``."""
    await tx.execute(_LOCK, consumer=consumer, subject=subject)
