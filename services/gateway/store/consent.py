"""The consent register and the restrictions of a case, one register for the whole node.

Read and changed under the case's row (``cases.lock_case``); the exchange half reads it in the
transaction that sends. Nothing here names the person.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, insert, or_, select, update

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID
from services.gateway.domain.consent import AgencyClass, Consent, Entry, Restriction
from services.gateway.store.tables import CONSENT, RESTRICTION

LATER: Final = frozenset({"ended_at", "ended_kind", "expiry_told_at"})
"""What is written after a consent was entered."""
_CONSENTS: Final = Statement(
    select(CONSENT)
    .where(CONSENT.c.case_id == bindparam("case_id"))
    .order_by(CONSENT.c.granted_at, CONSENT.c.consent_id)
)
_CONSENT_TAKEN: Final = Statement(
    select(func.count().label("found"))
    .select_from(CONSENT)
    .where(CONSENT.c.consent_id == bindparam("consent_id"))
)
_ADD_CONSENT: Final = Statement(
    insert(CONSENT),
    columns=[column.name for column in CONSENT.c if column.name not in LATER],
)
_END_CONSENTS: Final = Statement(
    update(CONSENT)
    .where(
        CONSENT.c.case_id == bindparam("the_case"),
        CONSENT.c.ended_at.is_(None),
        or_(
            bindparam("the_consent", type_=ID).is_(None),
            CONSENT.c.consent_id == bindparam("the_consent", type_=ID),
        ),
    )
    .values(ended_at=bindparam("at"), ended_kind=bindparam("kind"))
)
_EXPIRE: Final = Statement(
    update(CONSENT)
    .where(
        CONSENT.c.case_id == bindparam("the_case"),
        CONSENT.c.given_by == bindparam("giver"),
        CONSENT.c.ended_at.is_(None),
        CONSENT.c.expires_at > bindparam("at"),
    )
    .values(expires_at=bindparam("at"), expiry_told_at=bindparam("at"))
    .returning(CONSENT.c.consent_id)
)
_RESTRICTIONS: Final = Statement(
    select(RESTRICTION)
    .where(RESTRICTION.c.case_id == bindparam("case_id"))
    .order_by(RESTRICTION.c.set_at, RESTRICTION.c.restriction_id)
)
_RESTRICTION_TAKEN: Final = Statement(
    select(func.count().label("found"))
    .select_from(RESTRICTION)
    .where(RESTRICTION.c.restriction_id == bindparam("restriction_id"))
)
_LIFT: Final = Statement(
    update(RESTRICTION)
    .where(RESTRICTION.c.restriction_id == bindparam("the_restriction"))
    .values(valid_until=bindparam("at"))
)
_ADD_RESTRICTION: Final = Statement(
    insert(RESTRICTION), columns=[column.name for column in RESTRICTION.c]
)


async def read_consents(tx: Transaction, case_id: UUID) -> tuple[Consent, ...]:
    """Every consent of the case, ended and expired ones too, oldest first."""
    return tuple(_consent(row) for row in await tx.fetch(_CONSENTS, case_id=case_id))


async def read_consent_rows(tx: Transaction, case_id: UUID) -> list[dict[str, Any]]:
    """The register of the case as a person with the right to read it sees it."""
    return [dict(row) for row in await tx.fetch(_CONSENTS, case_id=case_id)]


async def read_entries(tx: Transaction, case_id: UUID) -> tuple[Entry, ...]:
    """When each consent of the case was entered, and when and how it ended."""
    return tuple(
        Entry(
            consent_id=row["consent_id"],
            granted_at=row["granted_at"],
            ended_at=row["ended_at"],
            ended_kind=row["ended_kind"],
        )
        for row in await tx.fetch(_CONSENTS, case_id=case_id)
    )


async def consent_exists(tx: Transaction, consent_id: UUID) -> bool:
    """Whether the id is taken, by whichever case."""
    row = await tx.fetch_one(_CONSENT_TAKEN, consent_id=consent_id)
    return row is not None and row["found"] > 0


async def add_consent(tx: Transaction, consent: Consent, recorded: Mapping[str, Any]) -> None:
    """Enter a consent; ``recorded`` holds text_version, language, interpreter and the like."""
    group = consent.agency_class
    await tx.execute(
        _ADD_CONSENT,
        consent_id=consent.consent_id,
        case_id=consent.case_id,
        purposes=sorted(consent.purposes),
        categories=sorted(consent.categories),
        given_by=consent.given_by,
        recipients=sorted(consent.recipients),
        class_agency_type=group.agency_type if group else None,
        class_oblasts=sorted(group.oblasts) if group else [],
        class_except=sorted(group.except_agencies) if group else [],
        expires_at=consent.expires_at,
        **recorded,
    )


async def end_consents(
    tx: Transaction, case_id: UUID, consent_id: UUID | None, *, kind: str, now: datetime
) -> int:
    """End one consent of the case, or every one; how many were live in the register."""
    return await tx.execute(
        _END_CONSENTS, the_case=case_id, the_consent=consent_id, kind=kind, at=now
    )


async def expire_consents(
    tx: Transaction, case_id: UUID, giver: str, now: datetime
) -> tuple[UUID, ...]:
    """Let what this giver agreed to cover nothing new from now on; which consents were live."""
    rows = await tx.fetch(_EXPIRE, the_case=case_id, giver=giver, at=now)
    return tuple(sorted(row["consent_id"] for row in rows))


async def read_restrictions(tx: Transaction, case_id: UUID) -> tuple[Restriction, ...]:
    """Every restriction of the case, oldest first."""
    return tuple(_restriction(row) for row in await tx.fetch(_RESTRICTIONS, case_id=case_id))


async def read_restriction_rows(tx: Transaction, case_id: UUID) -> list[dict[str, Any]]:
    """The restrictions as a person with the right to read them sees them."""
    return [dict(row) for row in await tx.fetch(_RESTRICTIONS, case_id=case_id)]


async def read_recorded(
    tx: Transaction, case_id: UUID, now: datetime
) -> tuple[tuple[Restriction, str], ...]:
    """Each restriction that still holds, with the code of whose wish it was; oldest first."""
    rows = await tx.fetch(_RESTRICTIONS, case_id=case_id)
    return tuple(
        (_restriction(row), row["recorded_for"])
        for row in rows
        if row["valid_until"] is None or row["valid_until"] > now
    )


async def restriction_exists(tx: Transaction, restriction_id: UUID) -> bool:
    """Whether the id is taken, by whichever case."""
    row = await tx.fetch_one(_RESTRICTION_TAKEN, restriction_id=restriction_id)
    return row is not None and row["found"] > 0


async def add_restriction(
    tx: Transaction, restriction: Restriction, *, recorded_for: str, now: datetime
) -> None:
    """Enter a restriction; only what came by a mistaken link is ever taken back."""
    await tx.execute(
        _ADD_RESTRICTION,
        restriction_id=restriction.restriction_id,
        case_id=restriction.case_id,
        agency=restriction.agency,
        agency_type=restriction.agency_type,
        oblast=restriction.oblast,
        recorded_for=recorded_for,
        valid_until=restriction.valid_until,
        set_at=now,
    )


async def lift_restriction(tx: Transaction, restriction_id: UUID, now: datetime) -> int:
    """A restriction that came only by a mistaken link holds until now; the row stays."""
    return await tx.execute(_LIFT, the_restriction=restriction_id, at=now)


def _consent(row: Record) -> Consent:
    group = None
    if row["class_agency_type"] is not None:
        group = AgencyClass(
            agency_type=row["class_agency_type"],
            oblasts=frozenset(row["class_oblasts"]),
            except_agencies=frozenset(row["class_except"]),
        )
    return Consent(
        consent_id=row["consent_id"],
        case_id=row["case_id"],
        purposes=frozenset(row["purposes"]),
        categories=frozenset(row["categories"]),
        given_by=row["given_by"],
        recipients=frozenset(row["recipients"]),
        agency_class=group,
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
    )


def _restriction(row: Record) -> Restriction:
    return Restriction(
        restriction_id=row["restriction_id"],
        case_id=row["case_id"],
        agency=row["agency"],
        agency_type=row["agency_type"],
        oblast=row["oblast"],
        valid_until=row["valid_until"],
    )
