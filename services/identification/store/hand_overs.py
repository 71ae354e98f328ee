"""Hand-overs in both directions: what was offered, to whom or by whom, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.identification.domain import HandOver
from services.identification.store.tables import HAND_OVER

OUTGOING: Final = "outgoing"
INCOMING: Final = "incoming"

_ADD: Final = Statement(insert(HAND_OVER), columns=[column.name for column in HAND_OVER.c])
_OF_CASE: Final = Statement(
    select(HAND_OVER)
    .where(HAND_OVER.c.case_id == bindparam("case_id"))
    .order_by(HAND_OVER.c.changed_at, HAND_OVER.c.offer_id)
)
_STANDING: Final = Statement(
    select(HAND_OVER)
    .where(
        HAND_OVER.c.case_id == bindparam("case_id"),
        HAND_OVER.c.direction == OUTGOING,
        HAND_OVER.c.state == "offered",
    )
    .with_for_update()
)
_SETTLE: Final = Statement(
    update(HAND_OVER)
    .where(HAND_OVER.c.offer_id == bindparam("the_offer"))
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        hand_over_reference=bindparam("hand_over_reference"),
        changed_at=bindparam("changed_at"),
        decision_clock=bindparam("decision_clock"),
        decision_due_at=bindparam("decision_due_at"),
        let_go_at=bindparam("let_go_at"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverRow:
    """One hand-over as it is kept."""

    offer_id: UUID
    case_id: UUID
    direction: str
    agency: str
    outgoing_id: UUID
    """The id of the event that left, or was to: an offer, or the answer to one."""
    state: str
    changed_at: datetime
    reason: str | None = None
    hand_over_reference: UUID | None = None
    decision_clock: str | None = None
    """What the agency that offered was told last of the clock of the first decision."""
    decision_due_at: datetime | None = None
    let_go_at: datetime | None = None
    """When the agency that took the case was told to let it go."""

    @property
    def fact(self) -> HandOver:
        """As the domain sees it."""
        return HandOver(
            offer_id=self.offer_id,
            recipient=self.agency,
            state=self.state,
            let_go_at=self.let_go_at,
        )

    @property
    def sender_not_told(self) -> bool:
        """Whether our answer to this offer could not leave."""
        return self.direction == INCOMING and self.reason is not None

    def settled(
        self, state: str, at: datetime, *, reason: str | None = None, reference: UUID | None = None
    ) -> "HandOverRow":
        """The same offer with what became of it."""
        return replace(
            self, state=state, changed_at=at, reason=reason, hand_over_reference=reference
        )


async def add_hand_over(tx: Transaction, row: HandOverRow) -> None:
    """Remember an offer made or taken."""
    await tx.execute(_ADD, **{name: getattr(row, name) for name in _COLUMNS})


async def hand_overs_of(tx: Transaction, case_id: UUID) -> tuple[HandOverRow, ...]:
    """Every hand-over of the case, oldest first."""
    return tuple(_row(found) for found in await tx.fetch(_OF_CASE, case_id=case_id))


async def standing_offer(tx: Transaction, case_id: UUID) -> HandOverRow | None:
    """The offer that is not answered yet, locked."""
    found = await tx.fetch_one(_STANDING, case_id=case_id)
    return None if found is None else _row(found)


async def settle_offer(tx: Transaction, row: HandOverRow) -> None:
    """Remember what became of an offer."""
    await tx.execute(
        _SETTLE,
        the_offer=row.offer_id,
        state=row.state,
        reason=row.reason,
        hand_over_reference=row.hand_over_reference,
        changed_at=row.changed_at,
        decision_clock=row.decision_clock,
        decision_due_at=row.decision_due_at,
        let_go_at=row.let_go_at,
    )


_COLUMNS: Final = tuple(column.name for column in HAND_OVER.c)


def _row(found: Record) -> HandOverRow:
    return HandOverRow(**{name: found[name] for name in _COLUMNS})
