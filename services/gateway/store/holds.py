"""Legal holds of cases: written under the case's row, read by whoever may read its registers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, and_, any_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID, TIME
from services.gateway.domain.holds import LegalHold
from services.gateway.store.tables import CASE_ROW, LEGAL_HOLD, ORIGINAL_CODE, PERSON

BATCH: Final = 100
PAGE_LIMIT: Final = 200
_KEPT: Final = (
    *("hold_id", "case_id", "ground", "placed_at", "ends_at"),
    *("confirm_by", "confirmed_at", "ended_at"),
)
_SHOWN: Final = (*_KEPT[:1], *_KEPT[2:], "ended_kind")
_OF_CASES: Final = Statement(
    select(LEGAL_HOLD)
    .where(LEGAL_HOLD.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID))))
    .order_by(LEGAL_HOLD.c.placed_at, LEGAL_HOLD.c.hold_id)
)
_ONE: Final = Statement(select(LEGAL_HOLD).where(LEGAL_HOLD.c.hold_id == bindparam("hold_id")))
_ADD: Final = Statement(
    insert(LEGAL_HOLD)
    .values({name: bindparam(name) for name in _KEPT[:6]})
    .on_conflict_do_nothing(index_elements=[LEGAL_HOLD.c.hold_id])
)
_CONFIRM: Final = Statement(
    update(LEGAL_HOLD)
    .where(LEGAL_HOLD.c.hold_id == bindparam("the_hold"))
    .values(confirmed_at=bindparam("at"), told_at=None)
)
_END: Final = Statement(
    update(LEGAL_HOLD)
    .where(LEGAL_HOLD.c.hold_id == bindparam("the_hold"), LEGAL_HOLD.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_kind=bindparam("kind"))
)
_TELL: Final = Statement(
    update(LEGAL_HOLD)
    .where(LEGAL_HOLD.c.hold_id == bindparam("the_hold"), LEGAL_HOLD.c.told_at.is_(None))
    .values(told_at=bindparam("at"))
)
_SOON: Final = Statement(
    select(LEGAL_HOLD)
    .where(
        LEGAL_HOLD.c.ended_at.is_(None),
        or_(
            and_(
                LEGAL_HOLD.c.confirmed_at.is_(None),
                LEGAL_HOLD.c.confirm_by <= bindparam("now", type_=TIME),
            ),
            LEGAL_HOLD.c.ends_at <= bindparam("now", type_=TIME),
            LEGAL_HOLD.c.told_at.is_(None),
        ),
        LEGAL_HOLD.c.hold_id > bindparam("after"),
    )
    .order_by(LEGAL_HOLD.c.hold_id)
    .limit(bindparam("many"))
)
"""What may have ended, or of whose end nobody has heard yet; which of them, the domain says."""
_IN_THE_SAFE: Final = or_(
    exists(select(PERSON.c.case_id).where(PERSON.c.case_id == CASE_ROW.c.case_id)),
    exists(select(ORIGINAL_CODE.c.subject).where(ORIGINAL_CODE.c.subject == CASE_ROW.c.case_id)),
)
_UNDER_A_HOLD: Final = exists(
    select(LEGAL_HOLD.c.hold_id).where(
        LEGAL_HOLD.c.case_id == CASE_ROW.c.case_id, LEGAL_HOLD.c.ended_at.is_(None)
    )
)
_SINCE: Final = func.coalesce(CASE_ROW.c.frozen_at, CASE_ROW.c.created_at)
_LAST: Final = CASE_ROW.alias("shown_last")
_AFTER: Final = (
    select(func.coalesce(_LAST.c.frozen_at, _LAST.c.created_at))
    .where(_LAST.c.case_id == bindparam("after", type_=ID))
    .scalar_subquery()
)
_KEPT_CASES: Final = Statement(
    select(CASE_ROW.c.case_id, CASE_ROW.c.frozen_at)
    .where(
        or_(and_(CASE_ROW.c.frozen_at.is_not(None), _IN_THE_SAFE), _UNDER_A_HOLD),
        or_(
            bindparam("after", type_=ID).is_(None),
            _SINCE < _AFTER,
            and_(_SINCE == _AFTER, CASE_ROW.c.case_id < bindparam("after", type_=ID)),
        ),
    )
    .order_by(_SINCE.desc(), CASE_ROW.c.case_id.desc())
    .limit(bindparam("page"))
)
"""What is still to be destroyed, or must not be: ids and when it was stopped."""
_DESTROY: Final = Statement(delete(PERSON).where(PERSON.c.case_id == bindparam("case_id")))
_DESTROY_CODES: Final = Statement(
    delete(ORIGINAL_CODE).where(ORIGINAL_CODE.c.subject == bindparam("case_id"))
)


async def read_holds(tx: Transaction, family: Iterable[UUID]) -> tuple[LegalHold, ...]:
    """Every hold of these cases, ended ones too, oldest first."""
    return tuple(_hold(row) for row in await tx.fetch(_OF_CASES, case_ids=list(family)))


async def read_hold_rows(tx: Transaction, family: Iterable[UUID]) -> list[dict[str, Any]]:
    """The same for whoever reads the register, with how each ended or until when it stands."""
    rows = await tx.fetch(_OF_CASES, case_ids=list(family))
    return [
        {**{name: row[name] for name in _SHOWN}, "stands_until": _hold(row).stands_until}
        for row in rows
    ]


async def read_hold(tx: Transaction, hold_id: UUID) -> LegalHold | None:
    """A hold by its id, of whatever case."""
    row = await tx.fetch_one(_ONE, hold_id=hold_id)
    return None if row is None else _hold(row)


async def add_hold(tx: Transaction, hold: LegalHold) -> bool:
    """Keep a new hold; False when one under this id came in between, of whatever case."""
    return await tx.execute(_ADD, **{name: getattr(hold, name) for name in _KEPT[:6]}) > 0


async def confirm_hold(tx: Transaction, hold_id: UUID, at: datetime) -> None:
    """A second person confirmed it; of its new end nobody has heard."""
    await tx.execute(_CONFIRM, the_hold=hold_id, at=at)


async def end_hold(tx: Transaction, hold_id: UUID, kind: str, at: datetime) -> bool:
    """It stands no longer; False when that was noted before."""
    return await tx.execute(_END, the_hold=hold_id, kind=kind, at=at) > 0


async def note_told(tx: Transaction, hold_id: UUID, at: datetime) -> bool:
    """People hear of its end; False when they did before."""
    return await tx.execute(_TELL, the_hold=hold_id, at=at) > 0


async def holds_to_look_at(tx: Transaction, now: datetime, after: UUID) -> list[LegalHold]:
    """Holds that may have ended or of whose end nobody has heard, by id, a batch."""
    rows = await tx.fetch(_SOON, now=now, after=after, many=BATCH)
    return [_hold(row) for row in rows]


async def kept_cases(
    tx: Transaction, after: UUID | None, limit: int
) -> list[tuple[UUID, datetime | None]]:
    """(case, when it was stopped) of which the safe still has something, or that is under a hold;
    the newest first, behind ``after``.
    """
    rows = await tx.fetch(_KEPT_CASES, after=after, page=min(limit, PAGE_LIMIT))
    return [(row["case_id"], row["frozen_at"]) for row in rows]


async def destroy_person(tx: Transaction, case_id: UUID) -> bool:
    """Take a person out of the safe for good, and what was written instead of codes; False when
    neither was there.
    """
    codes = await tx.execute(_DESTROY_CODES, case_id=case_id)
    return codes + await tx.execute(_DESTROY, case_id=case_id) > 0


def _hold(row: Record) -> LegalHold:
    return LegalHold(**{name: row[name] for name in _KEPT})
