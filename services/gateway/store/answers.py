"""The final answer to each intake event, kept so that whoever asked can wait for it or read it.

One row per intake event; codes and ids only. The feed that agencies poll is the chassis's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.gateway.store.tables import ANSWER

_KEEP: Final = Statement(
    insert(ANSWER)
    .values(
        {
            name: bindparam(name)
            for name in ("intake_id", "accepted", "case_id", "reasons", "answered_at")
        }
    )
    .on_conflict_do_nothing()
)
_READ: Final = Statement(select(ANSWER).where(ANSWER.c.intake_id == bindparam("intake_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Accepted, or refused with every reason."""

    intake_id: UUID
    accepted: bool
    case_id: UUID | None
    reasons: list[dict[str, Any]]


async def keep_answer(tx: Transaction, answer: Answer, now: datetime) -> None:
    """Keep the first final answer; a later one with the same id (``id-reused``) changes nothing."""
    await tx.execute(
        _KEEP,
        intake_id=answer.intake_id,
        accepted=answer.accepted,
        case_id=answer.case_id,
        reasons=answer.reasons,
        answered_at=now,
    )


async def read_answer(tx: Transaction, intake_id: UUID) -> Answer | None:
    """The final answer, once there is one."""
    row = await tx.fetch_one(_READ, intake_id=intake_id)
    if row is None:
        return None
    return Answer(
        intake_id=row["intake_id"],
        accepted=row["accepted"],
        case_id=row["case_id"],
        reasons=row["reasons"],
    )
