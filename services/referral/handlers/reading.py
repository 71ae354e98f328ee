"""Reading is an act: allowed by the access table, recorded in the audit, and bounded.

Of a frozen case nothing may be read here: its tasks are not there for whoever asks.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.identity import Caller
from services.chassis.messaging.unfinished import NOTHING, Unfinished, unfinished_of
from services.referral.domain.listings import Services
from services.referral.domain.requests import Request
from services.referral.store import cases, requests, tasks
from services.referral.store.tasks import Wanted

__all__ = [
    "RequestView",
    "Wanted",
    "duty_phone",
    "explain_request",
    "list_requests",
    "list_tasks",
    "read_request",
    "read_task",
]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request with its needs and tasks, and what of its case could not be finished here."""

    request: Request
    tasks: list[Row]
    unfinished: Unfinished


async def read_request(tx: Transaction, caller: Caller, request_id: UUID) -> RequestView | None:
    """A request with its needs and tasks."""
    audit.record(tx, actor=caller.name, action="read-request", subject=str(request_id))
    request = await requests.read_request(tx, request_id)
    if request is None or await cases.read_frozen(tx, [request.case_id]):
        return None
    rows = await _standing(tx, await tasks.read_request_tasks(tx, request_id))
    standing = await unfinished_of(tx, [request.case_id])
    return RequestView(
        request=request, tasks=rows, unfinished=standing.get(str(request.case_id), NOTHING)
    )


async def list_requests(
    tx: Transaction, caller: Caller, case_id: UUID, limit: int
) -> list[RequestView]:
    """The requests of a case; each one that is shown is recorded as read; none of a frozen one."""
    audit.record(tx, actor=caller.name, action="list-requests", subject=str(case_id))
    if await cases.read_frozen(tx, [case_id]):
        return []
    found = await requests.read_case_requests(tx, case_id, limit)
    rows = await _standing(tx, await tasks.read_case_tasks(tx, case_id))
    standing = (await unfinished_of(tx, [case_id])).get(str(case_id), NOTHING)
    for request in found:
        subject = str(request.request_id)
        audit.record(tx, actor=caller.name, action="list-request", subject=subject)
    return [
        RequestView(
            request=request,
            tasks=[row for row in rows if row["request_id"] == request.request_id],
            unfinished=standing,
        )
        for request in found
    ]


async def explain_request(tx: Transaction, caller: Caller, request_id: UUID) -> list[Row] | None:
    """Why each provider was or was not offered."""
    audit.record(tx, actor=caller.name, action="explain-request", subject=str(request_id))
    request = await requests.read_request(tx, request_id)
    if request is None or await cases.read_frozen(tx, [request.case_id]):
        return None
    return await requests.read_considerations(tx, request_id)


async def read_task(tx: Transaction, caller: Caller, task_id: UUID) -> list[Row]:
    """A task, both sides where both are here."""
    audit.record(tx, actor=caller.name, action="read-task", subject=str(task_id))
    return await _readable(tx, await tasks.read_task_rows(tx, task_id))


async def list_tasks(tx: Transaction, caller: Caller, wanted: Wanted, limit: int) -> list[Row]:
    """Tasks of a side, a state, a case; each one that is shown is recorded as read."""
    rows = await _readable(tx, await tasks.list_tasks(tx, wanted, limit))
    for row in rows:
        audit.record(tx, actor=caller.name, action="list-task", subject=str(row["task_id"]))
    return rows


def duty_phone(directory: Services, row: Row) -> str | None:
    """Whom to call about a task that we sent: an agency's number, from the directory."""
    listing = directory.listing(row["service_id"])
    return listing.duty_phone if listing is not None else None


async def _readable(tx: Transaction, rows: list[Row]) -> list[Row]:
    frozen = await cases.read_frozen(tx, [row["case_id"] for row in rows])
    return await _standing(tx, [row for row in rows if row["case_id"] not in frozen])


async def _standing(tx: Transaction, rows: list[Row]) -> list[Row]:
    """With each task, what of its case could not be finished here."""
    standing = await unfinished_of(tx, [row["case_id"] for row in rows])
    return [{**row, "unfinished": standing.get(str(row["case_id"]), NOTHING)} for row in rows]
