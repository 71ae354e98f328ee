"""Requests, their needs, who was considered for each and what agencies answered when asked.

A need's row is locked before a query's: whoever records the last answer sees all the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Table, and_, any_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.elements import ColumnElement

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID, TEXTS
from services.referral.domain.requests import (
    Asking,
    Ended,
    Escalated,
    Need,
    NeedState,
    NotFound,
    Offered,
    Request,
)
from services.referral.store.tables import (
    CAPACITY_QUERY,
    CONSIDERATION,
    NEED,
    REQUEST,
    columns_of,
)

SEARCHING: Final = (Asking, NotFound, Escalated)
"""States of a need that nobody has an offer for."""


def _of_need(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.request_id == bindparam("the_request", type_=ID),
        table.c.need_id == bindparam("the_need", type_=ID),
    )


_CASES: Final = bindparam("case_ids", type_=ARRAY(ID))
_ADD_REQUEST: Final = Statement(insert(REQUEST), columns=columns_of(REQUEST))
_READ_REQUEST: Final = Statement(
    select(REQUEST).where(REQUEST.c.request_id == bindparam("request_id"))
)
_REQUESTS_OF_CASE: Final = Statement(
    select(REQUEST)
    .where(
        REQUEST.c.request_id.in_(select(NEED.c.request_id).where(NEED.c.case_id == any_(_CASES)))
    )
    .order_by(REQUEST.c.opened_at.desc(), REQUEST.c.request_id)
    .limit(bindparam("at_most"))
)
_NEEDS_OF_CASE: Final = Statement(
    select(NEED).where(NEED.c.case_id == any_(_CASES)).order_by(NEED.c.need_id)
)
_ADD_NEED: Final = Statement(insert(NEED), columns=columns_of(NEED))
_READ_NEED: Final = Statement(select(NEED).where(_of_need(NEED)).with_for_update())
_NEEDS: Final = Statement(
    select(NEED).where(NEED.c.request_id == bindparam("request_id")).order_by(NEED.c.need_id)
)
_ASKING: Final = Statement(
    select(NEED)
    .where(
        NEED.c.case_id == bindparam("case_id"),
        NEED.c.state == any_(bindparam("states", type_=TEXTS)),
    )
    .order_by(NEED.c.request_id, NEED.c.need_id)
)
_WRITE_NEED: Final = Statement(
    update(NEED)
    .where(_of_need(NEED))
    .values(
        state=bindparam("to"),
        round=bindparam("nth"),
        told=bindparam("who"),
        told_agency=bindparam("which"),
        due_at=bindparam("until"),
    )
)
_NEW_CONSIDERATION = upsert(CONSIDERATION).values(
    {name: bindparam(name) for name in columns_of(CONSIDERATION)}
)
_CONSIDER: Final = Statement(
    _NEW_CONSIDERATION.on_conflict_do_update(
        index_elements=list(CONSIDERATION.primary_key.columns),
        set_={
            "verdicts": _NEW_CONSIDERATION.excluded.verdicts,
            "considered_at": _NEW_CONSIDERATION.excluded.considered_at,
        },
    )
)
_CONSIDERED: Final = Statement(
    select(CONSIDERATION)
    .where(CONSIDERATION.c.request_id == bindparam("request_id"))
    .order_by(CONSIDERATION.c.need_id, CONSIDERATION.c.round, CONSIDERATION.c.service_id)
)
_VERDICTS: Final = Statement(
    select(CONSIDERATION.c.service_id, CONSIDERATION.c.verdicts)
    .where(_of_need(CONSIDERATION), CONSIDERATION.c.round < bindparam("before"))
    .order_by(CONSIDERATION.c.round)
)
_ADD_QUERY: Final = Statement(insert(CAPACITY_QUERY), columns=columns_of(CAPACITY_QUERY))
_READ_QUERY: Final = Statement(
    select(CAPACITY_QUERY).where(CAPACITY_QUERY.c.query_id == bindparam("query_id"))
)
_SENT_QUERY: Final = Statement(
    select(CAPACITY_QUERY).where(CAPACITY_QUERY.c.outgoing_id == bindparam("outgoing_id"))
)
_ANSWER: Final = Statement(
    update(CAPACITY_QUERY)
    .where(CAPACITY_QUERY.c.query_id == bindparam("the_query"), CAPACITY_QUERY.c.status.is_(None))
    .values(status=bindparam("told"))
)
_QUERIES: Final = Statement(
    select(CAPACITY_QUERY)
    .where(_of_need(CAPACITY_QUERY), CAPACITY_QUERY.c.round == bindparam("nth"))
    .order_by(CAPACITY_QUERY.c.service_id)
)
_ASKED: Final = Statement(
    select(func.count().label("asked")).select_from(CAPACITY_QUERY).where(_of_need(CAPACITY_QUERY))
)


_ANSWERS: Final = Statement(
    select(CAPACITY_QUERY.c.service_id, CAPACITY_QUERY.c.status)
    .where(_of_need(CAPACITY_QUERY))
    .order_by(CAPACITY_QUERY.c.round)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One agency's service, asked in one round for one need. The own node is answered at once."""

    query_id: UUID
    request_id: UUID
    need_id: UUID
    round: int
    service_id: str
    agency: str
    asked_at: datetime
    outgoing_id: UUID | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consideration:
    """Why a service was or was not offered in a round: codes only."""

    service_id: str
    agency: str
    verdicts: tuple[str, ...]


