"""Tasks: one row per task and side. A row is a state class of the domain, written out flat."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ARRAY, Text, and_, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from services.chassis.database import Record, Statement, Transaction
from services.chassis.errors import Misuse
from services.chassis.statement import ID, TEXTS
from services.referral.domain import tasks
from services.referral.domain.cooling import Decline
from services.referral.domain.requests import Need
from services.referral.domain.stalling import Waiting
from services.referral.domain.tasks import OPEN_STATES, Outcome, Side, Task, Terms
from services.referral.store.tables import TASK, columns_of

_KEY: Final = and_(
    TASK.c.task_id == bindparam("the_task", type_=ID), TASK.c.side == bindparam("the_side")
)
_CASES: Final = bindparam("case_ids", type_=ARRAY(ID))
_STATES: Final = bindparam("states", type_=TEXTS)
TAKEN_BACK: Final = (tasks.CancelledTask.code, tasks.ExpiredTask.code)
_CHANGING: Final = (
    "state",
    "reason",
    "hold_until",
    "start_by",
    "arrive_by",
    "starts_at",
    "hand_over_reference",
    "outcome",
    "unit",
    "quantity",
    "changed_at",
)
_READ: Final = Statement(select(TASK).where(_KEY))
_NEW = insert(TASK).values({name: bindparam(name) for name in columns_of(TASK, "outgoing_id")})
_WRITE: Final = Statement(
    _NEW.on_conflict_do_update(
        index_elements=[TASK.c.task_id, TASK.c.side],
        set_={name: _NEW.excluded[name] for name in _CHANGING},
    )
)
_LEFT_AS: Final = Statement(update(TASK).where(_KEY).values(outgoing_id=bindparam("left_as")))
_SENT: Final = Statement(
    select(TASK).where(TASK.c.outgoing_id == bindparam("outgoing_id"), TASK.c.side == "sender")
)
_OPEN_OF_CASE: Final = Statement(
    select(TASK)
    .where(
        TASK.c.case_id == bindparam("case_id"),
        TASK.c.side == bindparam("the_side"),
        TASK.c.state == any_(_STATES),
    )
    .order_by(TASK.c.task_id)
)
_TRIED: Final = Statement(
    select(TASK).where(TASK.c.case_id == any_(_CASES), TASK.c.side == "sender")
)
_OF_NEED: Final = Statement(
    select(TASK)
    .where(
        TASK.c.request_id == bindparam("request_id"),
        TASK.c.need_id == bindparam("need_id"),
        TASK.c.side == "sender",
    )
    .order_by(TASK.c.offered_at, TASK.c.task_id)
)
_LOADS: Final = Statement(
    select(TASK.c.other_agency, func.count().label("load"))
    .where(TASK.c.side == "sender", TASK.c.state == any_(_STATES))
    .group_by(TASK.c.other_agency)
)
_UNDELIVERED: Final = Statement(
    select(TASK.c.other_agency, TASK.c.urgency, func.min(TASK.c.offered_at).label("since"))
    .where(TASK.c.side == "sender", TASK.c.state == "offered")
    .group_by(TASK.c.other_agency, TASK.c.urgency)
)
_BY_ID: Final = Statement(
    select(TASK).where(TASK.c.task_id == bindparam("task_id")).order_by(TASK.c.side)
)
_BY_REQUEST: Final = Statement(
    select(TASK)
    .where(TASK.c.request_id == bindparam("request_id"), TASK.c.side == "sender")
    .order_by(TASK.c.offered_at, TASK.c.task_id)
)


def _listed(*of: ColumnElement[bool]) -> Statement:
    return Statement(
        select(TASK)
        .where(
            *of,
            or_(
                bindparam("a_side", type_=Text()).is_(None),
                TASK.c.side == bindparam("a_side", type_=Text()),
            ),
            or_(
                bindparam("a_state", type_=Text()).is_(None),
                TASK.c.state == bindparam("a_state", type_=Text()),
            ),
        )
        .order_by(TASK.c.changed_at.desc(), TASK.c.task_id)
        .limit(bindparam("at_most"))
    )


_LISTED: Final = _listed()
_LISTED_OF_CASE: Final = _listed(TASK.c.case_id == any_(_CASES))
"""By a statement of its own, so that a case is found by its index."""
_LISTED_BY_ID: Final = _listed(TASK.c.task_id == any_(bindparam("task_ids", type_=ARRAY(ID))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tasks are listed; None: of any side, in any state, of any case. ``task_ids``: these
    alone, whatever their case.
    """

    side: str | None = None
    state: str | None = None
    case_ids: tuple[UUID, ...] | None = None
    task_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What agencies had of a case: (request, need, agency) of each offer, and the declines."""

    offers: frozenset[tuple[UUID, UUID, str]]
    declines: tuple[Decline, ...]


async def read_task(tx: Transaction, task_id: UUID, side: Side) -> Task | None:
    """The task as this side keeps it."""
    row = await tx.fetch_one(_READ, the_task=task_id, the_side=str(side))
    return None if row is None else _task(row)


async def write_task(tx: Transaction, task: Task, now: datetime) -> None:
    """Remember the task as it is now; its terms never change."""
    terms = task.terms
    row = {name: getattr(terms, name, None) for name in columns_of(TASK, "outgoing_id")}
    row |= {"side": str(terms.side), "state": task.code, "offered_at": now, "changed_at": now}
    await tx.execute(_WRITE, **row | _details(task))


async def left_as(tx: Transaction, task: Task, outgoing_id: UUID) -> None:
    """Remember as which event the offer went into the outgoing queue."""
    terms = task.terms
    await tx.execute(
        _LEFT_AS, the_task=terms.task_id, the_side=str(terms.side), left_as=outgoing_id
    )


async def read_sent_task(tx: Transaction, outgoing_id: UUID) -> Task | None:
    """The sender's task whose offer is this outgoing event."""
    row = await tx.fetch_one(_SENT, outgoing_id=outgoing_id)
    return None if row is None else _task(row)


