"""Copies of consent and restrictions, per case; a case need not be known for them.

A withdrawal is never undone: a grant with a lower (epoch, sequence) than the last withdrawal of
the case is not entered, however late it arrives.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, exists, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.database import Record, Statement, Transaction
from services.chassis.statement import ID, TIME
from services.identification.domain import Consent, ConsentedClass, Restriction
from services.identification.store.tables import CONSENT_COPY, CONSENT_WITHDRAWAL, RESTRICTION_COPY

_EPOCH: Final = bindparam("epoch", type_=BigInteger())
_SEQUENCE: Final = bindparam("sequence", type_=BigInteger())

_CONSENTS: Final = Statement(
    select(CONSENT_COPY)
    .where(CONSENT_COPY.c.case_id == bindparam("case_id"))
    .order_by(CONSENT_COPY.c.epoch, CONSENT_COPY.c.sequence)
)
_NEWER_WITHDRAWAL: Final = Statement(
    select(CONSENT_WITHDRAWAL.c.sequence).where(
        CONSENT_WITHDRAWAL.c.case_id == bindparam("case_id"),
        tuple_(CONSENT_WITHDRAWAL.c.epoch, CONSENT_WITHDRAWAL.c.sequence)
        > tuple_(_EPOCH, _SEQUENCE),
    )
)
_ENDS: Final = frozenset({"ended", "ended_at"})
_GRANT: Final = insert(CONSENT_COPY).values(
    {column.name: bindparam(column.name) for column in CONSENT_COPY.c if column.name not in _ENDS}
    | {"ended": False}
)
_ENTER: Final = Statement(
    _GRANT.on_conflict_do_nothing(
        index_elements=[CONSENT_COPY.c.case_id, CONSENT_COPY.c.consent_id]
    )
)
_END: Final = Statement(
    update(CONSENT_COPY)
    .where(
        CONSENT_COPY.c.case_id == bindparam("the_case"),
        CONSENT_COPY.c.ended_at.is_(None),
        or_(
            bindparam("the_consent", type_=ID).is_(None),
            CONSENT_COPY.c.consent_id == bindparam("the_consent", type_=ID),
        ),
        tuple_(CONSENT_COPY.c.epoch, CONSENT_COPY.c.sequence) < tuple_(_EPOCH, _SEQUENCE),
    )
    .values(ended=True, ended_at=bindparam("at"))
)
_FOUND_TAKEN_BACK: Final = Statement(
    update(CONSENT_COPY)
    .where(
        CONSENT_COPY.c.case_id == bindparam("the_case"),
        CONSENT_COPY.c.consent_id == bindparam("the_consent"),
    )
    .values(ended=True)
)
_EXPIRE: Final = Statement(
    update(CONSENT_COPY)
    .where(
        CONSENT_COPY.c.case_id == bindparam("the_case"),
        CONSENT_COPY.c.consent_id == bindparam("the_consent"),
        CONSENT_COPY.c.expires_at > bindparam("at"),
    )
    .values(expires_at=bindparam("at"))
)
_MARK: Final = insert(CONSENT_WITHDRAWAL).values(
    case_id=bindparam("case_id"), epoch=bindparam("epoch"), sequence=bindparam("sequence")
)
_WITHDRAWN: Final = Statement(
    _MARK.on_conflict_do_update(
        index_elements=[CONSENT_WITHDRAWAL.c.case_id],
        set_={"epoch": _MARK.excluded.epoch, "sequence": _MARK.excluded.sequence},
        where=tuple_(CONSENT_WITHDRAWAL.c.epoch, CONSENT_WITHDRAWAL.c.sequence)
        < tuple_(_MARK.excluded.epoch, _MARK.excluded.sequence),
    )
)
_RESTRICTIONS: Final = Statement(
    select(RESTRICTION_COPY).where(RESTRICTION_COPY.c.case_id == bindparam("case_id"))
)
_RESTRICT: Final = Statement(
    insert(RESTRICTION_COPY)
    .values({column.name: bindparam(column.name) for column in RESTRICTION_COPY.c})
    .on_conflict_do_nothing()
)
_LIFTED: Final = RESTRICTION_COPY.alias("lifted")
_ELSEWHERE: Final = RESTRICTION_COPY.alias("elsewhere")
_SAID: Final = ("agency", "agency_type", "oblast", "valid_until")
_CARRIED: Final = exists().where(
    _ELSEWHERE.c.restriction_id == RESTRICTION_COPY.c.restriction_id,
    _ELSEWHERE.c.case_id != RESTRICTION_COPY.c.case_id,
)
"""What this service carried from case to case has one id in both; what is recorded has its own."""
_LIFT: Final = Statement(
    update(RESTRICTION_COPY)
    .where(
        RESTRICTION_COPY.c.case_id == bindparam("the_case"),
        _LIFTED.c.case_id == bindparam("the_case"),
        _LIFTED.c.restriction_id == bindparam("the_restriction"),
        *(RESTRICTION_COPY.c[name].is_not_distinct_from(_LIFTED.c[name]) for name in _SAID),
        or_(RESTRICTION_COPY.c.restriction_id == bindparam("the_restriction"), _CARRIED),
        or_(
            RESTRICTION_COPY.c.valid_until.is_(None),
            RESTRICTION_COPY.c.valid_until > bindparam("at", type_=TIME),
        ),
    )
    .values(valid_until=bindparam("at", type_=TIME))
)
_CARRY: Final = Statement(
    insert(RESTRICTION_COPY)
    .from_select(
        [column.name for column in RESTRICTION_COPY.c],
        select(
            bindparam("to_case", type_=ID).label("case_id"),
            *(column for column in RESTRICTION_COPY.c if column.name != "case_id"),
        ).where(RESTRICTION_COPY.c.case_id == bindparam("from_case")),
    )
    .on_conflict_do_nothing()
)


async def read_consents(tx: Transaction, case_id: UUID) -> tuple[Consent, ...]:
    """Every consent of the case, ended ones too, oldest first."""
    return tuple(_consent(row) for row in await tx.fetch(_CONSENTS, case_id=case_id))


async def enter_consent(
    tx: Transaction, case_id: UUID, consent: Consent, *, epoch: int, sequence: int
) -> bool:
    """Enter a grant; False when a later withdrawal is already known, or the grant is."""
    newer = await tx.fetch_one(_NEWER_WITHDRAWAL, case_id=case_id, epoch=epoch, sequence=sequence)
    if newer is not None:
        return False
    named = consent.recipient_class
    entered = await tx.execute(
        _ENTER,
        case_id=case_id,
        consent_id=consent.consent_id,
        purposes=sorted(consent.purposes),
        categories=sorted(consent.categories),
        recipients=sorted(consent.recipients),
        class_agency_type=named.agency_type if named else None,
        class_oblasts=sorted(named.oblasts) if named else [],
        class_except=sorted(named.except_agencies) if named else [],
        expires_at=consent.expires_at,
        recorded_at=consent.recorded_at,
        epoch=epoch,
        sequence=sequence,
    )
    return entered > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One consent, or every one that was granted before, is taken back."""

    consent_id: UUID | None
    at: datetime
    """When it was told at the gateway."""
    epoch: int
    sequence: int