def what_is_asked(request: Request) -> dict[str, Any]:
    """The columns that a request and a draft of one have alike."""
    return {
        "request_id": request.request_id,
        "case_id": request.case_id,
        "urgency": request.urgency,
        "audience_class": request.audience_class,
        "language": request.language,
        "preferred": list(request.preferred),
        "dependants": request.dependants,
        "separation_reason": request.separation_reason,
        "return_of": request.return_of,
        "best_interests": request.best_interests,
        "access_needs": list(request.access_needs),
    }


async def add_request(tx: Transaction, request: Request) -> None:
    """Remember a new request with its needs."""
    await tx.execute(_ADD_REQUEST, opened_at=request.opened_at, **what_is_asked(request))
    await tx.execute_many(_ADD_NEED, [row_of(need) for need in request.needs])


async def read_request(tx: Transaction, request_id: UUID) -> Request | None:
    """A request with its needs."""
    row = await tx.fetch_one(_READ_REQUEST, request_id=request_id)
    if row is None:
        return None
    return _request(row, await tx.fetch(_NEEDS, request_id=request_id))


async def read_case_requests(
    tx: Transaction, case_ids: Iterable[UUID], limit: int
) -> list[Request]:
    """The requests of these cases with their needs, the newest first."""
    given = list(case_ids)
    rows = await tx.fetch(_REQUESTS_OF_CASE, case_ids=given, at_most=limit)
    needs = await tx.fetch(_NEEDS_OF_CASE, case_ids=given)
    return [
        _request(row, [each for each in needs if each["request_id"] == row["request_id"]])
        for row in rows
    ]


async def lock_need(tx: Transaction, request_id: UUID, need_id: UUID) -> Need | None:
    """A need, locked until the end."""
    row = await tx.fetch_one(_READ_NEED, the_request=request_id, the_need=need_id)
    return None if row is None else need_of(row)


async def read_needs_searching(tx: Transaction, case_id: UUID) -> tuple[Need, ...]:
    """The needs of a case for which nobody has an offer, and somebody is asked or should act."""
    states = [state.code for state in SEARCHING]
    return tuple(need_of(row) for row in await tx.fetch(_ASKING, case_id=case_id, states=states))


async def write_need(tx: Transaction, need: Need) -> None:
    """Remember where the search for a need stands."""
    await tx.execute(
        _WRITE_NEED,
        the_request=need.request_id,
        the_need=need.need_id,
        to=need.state.code,
        nth=need.round,
        who=need.told,
        which=need.turn_to,
        until=need.due_at,
    )


async def write_considerations(
    tx: Transaction, need: Need, found: Iterable[Consideration], now: datetime
) -> None:
    """Remember why each service was or was not asked or chosen in this round."""
    await tx.execute_many(
        _CONSIDER,
        [
            {
                "request_id": need.request_id,
                "need_id": need.need_id,
                "round": need.round,
                "service_id": each.service_id,
                "agency": each.agency,
                "verdicts": list(each.verdicts),
                "considered_at": now,
            }
            for each in found
        ],
    )


