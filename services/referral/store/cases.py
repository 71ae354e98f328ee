"""Copies of cases, of consent and restrictions, by case.

Changed only under the subject's lock of that case. A withdrawal writes its place in its stream, so
that an older grant, read later, never widens anything.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, any_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID
from services.referral.domain.agreements import AgencyClass, Consent, Restriction
from services.referral.domain.cases import Case, CaseStatus, Position
from services.referral.store.tables import CONSENT, KNOWN_CASE, RESTRICTION, columns_of

_READ: Final = Statement(select(KNOWN_CASE).where(KNOWN_CASE.c.case_id == bindparam("case_id")))
_FROZEN: Final = Statement(
    select(KNOWN_CASE.c.case_id).where(
        KNOWN_CASE.c.frozen, KNOWN_CASE.c.case_id == any_(bindparam("case_ids", type_=ARRAY(ID)))
    )
)
_NEW = insert(KNOWN_CASE).values({name: bindparam(name) for name in columns_of(KNOWN_CASE)})
_WRITE: Final = Statement(
    _NEW.on_conflict_do_update(
        index_elements=[KNOWN_CASE.c.case_id],
        set_={name: _NEW.excluded[name] for name in columns_of(KNOWN_CASE, "case_id")},
    )
)
_CONSENTS: Final = Statement(
    select(CONSENT).where(CONSENT.c.case_id == bindparam("case_id")).order_by(CONSENT.c.consent_id)
)
_GRANT: Final = Statement(
    insert(CONSENT)
    .values({name: bindparam(name) for name in columns_of(CONSENT, "ended_at")})
    .on_conflict_do_nothing()
)
_END: Final = Statement(
    update(CONSENT)
    .where(
        CONSENT.c.case_id == bindparam("the_case"),
        CONSENT.c.ended_at.is_(None),
        or_(
            bindparam("the_consent", type_=ID).is_(None),
            CONSENT.c.consent_id == bindparam("the_consent", type_=ID),
        ),
    )
    .values(ended_at=bindparam("at"))
)
_EXPIRE: Final = Statement(
    update(CONSENT)
    .where(
        CONSENT.c.case_id == bindparam("the_case"),
        CONSENT.c.consent_id == bindparam("the_consent"),
        CONSENT.c.expires_at > bindparam("at"),
    )
    .values(expires_at=bindparam("at"))
)
_RESTRICTIONS: Final = Statement(
    select(RESTRICTION)
    .where(RESTRICTION.c.case_id == bindparam("case_id"))
    .order_by(RESTRICTION.c.restriction_id)
)
_LIFT: Final = Statement(
    update(RESTRICTION)
    .where(
        RESTRICTION.c.case_id == bindparam("the_case"),
        RESTRICTION.c.restriction_id == bindparam("the_restriction"),
    )
    .values(valid_until=bindparam("at"))
)
_RESTRICT: Final = Statement(
    insert(RESTRICTION)
    .values({name: bindparam(name) for name in columns_of(RESTRICTION)})
    .on_conflict_do_nothing()
)


async def read_case(tx: Transaction, case_id: UUID) -> Case | None:
    """The copy of the case; also one of which only a stop or a withdrawal is known."""
    row = await tx.fetch_one(_READ, case_id=case_id)
    if row is None:
        return None
    return Case(
        case_id=row["case_id"],
        known=row["known"],
        counted_by=row["counted_by"],
        majority=row["majority"],
        audience_class=row["audience_class"],
        oblast=row["oblast"],
        language=row["language"],
        dependants=row["dependants"],
        best_interests_open=row["best_interests_open"],
        referred=row["referred"],
        status=CaseStatus(row["status"]),
        frozen=row["frozen"],
        withdrawn=Position(row["withdrawn_epoch"], row["withdrawn_sequence"]),
    )


async def read_frozen(tx: Transaction, case_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Which of these cases are frozen."""
    rows = await tx.fetch(_FROZEN, case_ids=list(case_ids))
    return frozenset(row["case_id"] for row in rows)


async def write_case(tx: Transaction, case: Case) -> None:
    """Remember the copy as it is now."""
    await tx.execute(
        _WRITE,
        case_id=case.case_id,
        known=case.known,
        counted_by=case.counted_by,
        majority=case.majority,
        audience_class=case.audience_class,
        oblast=case.oblast,
        language=case.language,
        dependants=case.dependants,
        best_interests_open=case.best_interests_open,
        referred=case.referred,
        status=str(case.status),
        frozen=case.frozen,
        withdrawn_epoch=case.withdrawn.epoch,
        withdrawn_sequence=case.withdrawn.sequence,
    )


async def read_consents(tx: Transaction, case_id: UUID) -> tuple[Consent, ...]:
    """Every consent of the case, ended and expired ones too."""
    return tuple(_consent(row) for row in await tx.fetch(_CONSENTS, case_id=case_id))


async def add_consent(tx: Transaction, case_id: UUID, consent: Consent) -> None:
    """Remember a grant; one that is known (ended or not) stays as it is."""
    group = consent.agency_class
    await tx.execute(
        _GRANT,
        case_id=case_id,
        consent_id=consent.consent_id,
        purposes=_sorted(consent.purposes),
        categories=_sorted(consent.categories),
        recipients=_sorted(consent.recipients),
        class_agency_type=group.agency_type if group else None,
        class_oblasts=_sorted(group.oblasts) if group else [],
        class_except=_sorted(group.except_agencies) if group else [],
        expires_at=consent.expires_at,
    )


async def end_consents(
    tx: Transaction, case_id: UUID, consent_id: UUID | None, at: datetime
) -> None:
    """End one consent of the case, or every one."""
    await tx.execute(_END, the_case=case_id, the_consent=consent_id, at=at)


async def expire_consent(tx: Transaction, case_id: UUID, consent_id: UUID, at: datetime) -> None:
    """Let a consent cover nothing new from then on; one that expires earlier stays as it is."""
    await tx.execute(_EXPIRE, the_case=case_id, the_consent=consent_id, at=at)


async def read_restrictions(tx: Transaction, case_id: UUID) -> tuple[Restriction, ...]:
    """Every restriction of the case, those no longer valid too."""
    rows = await tx.fetch(_RESTRICTIONS, case_id=case_id)
    return tuple(
        Restriction(
            restriction_id=row["restriction_id"],
            agency=row["agency"],
            agency_type=row["agency_type"],
            oblast=row["oblast"],
            valid_until=row["valid_until"],
        )
        for row in rows
    )


async def lift_restriction(
    tx: Transaction, case_id: UUID, restriction_id: UUID, at: datetime
) -> None:
    """A restriction that came by a mistaken link holds until then."""
    await tx.execute(_LIFT, the_case=case_id, the_restriction=restriction_id, at=at)


async def add_restriction(tx: Transaction, case_id: UUID, restriction: Restriction) -> None:
    """Remember a restriction."""
    await tx.execute(
        _RESTRICT,
        case_id=case_id,
        restriction_id=restriction.restriction_id,
        agency=restriction.agency,
        agency_type=restriction.agency_type,
        oblast=restriction.oblast,
        valid_until=restriction.valid_until,
    )


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
        purposes=frozenset(row["purposes"]),
        categories=frozenset(row["categories"]),
        expires_at=row["expires_at"],
        recipients=frozenset(row["recipients"]),
        agency_class=group,
        ended_at=row["ended_at"],
    )


def _sorted(codes: Iterable[str]) -> list[str]:
    return sorted(codes)