async def end_consents(tx: Transaction, case_id: UUID, withdrawal: Withdrawal) -> int:
    """End one consent, or every one granted before; older grants stay out from now on."""
    place = {"epoch": withdrawal.epoch, "sequence": withdrawal.sequence}
    await tx.execute(_WITHDRAWN, case_id=case_id, **place)
    return await tx.execute(
        _END, the_case=case_id, the_consent=withdrawal.consent_id, at=withdrawal.at, **place
    )


async def mark_taken_back(tx: Transaction, case_id: UUID, consent_id: UUID) -> int:
    """End a consent of which the gateway said that it was taken back; when, the withdrawal says."""
    return await tx.execute(_FOUND_TAKEN_BACK, the_case=case_id, the_consent=consent_id)


async def expire_consent(tx: Transaction, case_id: UUID, consent_id: UUID, at: datetime) -> int:
    """Let a consent cover nothing new from then on; one that expires earlier stays as it is."""
    return await tx.execute(_EXPIRE, the_case=case_id, the_consent=consent_id, at=at)


async def read_restrictions(tx: Transaction, case_id: UUID) -> tuple[Restriction, ...]:
    """Every restriction of the case, expired ones too."""
    rows = await tx.fetch(_RESTRICTIONS, case_id=case_id)
    return tuple(
        Restriction(
            agency=row["agency"],
            agency_type=row["agency_type"],
            oblast=row["oblast"],
            valid_until=row["valid_until"],
        )
        for row in rows
    )


async def enter_restriction(
    tx: Transaction, case_id: UUID, restriction_id: UUID, restriction: Restriction
) -> None:
    """Remember a restriction; the same one again changes nothing."""
    valid_until: datetime | None = restriction.valid_until
    await tx.execute(
        _RESTRICT,
        case_id=case_id,
        restriction_id=restriction_id,
        agency=restriction.agency,
        agency_type=restriction.agency_type,
        oblast=restriction.oblast,
        valid_until=valid_until,
    )


async def lift_restriction(
    tx: Transaction, case_id: UUID, restriction_id: UUID, at: datetime
) -> int:
    """A restriction that only a mistaken link brought holds no longer, and neither does what says
    the same and came from another case: this service carried it over, before the gateway did.

    What was recorded in this case stays, though it says the same: the lift may come late.
    """
    return await tx.execute(_LIFT, the_case=case_id, the_restriction=restriction_id, at=at)


async def carry_restrictions(tx: Transaction, from_case: UUID, to_case: UUID) -> int:
    """Let every restriction of one case hold for another, too; how many are new there."""
    return await tx.execute(_CARRY, from_case=from_case, to_case=to_case)


def _consent(row: Record) -> Consent:
    named = None
    if row["class_agency_type"] is not None:
        named = ConsentedClass(
            agency_type=row["class_agency_type"],
            oblasts=frozenset(row["class_oblasts"]),
            except_agencies=frozenset(row["class_except"]),
        )
    return Consent(
        consent_id=row["consent_id"],
        purposes=frozenset(row["purposes"]),
        categories=frozenset(row["categories"]),
        recipients=frozenset(row["recipients"]),
        recipient_class=named,
        expires_at=row["expires_at"],
        recorded_at=row["recorded_at"],
        ended=row["ended"],
        ended_at=row["ended_at"],
    )