async def read_open_tasks(tx: Transaction, case_id: UUID, side: Side) -> tuple[Task, ...]:
    """Tasks of a case in which something may still happen."""
    states = sorted(OPEN_STATES[side])
    rows = await tx.fetch(_OPEN_OF_CASE, case_id=case_id, the_side=str(side), states=states)
    return tuple(_task(row) for row in rows)


async def read_taken_back(tx: Transaction, case_id: UUID) -> tuple[Task, ...]:
    """What we took back of a case, where no outcome is known: if help runs on, one may come."""
    rows = await tx.fetch(
        _OPEN_OF_CASE, case_id=case_id, the_side=str(Side.SENDER), states=list(TAKEN_BACK)
    )
    return tuple(_task(row) for row in rows if row["outcome"] is None)


async def read_tried(tx: Transaction, case_ids: Iterable[UUID]) -> Tried:
    """Which agency had which need of these cases, and who declined what, when and why.

    With whom sharing ended is not among them: a new consent, or the end of a restriction that was a
    mistake, is for it as for anybody. Who only tells nothing more is: it may well help.
    """
    rows = await tx.fetch(_TRIED, case_ids=list(case_ids))
    declined = tasks.DeclinedTask.code
    return Tried(
        offers=frozenset(
            (row["request_id"], row["need_id"], row["other_agency"])
            for row in rows
            if row["state"] not in (declined, tasks.StoppedTask.code)
            or (row["state"] == tasks.StoppedTask.code and row["hand_over_reference"] is not None)
        ),
        declines=tuple(
            Decline(
                agency=row["other_agency"],
                service_type=row["service_type"],
                reason=row["reason"],
                at=row["changed_at"],
            )
            for row in rows
            if row["state"] == declined
        ),
    )


async def read_need_tasks(tx: Transaction, need: Need) -> tuple[Task, ...]:
    """Every task of a need on the sender's side, the newest last."""
    rows = await tx.fetch(_OF_NEED, request_id=need.request_id, need_id=need.need_id)
    return tuple(_task(row) for row in rows)


async def read_loads(tx: Transaction) -> dict[str, int]:
    """How many open tasks we have with each agency."""
    rows = await tx.fetch(_LOADS, states=sorted(OPEN_STATES[Side.SENDER]))
    return {row["other_agency"]: int(row["load"]) for row in rows}


async def read_undelivered(tx: Transaction) -> tuple[Waiting, ...]:
    """By agency and urgency, since when its node has not taken an offer."""
    rows = await tx.fetch(_UNDELIVERED)
    return tuple(
        Waiting(agency=row["other_agency"], urgency=row["urgency"], since=row["since"])
        for row in rows
    )


async def read_task_rows(tx: Transaction, task_id: UUID) -> list[dict[str, Any]]:
    """A task of this node, both sides where both are here, as a worker may see it."""
    return [dict(row) for row in await tx.fetch(_BY_ID, task_id=task_id)]


async def read_request_tasks(tx: Transaction, request_id: UUID) -> list[dict[str, Any]]:
    """The tasks of a request as a worker may see them."""
    return [dict(row) for row in await tx.fetch(_BY_REQUEST, request_id=request_id)]


