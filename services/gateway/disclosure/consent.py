"""What the node's services learn of consent and restrictions: who, for what, until when.

Which text was read, in which language and who gave it stay in the register: no service needs it.
"""

from datetime import datetime
from uuid import UUID

from contracts.gateway import (
    ConsentEnded,
    ConsentExpired,
    ConsentExpiryNear,
    ConsentGranted,
    RestrictionLifted,
    RestrictionSet,
)
from contracts.intake import RecipientClass
from services.gateway.domain.consent import Consent, ExpiringConsent, Restriction


def consent_granted(consent: Consent) -> ConsentGranted:
    """A consent is live."""
    group = consent.agency_class
    return ConsentGranted(
        consent_id=consent.consent_id,
        purposes=tuple(sorted(consent.purposes)),
        categories=tuple(sorted(consent.categories)),
        expires_at=consent.expires_at,
        recipients=tuple(sorted(consent.recipients)),
        recipient_class=RecipientClass(
            agency_type=group.agency_type,
            oblasts=tuple(sorted(group.oblasts)),
            except_agencies=tuple(sorted(group.except_agencies)),
        )
        if group
        else None,
    )


def consent_ended(consent_id: UUID | None, kind: str) -> ConsentEnded:
    """One consent, or every one of the case, was withdrawn."""
    return ConsentEnded(kind=kind, consent_id=consent_id)


def consent_expired(consent_id: UUID, at: datetime) -> ConsentExpired:
    """A consent covers nothing new from now on."""
    return ConsentExpired(consent_id=consent_id, expired_at=at)


def consent_expiry_near(row: ExpiringConsent) -> ConsentExpiryNear:
    """A consent will soon cover nothing new."""
    return ConsentExpiryNear(
        consent_id=row.consent_id, purposes=row.purposes, expires_at=row.expires_at
    )


def restriction_set(restriction: Restriction) -> RestrictionSet:
    """Never to this agency, type or oblast."""
    return RestrictionSet(
        restriction_id=restriction.restriction_id,
        agency=restriction.agency,
        agency_type=restriction.agency_type,
        oblast=restriction.oblast,
        valid_until=restriction.valid_until,
    )


def restriction_lifted(restriction_id: UUID, at: datetime) -> RestrictionLifted:
    """It came by a link that was a mistake, and holds no longer."""
    return RestrictionLifted(restriction_id=restriction_id, lifted_at=at)
