"""What a restored or reset database does before it may publish again: it raises its epoch.

Numbers that were given before the backup must not be given twice. The new epoch comes from the
machine's time, so that two restores of the same backup differ. The positions of feeds jump ahead
for the same reason: who had read further than the backup would never see what comes now.
Consumers' offsets are not set here: the consumer does that before it handles anything.
"""

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from services.chassis.audit import record
from services.chassis.clock import Clock
from services.chassis.database import Statement, Transaction
from services.chassis.errors import Misuse

EPOCHS_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
POSITIONS_EACH_SECOND: Final = 1_000
"""More than a feed gives, so that the positions of two restores of one backup differ too."""

_RAISE: Final = Statement(
    sa.text(
        """
        UPDATE instance SET epoch = greatest(epoch + 1, CAST(:at_least AS integer))
        RETURNING epoch
        """
    )
)
_PUSH: Final = Statement(
    sa.text("UPDATE feed_position SET last = greatest(last, CAST(:ahead AS bigint)) + 1000000")
)


async def raise_epoch(tx: Transaction, *, clock: Clock, actor: str, reason: str) -> int:
    """Raise the epoch of this database and say so in the audit; the service must be stopped."""
    seconds = int((clock.wall() - EPOCHS_SINCE).total_seconds())
    row = await tx.fetch_one(_RAISE, at_least=max(2, seconds))
    if row is None:
        raise Misuse("this schema has no instance: nrm migrate")
    await tx.execute(_PUSH, ahead=row["epoch"] * POSITIONS_EACH_SECOND)
    record(tx, actor=actor, action="epoch-raised", subject="instance", reason=reason)
    return int(row["epoch"])
