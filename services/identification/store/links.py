"""Links between cases of this node, and the questionnaires of a case."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.identification.domain import Questionnaire
from services.identification.domain.everyday import DUPLICATE_OF
from services.identification.store.tables import CASE_LINK, QUESTIONNAIRE

SHOWN_LIMIT: Final = 200

_LINK: Final = Statement(
    insert(CASE_LINK)
    .values({column.name: bindparam(column.name) for column in CASE_LINK.c})
    .on_conflict_do_nothing()
)
_THIS_LINK: Final = and_(
    CASE_LINK.c.kind == bindparam("of_kind"),
    or_(
        and_(
            CASE_LINK.c.case_id == bindparam("case_id"),
            CASE_LINK.c.linked_case == bindparam("linked"),
        ),
        and_(
            CASE_LINK.c.case_id == bindparam("linked"),
            CASE_LINK.c.linked_case == bindparam("case_id"),
        ),
    ),
)
_UNLINK: Final = Statement(delete(CASE_LINK).where(_THIS_LINK))
_MAKERS: Final = Statement(
    select(CASE_LINK.c.case_id).where(_THIS_LINK).order_by(CASE_LINK.c.case_id)
)
_LINKS: Final = Statement(
    select(CASE_LINK)
    .where(
        or_(
            CASE_LINK.c.case_id == bindparam("case_id"),
            CASE_LINK.c.linked_case == bindparam("case_id"),
        )
    )
    .order_by(CASE_LINK.c.linked_at, CASE_LINK.c.kind)
    .limit(SHOWN_LIMIT)
)
_FAMILY: Final = Statement(
    text(
        """
        WITH RECURSIVE family (case_id) AS (
            SELECT CAST(:case_id AS uuid)
            UNION
            SELECT CASE WHEN l.case_id = f.case_id THEN l.linked_case ELSE l.case_id END
            FROM family f JOIN case_link l
                ON f.case_id IN (l.case_id, l.linked_case) AND l.kind = :same
        ) SELECT case_id FROM family ORDER BY case_id
        """
    )
)
_FILL_IN: Final = Statement(
    insert(QUESTIONNAIRE), columns=[column.name for column in QUESTIONNAIRE.c]
)
_FORMS: Final = Statement(
    select(QUESTIONNAIRE)
    .where(QUESTIONNAIRE.c.case_id == bindparam("case_id"))
    .order_by(QUESTIONNAIRE.c.recorded_at, QUESTIONNAIRE.c.questionnaire_id)
    .limit(SHOWN_LIMIT)
)


async def add_link(tx: Transaction, case_id: UUID, linked: UUID, kind: str, at: datetime) -> None:
    """Remember that two cases belong together; the same again changes nothing."""
    await tx.execute(_LINK, case_id=case_id, linked_case=linked, kind=kind, linked_at=at)


async def remove_link(tx: Transaction, case_id: UUID, linked: UUID, kind: str) -> int:
    """Forget a link, from whichever side it was made; how many rows said it."""
    return await tx.execute(_UNLINK, case_id=case_id, linked=linked, of_kind=kind)


async def makers_of(tx: Transaction, case_id: UUID, linked: UUID, kind: str) -> tuple[UUID, ...]:
    """Which of two cases were linked with the other one: whose stream told of it."""
    rows = await tx.fetch(_MAKERS, case_id=case_id, linked=linked, of_kind=kind)
    return tuple(row["case_id"] for row in rows)


async def links_of(tx: Transaction, case_id: UUID) -> tuple[tuple[UUID, str], ...]:
    """The cases at the other end of links from and to the case, oldest first."""
    return tuple(
        (row["linked_case"] if row["case_id"] == case_id else row["case_id"], row["kind"])
        for row in await tx.fetch(_LINKS, case_id=case_id)
    )


async def family_of(tx: Transaction, case_id: UUID) -> tuple[UUID, ...]:
    """The case and all that are the same one, by a merge or by a link that says so, in the order
    of their ids; the gateway keeps the safe for the same ones.
    """
    rows = await tx.fetch(_FAMILY, case_id=case_id, same=DUPLICATE_OF)
    return tuple(row["case_id"] for row in rows)


async def keep_answers(
    tx: Transaction, questionnaire_id: UUID, case_id: UUID, filled: Questionnaire
) -> None:
    """Keep the answers to a form: question and answer as codes."""
    await tx.execute(
        _FILL_IN,
        questionnaire_id=questionnaire_id,
        case_id=case_id,
        form=filled.form,
        form_version=filled.form_version,
        answers=dict(filled.answers),
        recorded_at=filled.recorded_at,
    )


async def questionnaires_of(tx: Transaction, case_id: UUID) -> tuple[Questionnaire, ...]:
    """The forms of the case with their answers, oldest first."""
    return tuple(_filled(row) for row in await tx.fetch(_FORMS, case_id=case_id))


def _filled(row: Record) -> Questionnaire:
    return Questionnaire(
        form=row["form"],
        form_version=row["form_version"],
        answers=tuple(row["answers"].items()),
        recorded_at=row["recorded_at"],
    )
