"""What the door writes to the outbox: commands, answers, facts of consent, the policy.

Models come ready-made from ``disclosure``; only subject and correlation are added here.
"""

from typing import Final, TypeAlias
from uuid import UUID

from contracts.envelope import Contract
from contracts.gateway import (
    ConsentEnded,
    ConsentExpired,
    ConsentExpiryNear,
    ConsentGranted,
    LegalHoldEnded,
    LegalHoldEndNear,
    LegalHoldSet,
    PersonDestroyed,
    PolicyCopied,
    RestrictionLifted,
    RestrictionSet,
)
from contracts.intake import IntakeAccepted, IntakeRefused
from services.chassis.database import Transaction
from services.chassis.messaging.outbox import publish

POLICY_SUBJECT: Final = "00000000-0000-4000-8000-000000000001"
DOOR_SUBJECT: Final = "00000000-0000-4000-8000-000000000002"
"""Stream of answers to what names neither a case nor itself."""


ConsentFact: TypeAlias = (
    ConsentGranted
    | ConsentEnded
    | ConsentExpired
    | ConsentExpiryNear
    | RestrictionSet
    | RestrictionLifted
    | LegalHoldSet
    | LegalHoldEndNear
    | LegalHoldEnded
    | PersonDestroyed
)


def publish_command(tx: Transaction, command: Contract, *, subject: UUID, intake_id: UUID) -> None:
    """A command for the service that owns it; the answer will name ``intake_id``."""
    publish(tx, command, subject=str(subject), correlation=str(intake_id))


def publish_answer(
    tx: Transaction, answer: IntakeAccepted | IntakeRefused, *, subject: UUID | None
) -> None:
    """The gateway's own final answer."""
    known = subject or answer.intake_id
    publish(
        tx,
        answer,
        subject=str(known) if known else DOOR_SUBJECT,
        correlation=str(answer.intake_id) if answer.intake_id else None,
    )


def publish_consent_fact(
    tx: Transaction,
    fact: ConsentFact,
    *,
    case_id: UUID,
) -> None:
    """A fact of consent, for every service of the node."""
    publish(tx, fact, subject=str(case_id))


def publish_policy(tx: Transaction, policy: PolicyCopied) -> None:
    """The policy in force, for every service of the node."""
    publish(tx, policy, subject=POLICY_SUBJECT)
