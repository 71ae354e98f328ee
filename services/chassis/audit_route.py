"""The route on which the audit of one subject is read: who did what about it, when, and why.

The same in every service that keeps rows about such a subject; where it is and for whom is said by
the service. Looking at the audit is an act, too. Codes and opaque ids only: nothing else is in it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path, Query, Request
from pydantic import BaseModel

from services.chassis import audit
from services.chassis.database import Database, Transaction
from services.chassis.web import caller

READ: Final = "audit-read"
PAGE_LIMIT: Final = 200

Belongings = Callable[[Transaction, UUID], Awaitable[Sequence[UUID]]]


class ActShown(BaseModel):
    """One act: what somebody did, with whose key or as which service, about what, and why."""

    id: int
    recorded_at: datetime
    actor: str
    action: str
    subject: str
    """The subject itself, or something that belongs to it."""
    reason: str
    """A code; empty where the act needs none."""


class AuditShown(BaseModel):
    """A page of acts, the newest first."""

    audit: list[ActShown]
    older: int | None
    """What to ask ``before`` for the next page; nothing: there is none."""


async def nothing_else(_tx: Transaction, _subject: UUID) -> Sequence[UUID]:
    """For a service whose rows all stand under the subject itself."""
    return ()


def add_audit_route(
    app: FastAPI | APIRouter,
    database: Database,
    path: str,
    belongings: Belongings = nothing_else,
) -> None:
    """Open ``path``, whose one parameter names the subject; ``belongings``: what else of it has
    rows under an id of its own.
    """
    named = path.partition("{")[2].partition("}")[0]

    @app.get(path)
    async def read_audit(
        request: Request,
        subject: Annotated[UUID, Path(alias=named)],
        before: Annotated[int, Query(ge=1, le=2**62)] = 2**62,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
    ) -> AuditShown:
        """Who did or read what about it, when and why, the newest first, also of what is frozen;
        ask again ``before`` the value of ``older``; itself recorded.
        """
        async with database.transaction() as tx:
            of_it = [subject, *await belongings(tx, subject)]
            rows = await audit.read_back(
                tx, subjects=[str(each) for each in of_it], before=before, limit=limit
            )
            audit.record(tx, actor=caller(request).name, action=READ, subject=str(subject))
        acts = [ActShown(**dict(row)) for row in rows]
        return AuditShown(audit=acts, older=acts[-1].id if len(acts) == limit else None)