async def list_tasks(tx: Transaction, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
    """Tasks of a side, a state, a case, those changed last first."""
    given = {"a_side": wanted.side, "a_state": wanted.state, "at_most": limit}
    if wanted.task_ids:
        rows = await tx.fetch(_LISTED_BY_ID, **given, task_ids=list(wanted.task_ids))
        return [dict(row) for row in rows]
    if wanted.case_ids is None:
        return [dict(row) for row in await tx.fetch(_LISTED, **given)]
    rows = await tx.fetch(_LISTED_OF_CASE, **given, case_ids=list(wanted.case_ids))
    return [dict(row) for row in rows]


async def read_case_tasks(tx: Transaction, case_ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """The sender's tasks of these cases as a worker may see them, the oldest offer first."""
    rows = [dict(row) for row in await tx.fetch(_TRIED, case_ids=list(case_ids))]
    return sorted(rows, key=lambda row: (row["offered_at"], row["task_id"]))


def _details(task: Task) -> dict[str, Any]:
    outcome = getattr(task, "outcome", None)
    return {
        "reason": getattr(task, "reason", None),
        "hold_until": getattr(task, "expires_at", None),
        "start_by": getattr(task, "start_by", None),
        "arrive_by": getattr(task, "arrive_by", None),
        "starts_at": getattr(task, "starts_at", None),
        "hand_over_reference": getattr(task, "hand_over_reference", None),
        "outcome": outcome.outcome if outcome else None,
        "unit": outcome.unit if outcome else None,
        "quantity": outcome.quantity if outcome else None,
    }


def _terms(row: Record) -> Terms:
    return Terms(
        task_id=row["task_id"],
        case_id=row["case_id"],
        side=Side(row["side"]),
        other_agency=row["other_agency"],
        service_type=row["service_type"],
        urgency=row["urgency"],
        majority=row["majority"],
        audience_class=row["audience_class"],
        counted_by=row["counted_by"],
        answer_by=row["answer_by"],
        language=row["language"],
        dependants=row["dependants"],
        access_needs=tuple(row["access_needs"]),
        request_id=row["request_id"],
        need_id=row["need_id"],
        service_id=row["service_id"],
        seen_by=row["seen_by"],
    )


_PLAIN: Final = {
    state.code: state
    for state in (
        tasks.OfferedTask,
        tasks.DeliveredTask,
        tasks.SeenTask,
    )
}


def _task(row: Record) -> Task:
    terms, state = _terms(row), row["state"]
    if state in _PLAIN:
        return cast(Task, _PLAIN[state](terms=terms))
    match state:
        case "accepting":
            return tasks.AcceptingTask(terms=terms, expires_at=row["hold_until"])
        case "accepted" | "in-progress" | "on-hold":
            return _running_task(terms, row)
        case "declined" | "not-sent":
            return _refused_task(terms, state, row["reason"])
        case "completed" | "loop-closed":
            return _finished_task(terms, row)
        case "expired" | "cancelled" | "sharing-stopped":
            return _taken_back_task(terms, row)
    raise Misuse("a task's row is in a state that no class stands for")


def _running_task(terms: Terms, row: Record) -> Task:
    reference = row["hand_over_reference"]
    match row["state"]:
        case "accepted":
            clocks = {name: row[name] for name in ("start_by", "arrive_by", "starts_at")}
            return tasks.AcceptedTask(terms=terms, hand_over_reference=reference, **clocks)
        case "on-hold":
            return tasks.PausedTask(
                terms=terms, hand_over_reference=reference, reason=row["reason"]
            )
        case _:
            return tasks.StartedTask(terms=terms, hand_over_reference=reference)


def _refused_task(terms: Terms, state: str, reason: str) -> Task:
    if state == tasks.DeclinedTask.code:
        return tasks.DeclinedTask(terms=terms, reason=reason)
    return tasks.NotSentTask(terms=terms, reason=reason)


def _taken_back_task(terms: Terms, row: Record) -> Task:
    reference = row["hand_over_reference"]
    if row["state"] == tasks.StoppedTask.code:
        return tasks.StoppedTask(terms=terms, hand_over_reference=reference)
    ended = tasks.ExpiredTask if row["state"] == "expired" else tasks.CancelledTask
    return ended(terms=terms, outcome=_outcome(row), hand_over_reference=reference)


def _outcome(row: Record) -> Outcome | None:
    if row["outcome"] is None:
        return None
    return Outcome(outcome=row["outcome"], unit=row["unit"], quantity=row["quantity"])


def _finished_task(terms: Terms, row: Record) -> Task:
    outcome = _outcome(row)
    if outcome is None:
        raise Misuse("a task's row ended without an outcome")
    if terms.side is Side.SENDER:
        return tasks.ClosedLoopTask(terms=terms, outcome=outcome)
    return tasks.CompletedTask(terms=terms, outcome=outcome)
