"""Needs for which nobody was found because a consent was not here yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import any_, bindparam, exists, select

from services.chassis.database import Statement, Transaction
from services.chassis.statement import TEXTS
from services.referral.domain.requests import Escalated, Need, NotFound
from services.referral.store.requests import need_of
from services.referral.store.tables import CONSIDERATION, NEED

_LACKING: Final = Statement(
    select(NEED)
    .where(
        NEED.c.case_id == bindparam("case_id"),
        NEED.c.state == any_(bindparam("states", type_=TEXTS)),
        exists().where(
            CONSIDERATION.c.request_id == NEED.c.request_id,
            CONSIDERATION.c.need_id == NEED.c.need_id,
            CONSIDERATION.c.round == NEED.c.round,
            CONSIDERATION.c.verdicts == bindparam("only", type_=TEXTS),
            CONSIDERATION.c.agency == any_(bindparam("agencies", type_=TEXTS)),
            CONSIDERATION.c.considered_at >= bindparam("since"),
        ),
    )
    .order_by(NEED.c.request_id, NEED.c.need_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What these agencies lacked, and nothing else, in a search since then."""

    verdict: str
    agencies: tuple[str, ...]
    since: datetime


async def read_needs_lacking(tx: Transaction, case_id: UUID, lacking: Lacking) -> tuple[Need, ...]:
    """Needs of a case that found nobody, where one of these agencies lacked only this."""
    rows = await tx.fetch(
        _LACKING,
        case_id=case_id,
        states=[NotFound.code, Escalated.code],
        only=[lacking.verdict],
        agencies=list(lacking.agencies),
        since=lacking.since,
    )
    return tuple(need_of(row) for row in rows)
