"""What was told to whom by law or with consent, what was told to us, and who is to be counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID
from services.identification.domain import Notice
from services.identification.store.hand_overs import INCOMING, OUTGOING
from services.identification.store.tables import ANONYMOUS_COUNT, CASE_FREEZE, NOTICE

SHOWN_LIMIT: Final = 200
COUNTED_AT_ONCE: Final = 200
"""So many persons at most are looked at for one batch; the others are for the next, at once."""

_ADD: Final = Statement(
    insert(NOTICE)
    .values({column.name: bindparam(column.name) for column in NOTICE.c})
    .on_conflict_do_nothing(index_elements=[NOTICE.c.notification_id])
)
_OF_CASE: Final = Statement(
    select(NOTICE)
    .where(NOTICE.c.case_id == bindparam("case_id"))
    .order_by(NOTICE.c.changed_at, NOTICE.c.notification_id)
    .with_for_update()
)
_READ: Final = Statement(
    select(NOTICE)
    .where(NOTICE.c.case_id == bindparam("case_id"))
    .order_by(NOTICE.c.changed_at, NOTICE.c.notification_id)
    .limit(SHOWN_LIMIT)
)
_LAST: Final = NOTICE.alias("last")
_AFTER: Final = bindparam("after", type_=ID)
_SHOWN_TO: Final = (
    select(_LAST.c.changed_at).where(_LAST.c.notification_id == _AFTER).scalar_subquery()
)
"""When the last one that was shown changed; of one that is not there the list begins anew."""
_RECEIVED: Final = Statement(
    select(NOTICE)
    .where(
        NOTICE.c.direction == INCOMING,
        NOTICE.c.kind == bindparam("kind"),
        or_(
            bindparam("state", type_=Text()).is_(None),
            NOTICE.c.state == bindparam("state", type_=Text()),
        ),
        or_(
            _SHOWN_TO.is_(None),
            NOTICE.c.changed_at < _SHOWN_TO,
            and_(NOTICE.c.changed_at == _SHOWN_TO, NOTICE.c.notification_id > _AFTER),
        ),
        ~exists().where(CASE_FREEZE.c.case_id == NOTICE.c.case_id),
    )
    .order_by(NOTICE.c.changed_at.desc(), NOTICE.c.notification_id)
    .limit(bindparam("page"))
)
_SETTLE: Final = Statement(
    update(NOTICE)
    .where(NOTICE.c.notification_id == bindparam("the_notice"))
    .values(
        state=bindparam("state"),
        changed_at=bindparam("changed_at"),
        outgoing_id=bindparam("outgoing_id"),
    )
)
_COUNT: Final = Statement(
    insert(ANONYMOUS_COUNT)
    .values({column.name: bindparam(column.name) for column in ANONYMOUS_COUNT.c})
    .on_conflict_do_nothing()
)
_TAKE: Final = Statement(
    delete(ANONYMOUS_COUNT)
    .where(
        ANONYMOUS_COUNT.c.case_id.in_(
            select(ANONYMOUS_COUNT.c.case_id)
            .where(ANONYMOUS_COUNT.c.due_at <= bindparam("due_at"))
            .order_by(ANONYMOUS_COUNT.c.case_id)
            .limit(COUNTED_AT_ONCE)
        )
    )
    .returning(ANONYMOUS_COUNT.c.case_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """One notice as it is kept."""

    notification_id: UUID
    case_id: UUID
    kind: str
    direction: str
    agency: str
    agency_type: str
    outgoing_id: UUID | None
    state: str
    changed_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fact(self) -> Notice:
        """As the domain sees it."""
        return Notice(
            kind=self.kind, agency=self.agency, agency_type=self.agency_type, state=self.state
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesAsked:
    """Which notices that came here somebody wants to see: a page of one kind."""

    kind: str
    state: str | None = None
    """Those in this state alone: what holds still is no row among what is over."""
    after: UUID | None = None
    """The last one that was shown."""
    limit: int = SHOWN_LIMIT


_COLUMNS: Final = tuple(column.name for column in NOTICE.c)


async def add_notice(tx: Transaction, row: NoticeRow) -> bool:
    """Remember a notice that was sent or came; False when it is known."""
    return await tx.execute(_ADD, **{name: getattr(row, name) for name in _COLUMNS}) > 0


async def notices_of(tx: Transaction, case_id: UUID) -> tuple[NoticeRow, ...]:
    """Every notice of the case, oldest first, locked."""
    return tuple(_row(found) for found in await tx.fetch(_OF_CASE, case_id=case_id))


async def read_notices(tx: Transaction, case_id: UUID) -> tuple[NoticeRow, ...]:
    """The notices of the case, oldest first, not locked."""
    return tuple(_row(found) for found in await tx.fetch(_READ, case_id=case_id))


async def sent_notices(tx: Transaction, case_id: UUID) -> tuple[NoticeRow, ...]:
    """Those that this node sent."""
    return tuple(row for row in await notices_of(tx, case_id) if row.direction == OUTGOING)


async def received_notices(tx: Transaction, asked: NoticesAsked) -> tuple[NoticeRow, ...]:
    """A page of those that came here, newest first."""
    page = min(asked.limit, SHOWN_LIMIT)
    rows = await tx.fetch(
        _RECEIVED, kind=asked.kind, state=asked.state, after=asked.after, page=page
    )
    return tuple(_row(found) for found in rows)


async def settle_notice(
    tx: Transaction, row: NoticeRow, state: str, at: datetime, outgoing_id: UUID | None = None
) -> NoticeRow:
    """Remember what became of a notice."""
    settled = replace(row, state=state, changed_at=at, outgoing_id=outgoing_id or row.outgoing_id)
    await tx.execute(
        _SETTLE,
        the_notice=row.notification_id,
        state=state,
        changed_at=at,
        outgoing_id=settled.outgoing_id,
    )
    return settled


async def count_later(tx: Transaction, case_id: UUID, due_at: datetime) -> None:
    """One person more for the batch of that day, if it may still be told then."""
    await tx.execute(_COUNT, case_id=case_id, due_at=due_at)


async def take_counted(tx: Transaction, due_at: datetime) -> tuple[UUID, ...]:
    """Take whoever is for a batch by then; afterwards nothing says who was in it."""
    return tuple(sorted(row["case_id"] for row in await tx.fetch(_TAKE, due_at=due_at)))


def _row(found: Record) -> NoticeRow:
    return NoticeRow(**{name: found[name] for name in _COLUMNS})
