"""Reading is an act: allowed by the access table, recorded in the audit, and bounded.

Of a frozen case nothing may be read here: its tasks are not there for whoever asks.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.errors import NotAllowed
from services.chassis.identity import Caller
from services.chassis.messaging.unfinished import NOTHING, Unfinished, unfinished_of
from services.referral.access import SIDES, sides_open_to
from services.referral.domain.deciding import is_over
from services.referral.domain.drafts import Draft
from services.referral.domain.listings import Services
from services.referral.domain.requests import Need, Request
from services.referral.domain.tasks import Side
from services.referral.handlers.context import under_a_freeze
from services.referral.store import cases, drafts, merges, requests, tasks

__all__ = [
    "RequestView",
    "Wanted",
    "belongings_of",
    "duty_phone",
    "explain_request",
    "list_drafts",
    "list_requests",
    "list_tasks",
    "read_request",
    "read_task",
]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tasks are asked for; None: of any side that is open to the caller, in any state, of
    any case. ``task_ids``: these alone, whatever their case.
    """

    side: str | None = None
    state: str | None = None
    case_id: UUID | None = None
    task_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request with its needs and tasks, and what of its case could not be finished here."""

    request: Request
    tasks: list[Row]
    unfinished: Unfinished

    @property
    def over(self) -> bool:
        """Whether every need has come to its end."""
        return all(
            is_over(need, frozenset(row["state"] for row in self._tasks_of(need)))
            for need in self.request.needs
        )

    def _tasks_of(self, need: Need) -> list[Row]:
        return [row for row in self.tasks if row["need_id"] == need.need_id]


async def read_request(tx: Transaction, caller: Caller, request_id: UUID) -> RequestView | None:
    """A request with its needs and tasks, as of the case in which people decide about it."""
    audit.record(tx, actor=caller.name, action="read-request", subject=str(request_id))
    request = await requests.read_request(tx, request_id)
    if request is None or await cases.read_frozen(tx, [request.case_id]):
        return None
    rows = await _standing(tx, await tasks.read_request_tasks(tx, request_id))
    standing = await unfinished_of(tx, [request.case_id])
    goes_on = await merges.goes_on_as(tx, request.case_id)
    return RequestView(
        request=replace(request, case_id=goes_on),
        tasks=rows,
        unfinished=standing.get(str(request.case_id), NOTHING),
    )


async def list_requests(
    tx: Transaction, caller: Caller, case_id: UUID, limit: int
) -> list[RequestView]:
    """The requests of a case; each one that is shown is recorded as read; none of a frozen one."""
    audit.record(tx, actor=caller.name, action="list-requests", subject=str(case_id))
    shown = await _readable_cases(tx, case_id)
    found = await requests.read_case_requests(tx, shown, limit)
    rows = await _standing(tx, await tasks.read_case_tasks(tx, shown))
    standing = (await unfinished_of(tx, [case_id])).get(str(case_id), NOTHING)
    for request in found:
        subject = str(request.request_id)
        audit.record(tx, actor=caller.name, action="list-request", subject=subject)
    return [
        RequestView(
            request=replace(request, case_id=case_id),
            tasks=[row for row in rows if row["request_id"] == request.request_id],
            unfinished=standing,
        )
        for request in found
    ]


async def list_drafts(tx: Transaction, caller: Caller, case_id: UUID, limit: int) -> list[Draft]:
    """What was written for a case and not asked for yet; each is recorded as read. None where the
    case is frozen, or goes on in one that is: it can never be asked for.
    """
    audit.record(tx, actor=caller.name, action="list-drafts", subject=str(case_id))
    same = await merges.with_duplicates(tx, case_id)
    frozen = await under_a_freeze(tx, case_id)
    found = await drafts.read_drafts(tx, [each for each in same if each not in frozen], limit)
    for draft in found:
        subject = str(draft.request.request_id)
        audit.record(tx, actor=caller.name, action="list-draft", subject=subject)
    return found


async def explain_request(tx: Transaction, caller: Caller, request_id: UUID) -> list[Row] | None:
    """Why each provider was or was not offered."""
    audit.record(tx, actor=caller.name, action="explain-request", subject=str(request_id))
    request = await requests.read_request(tx, request_id)
    if request is None or await cases.read_frozen(tx, [request.case_id]):
        return None
    return await requests.read_considerations(tx, request_id)


async def read_task(tx: Transaction, caller: Caller, task_id: UUID) -> list[Row]:
    """A task, both sides where both are here and open to the caller."""
    audit.record(tx, actor=caller.name, action="read-task", subject=str(task_id))
    allowed = sides_open_to(caller.roles)
    rows = await tasks.read_task_rows(tx, task_id)
    return await _readable(tx, [row for row in rows if row["side"] in allowed])


async def list_tasks(tx: Transaction, caller: Caller, wanted: Wanted, limit: int) -> list[Row]:
    """Tasks of a side, a state, a case; each one that is shown is recorded as read.

    Raises NotAllowed for a side that is not open to the caller.
    """
    known = wanted.case_id
    sought = tasks.Wanted(
        side=_side_for(caller, wanted.side),
        state=wanted.state,
        case_ids=None if known is None else await merges.with_duplicates(tx, known),
        task_ids=wanted.task_ids,
    )
    rows = await _readable(tx, await tasks.list_tasks(tx, sought, limit))
    for row in rows:
        audit.record(tx, actor=caller.name, action="list-task", subject=str(row["task_id"]))
    return rows


async def belongings_of(tx: Transaction, case_id: UUID) -> list[UUID]:
    """The requests and tasks of a case and of those that go on in it, the newest so many: looking
    at one stands in the audit under its own id. Also of a frozen case: ids alone.
    """
    same = await merges.with_duplicates(tx, case_id)
    half = audit.SUBJECTS_LIMIT // 2
    asked = await requests.read_case_requests(tx, same, half)
    sought = tasks.Wanted(side=None, state=None, case_ids=same)
    given = {row["task_id"] for row in await tasks.list_tasks(tx, sought, half)}
    return [*(request.request_id for request in asked), *sorted(given)]


def duty_phone(directory: Services, row: Row) -> str | None:
    """Whom to call about a task: the other agency's number, from the directory. About what we sent
    the service's own, about what was asked of us that of the agency that asked.
    """
    if row["side"] == Side.PROVIDER:
        return directory.phone_of(row["other_agency"])
    listing = directory.listing(row["service_id"])
    return listing.duty_phone if listing is not None else None


def _side_for(caller: Caller, asked: str | None) -> str | None:
    allowed = sides_open_to(caller.roles)
    if asked in SIDES and asked not in allowed:
        raise NotAllowed("this side of a task is for other roles")
    return next(iter(allowed)) if asked is None and len(allowed) == 1 else asked


async def _readable_cases(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """The case and those that go on in it, but none that is frozen; none of a frozen case."""
    same = await merges.with_duplicates(tx, case_id)
    frozen = await cases.read_frozen(tx, same)
    return () if case_id in frozen else tuple(each for each in same if each not in frozen)


async def _readable(tx: Transaction, rows: list[Row]) -> list[Row]:
    frozen = await cases.read_frozen(tx, [row["case_id"] for row in rows])
    return await _standing(tx, [row for row in rows if row["case_id"] not in frozen])


async def _standing(tx: Transaction, rows: list[Row]) -> list[Row]:
    """With each task, what of its case could not be finished here."""
    standing = await unfinished_of(tx, [row["case_id"] for row in rows])
    return [{**row, "unfinished": standing.get(str(row["case_id"]), NOTHING)} for row in rows]