async def read_verdicts(tx: Transaction, need: Need) -> dict[str, tuple[str, ...]]:
    """What the last round that says something of a service found, before this one."""
    rows = await tx.fetch(
        _VERDICTS, the_request=need.request_id, the_need=need.need_id, before=need.round
    )
    return {row["service_id"]: tuple(row["verdicts"]) for row in rows}


async def read_considerations(tx: Transaction, request_id: UUID) -> list[dict[str, Any]]:
    """Why each service was or was not offered, for every need and round of a request."""
    return [dict(row) for row in await tx.fetch(_CONSIDERED, request_id=request_id)]


async def add_queries(tx: Transaction, queries: Iterable[Query]) -> None:
    """Remember whom we ask."""
    rows = [
        {name: getattr(query, name) for name in columns_of(CAPACITY_QUERY)} for query in queries
    ]
    await tx.execute_many(_ADD_QUERY, rows)


async def read_query(tx: Transaction, query_id: UUID) -> Query | None:
    """A query by its id."""
    return _query(await tx.fetch_one(_READ_QUERY, query_id=query_id))


async def read_sent_query(tx: Transaction, outgoing_id: UUID) -> Query | None:
    """The query that left, or should have left, as this outgoing event."""
    return _query(await tx.fetch_one(_SENT_QUERY, outgoing_id=outgoing_id))


async def answer_query(tx: Transaction, query_id: UUID, status: str) -> bool:
    """Remember the first answer; False when there was one."""
    return await tx.execute(_ANSWER, the_query=query_id, told=status) > 0


async def read_queries(tx: Transaction, need: Need) -> tuple[Query, ...]:
    """Whom we asked in the need's round, with the answers so far."""
    rows = await tx.fetch(
        _QUERIES, the_request=need.request_id, the_need=need.need_id, nth=need.round
    )
    return tuple(query for row in rows if (query := _query(row)) is not None)


async def read_answers(tx: Transaction, need: Need) -> dict[str, str | None]:
    """What each service that was ever asked for the need answered last, None if it did not."""
    rows = await tx.fetch(_ANSWERS, the_request=need.request_id, the_need=need.need_id)
    return {row["service_id"]: row["status"] for row in rows}


async def count_asked(tx: Transaction, need: Need) -> int:
    """How many were asked for the need, in all rounds."""
    row = await tx.fetch_one(_ASKED, the_request=need.request_id, the_need=need.need_id)
    return int(row["asked"]) if row is not None else 0


def row_of(need: Need) -> dict[str, Any]:
    """A need as it is kept."""
    return {
        "request_id": need.request_id,
        "need_id": need.need_id,
        "case_id": need.case_id,
        "service_type": need.service_type,
        "state": need.state.code,
        "round": need.round,
        "told": need.told,
        "told_agency": need.turn_to,
        "due_at": need.due_at,
    }


def _request(row: Record, needs: Iterable[Record]) -> Request:
    return Request(
        request_id=row["request_id"],
        case_id=row["case_id"],
        urgency=row["urgency"],
        audience_class=row["audience_class"],
        language=row["language"],
        preferred=tuple(row["preferred"]),
        opened_at=row["opened_at"],
        needs=tuple(need_of(each) for each in needs),
        dependants=row["dependants"],
        separation_reason=row["separation_reason"],
        return_of=row["return_of"],
        best_interests=row["best_interests"],
        access_needs=tuple(row["access_needs"]),
    )


def need_of(row: Mapping[str, Any]) -> Need:
    """A need as it was kept."""
    return Need(
        request_id=row["request_id"],
        need_id=row["need_id"],
        case_id=row["case_id"],
        service_type=row["service_type"],
        state=_state(row),
        round=row["round"],
    )


def _state(row: Mapping[str, Any]) -> NeedState:
    match row["state"]:
        case Asking.code:
            return Asking(due_at=row["due_at"])
        case NotFound.code:
            return NotFound(due_at=row["due_at"])
        case Escalated.code:
            return Escalated(told=row["told"], due_at=row["due_at"], told_agency=row["told_agency"])
        case Ended.code:
            return Ended(told=row["told"])
        case Offered.code:
            return Offered()
        case unknown:
            raise ValueError(f"a need is in no state {unknown}")


def _query(row: Record | None) -> Query | None:
    return None if row is None else Query(**dict(row))
