"""Drafts: requests that nobody is asked for yet, in a table of their own, each with its clocks.

What is opened, dropped or ended is deleted here, with its clocks: nothing of a draft is kept.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, delete, insert, select

from services.chassis.clock import derived_id
from services.chassis.database import Record, Statement, Transaction
from services.chassis.deadlines import drop_deadlines, set_deadline
from services.chassis.statement import ID
from services.referral.domain.drafts import Draft
from services.referral.domain.requests import Need, Request
from services.referral.store.requests import what_is_asked
from services.referral.store.tables import DRAFT_REQUEST, columns_of

WARNING: Final = "draft-warning"
END: Final = "draft-end"
_CASES: Final = bindparam("case_ids", type_=ARRAY(ID))
_ADD: Final = Statement(insert(DRAFT_REQUEST), columns=columns_of(DRAFT_REQUEST))
_READ: Final = Statement(
    select(DRAFT_REQUEST).where(DRAFT_REQUEST.c.request_id == bindparam("request_id"))
)
_OF_CASES: Final = Statement(
    select(DRAFT_REQUEST)
    .where(DRAFT_REQUEST.c.case_id == any_(_CASES))
    .order_by(DRAFT_REQUEST.c.drafted_at, DRAFT_REQUEST.c.request_id)
    .limit(bindparam("at_most"))
)
_IDS_OF_CASE: Final = Statement(
    select(DRAFT_REQUEST.c.request_id).where(DRAFT_REQUEST.c.case_id == bindparam("case_id"))
)
_FORGET: Final = Statement(
    delete(DRAFT_REQUEST)
    .where(DRAFT_REQUEST.c.request_id == bindparam("request_id"))
    .returning(DRAFT_REQUEST.c.case_id)
)


async def add_draft(tx: Transaction, draft: Draft) -> None:
    """Remember a draft, and when to tell people of it and to end it."""
    request = draft.request
    await tx.execute(
        _ADD,
        **what_is_asked(request),
        need_ids=[need.need_id for need in request.needs],
        service_types=[need.service_type for need in request.needs],
        drafted_at=request.opened_at,
        warn_at=draft.warn_at,
        ends_at=draft.ends_at,
    )
    if draft.warn_at is not None:
        await warn_at(tx, draft, draft.warn_at)
    await _look_at(tx, draft, END, draft.ends_at)


async def warn_at(tx: Transaction, draft: Draft, due_at: datetime) -> None:
    """Tell people at this time, instead of at the one that was noted before."""
    await _look_at(tx, draft, WARNING, due_at)


async def read_draft(tx: Transaction, request_id: UUID) -> Draft | None:
    """A draft by the id of the request that it will be."""
    row = await tx.fetch_one(_READ, request_id=request_id)
    return None if row is None else _draft(row)


async def read_drafts(tx: Transaction, case_ids: Iterable[UUID], limit: int) -> list[Draft]:
    """The drafts of these cases, the oldest first."""
    rows = await tx.fetch(_OF_CASES, case_ids=list(case_ids), at_most=limit)
    return [_draft(row) for row in rows]


async def forget_draft(tx: Transaction, request_id: UUID) -> None:
    """Nothing is left of it here, nor of its clocks."""
    row = await tx.fetch_one(_FORGET, request_id=request_id)
    if row is None:
        return
    for kind in (WARNING, END):
        await drop_deadlines(tx, subject=str(row["case_id"]), id=_clock_of(request_id, kind))


async def forget_drafts(tx: Transaction, case_id: UUID) -> None:
    """Nothing is left of any draft of the case."""
    for row in await tx.fetch(_IDS_OF_CASE, case_id=case_id):
        await forget_draft(tx, row["request_id"])


async def _look_at(tx: Transaction, draft: Draft, kind: str, due_at: datetime) -> None:
    request = draft.request
    await set_deadline(
        tx,
        kind=kind,
        subject=str(request.case_id),
        due_at=due_at,
        detail={"request_id": str(request.request_id)},
        id=_clock_of(request.request_id, kind),
    )


def _clock_of(request_id: UUID, kind: str) -> UUID:
    return derived_id("referral", str(request_id), kind, 0)


def _draft(row: Record) -> Draft:
    request = Request(
        request_id=row["request_id"],
        case_id=row["case_id"],
        urgency=row["urgency"],
        audience_class=row["audience_class"],
        language=row["language"],
        preferred=tuple(row["preferred"]),
        opened_at=row["drafted_at"],
        needs=tuple(
            Need(
                request_id=row["request_id"],
                need_id=need_id,
                case_id=row["case_id"],
                service_type=service_type,
            )
            for need_id, service_type in zip(row["need_ids"], row["service_types"], strict=True)
        ),
        dependants=row["dependants"],
        separation_reason=row["separation_reason"],
        return_of=row["return_of"],
        best_interests=row["best_interests"],
        access_needs=tuple(row["access_needs"]),
    )
    return Draft(request=request, ends_at=row["ends_at"], warn_at=row["warn_at"])
