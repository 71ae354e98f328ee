"""Reading is an act: allowed by the access table, recorded in the audit, and bounded.

A frozen case shows that it is frozen and since when, and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis import audit
from services.chassis.database import Transaction
from services.chassis.identity import Caller
from services.chassis.messaging.unfinished import NOTHING, Unfinished, unfinished_of
from services.identification.domain import Case, Clocks, Policy, Questionnaire
from services.identification.domain.letters import Letter, letter_of
from services.identification.store import cases, hand_overs, links, notices, policy
from services.identification.store.hand_overs import HandOverRow
from services.identification.store.notices import NoticeRow, NoticesAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as a case officer may see it; ``case`` is absent when it is frozen."""

    case_id: UUID
    frozen_at: datetime | None
    case: Case | None
    hand_overs: tuple[HandOverRow, ...] = ()
    links: tuple[tuple[UUID, str], ...] = ()
    """Other cases of this node, and how they belong together."""
    notices: tuple[NoticeRow, ...] = ()
    questionnaires: tuple[Questionnaire, ...] = ()
    unfinished: Unfinished | None = None
    """Events of the case that this service has and could not finish; nothing of a frozen one."""
    counted_by_type: str | None = None
    """What kind of agency counts the case; None: it takes no part, or no registry came yet."""


async def read_case(tx: Transaction, caller: Caller, case_id: UUID) -> CaseView | None:
    """One case; the reading is recorded even when there is nothing to read.

    A case that is not there yet, because what opens it could not be finished, shows only that.
    """
    found = await cases.read_case(tx, case_id)
    audit.record(tx, actor=caller.name, action="read-case", subject=str(case_id))
    case, frozen_at = found or (None, None)
    if frozen_at is not None:
        return CaseView(case_id=case_id, frozen_at=frozen_at, case=None)
    standing = (await unfinished_of(tx, [case_id])).get(str(case_id))
    if case is None and standing is None:
        return None
    return CaseView(
        case_id=case_id,
        frozen_at=None,
        case=case,
        hand_overs=await hand_overs.hand_overs_of(tx, case_id),
        links=await links.links_of(tx, case_id),
        notices=await notices.read_notices(tx, case_id),
        questionnaires=await links.questionnaires_of(tx, case_id),
        unfinished=standing or NOTHING,
        counted_by_type=_type_of(await policy.read_policy(tx), case),
    )


async def read_letter(
    tx: Transaction, caller: Caller, case_id: UUID, kind: str, clocks: Clocks
) -> Letter | None:
    """What a letter for the person says now; that it was printed is recorded, by its kind and what
    it said. Nothing of a frozen case.
    """
    found = await cases.read_case(tx, case_id)
    case, frozen_at = found or (None, None)
    letter = None if case is None or frozen_at else letter_of(case, kind, clocks)
    if letter is not None:
        reason = f"{letter.kind}:{letter.says}"
        audit.record(
            tx, actor=caller.name, action="print-letter", subject=str(case_id), reason=reason
        )
    return letter


async def list_cases(
    tx: Transaction, caller: Caller, *, state: str | None, after: UUID | None, limit: int
) -> list[CaseView]:
    """A page of cases; each one that is shown is recorded as read."""
    page = await cases.list_cases(tx, state=state, after=after, limit=limit)
    for case, _ in page:
        audit.record(tx, actor=caller.name, action="list-case", subject=str(case.case_id))
    standing = await unfinished_of(tx, [case.case_id for case, _ in page])
    known = await policy.read_policy(tx)
    return [
        CaseView(
            case_id=case.case_id,
            frozen_at=frozen_at,
            case=case if frozen_at is None else None,
            unfinished=standing.get(str(case.case_id), NOTHING) if frozen_at is None else None,
            counted_by_type=_type_of(known, case) if frozen_at is None else None,
        )
        for case, frozen_at in page
    ]


def _type_of(known: Policy, case: Case | None) -> str | None:
    return None if case is None else known.type_of(case.counted_by)


async def list_notices(
    tx: Transaction, caller: Caller, asked: NoticesAsked
) -> tuple[NoticeRow, ...]:
    """A page of what other agencies told this one, newest first; each that is shown is recorded."""
    rows = await notices.received_notices(tx, asked)
    for row in rows:
        audit.record(tx, actor=caller.name, action="list-notice", subject=str(row.case_id))
    return rows
