"""Which cases of this node are of one person, as identification said by a link or a merge.

Only ids of cases: nothing of what is in any of them. A link is two rows, one from either side. One
row alone leads from an earlier case to one that a detection says goes on from it, until
identification took that: what is forbidden goes over that way and not back.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Statement, Transaction
from services.chassis.logs import logger
from services.chassis.statement import ID
from services.gateway.store.tables import SAME_PERSON

CASES_LIMIT: Final = 200
"""So many cases one person can have; more is a mistake that somebody has to look at."""

_FROM: Final = select(func.unnest(bindparam("case_ids", type_=ARRAY(ID))).label("case_id")).cte(
    "reached", recursive=True
)
_REACHED: Final = _FROM.union(
    select(SAME_PERSON.c.linked_case).join(_FROM, SAME_PERSON.c.case_id == _FROM.c.case_id)
)
_CASES: Final = Statement(select(_REACHED.c.case_id).limit(CASES_LIMIT))
_LINK: Final = Statement(
    insert(SAME_PERSON)
    .values(case_id=bindparam("case_id"), linked_case=bindparam("linked_case"))
    .on_conflict_do_nothing()
)
_UNLINK: Final = Statement(
    delete(SAME_PERSON).where(
        SAME_PERSON.c.case_id == bindparam("the_case"),
        SAME_PERSON.c.linked_case == bindparam("other"),
    )
)

_WAYS: Final = Statement(
    select(SAME_PERSON.c.case_id, SAME_PERSON.c.linked_case).where(
        SAME_PERSON.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
    )
)
_OTHER_WAY: Final = SAME_PERSON.alias("other_way")
_FORGET_WAITING: Final = Statement(
    delete(SAME_PERSON).where(
        SAME_PERSON.c.linked_case == bindparam("the_case"),
        ~exists(
            select(_OTHER_WAY.c.case_id).where(
                _OTHER_WAY.c.case_id == SAME_PERSON.c.linked_case,
                _OTHER_WAY.c.linked_case == SAME_PERSON.c.case_id,
            )
        ),
    )
)

log = logger(__name__)


async def cases_of(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """These cases and every one that links lead to from them, over however many others."""
    named = frozenset(case_ids)
    rows = await tx.fetch(_CASES, case_ids=sorted(named))
    if len(rows) >= CASES_LIMIT:
        log.error("more cases are linked as one person's than anybody has")
    return named | {row["case_id"] for row in rows}


async def unlink(tx: Transaction, case_id: UUID, other: UUID) -> None:
    """Both cases are not of one person after all."""
    await tx.execute(_UNLINK, the_case=case_id, other=other)
    await tx.execute(_UNLINK, the_case=other, other=case_id)


async def link(tx: Transaction, case_id: UUID, other: UUID) -> None:
    """Remember that both cases, whose rows are there, are of one person."""
    await tx.execute(_LINK, case_id=case_id, linked_case=other)
    await tx.execute(_LINK, case_id=other, linked_case=case_id)


async def wait_for_link(tx: Transaction, case_id: UUID, earlier: UUID) -> None:
    """A detection says that a case goes on from an earlier one, and nobody took it yet."""
    await tx.execute(_LINK, case_id=earlier, linked_case=case_id)


async def forget_waiting(tx: Transaction, case_id: UUID) -> None:
    """Nobody took it: nothing goes over into the case that no link brings there."""
    await tx.execute(_FORGET_WAITING, the_case=case_id)


async def reached_from(tx: Transaction, case_ids: Iterable[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Of these cases, into which others what is forbidden in each goes over."""
    named = frozenset(case_ids)
    ways: dict[UUID, set[UUID]] = {each: set() for each in named}
    for row in await tx.fetch(_WAYS, case_ids=sorted(named)):
        ways[row["case_id"]].add(row["linked_case"])
    return {each: _behind(each, ways) for each in named}


def _behind(start: UUID, ways: Mapping[UUID, set[UUID]]) -> frozenset[UUID]:
    reached, new = {start}, {start}
    while new := {each for one in new for each in ways.get(one, ())} - reached:
        reached |= new
    return frozenset(reached)
