"""The rows of the real command as classes of SQLAlchemy's ORM, for the peer that uses it.

The tables are those of identification and of its chassis; nothing may be left out that ours
writes, but for the counters of the outbox, which is in the peer's favour.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Rows(DeclarativeBase):
    """All of them."""

    type_annotation_map = {  # noqa: RUF012 - as its documentation shows it
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


class Known(Rows):
    """An event that was handled."""

    __tablename__ = "inbox_known"
    consumer: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[str]
    handled_at: Mapped[datetime]


class PersonCase(Rows):
    """A case."""

    __tablename__ = "person_case"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    origin: Mapped[str]
    counted_by: Mapped[str]
    codes: Mapped[dict[str, Any]]
    state: Mapped[str]
    state_detail: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    grounds_due_at: Mapped[datetime | None]


class CaseFreeze(Rows):
    """Since when nothing of a case may be changed."""

    __tablename__ = "case_freeze"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    frozen_at: Mapped[datetime]


class PolicyCopy(Rows):
    """The policy in force."""

    __tablename__ = "policy_copy"
    one: Mapped[bool] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[dict[str, Any]]


class ConsentCopy(Rows):
    """A consent."""

    __tablename__ = "consent_copy"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    purposes: Mapped[list[str]]
    recipients: Mapped[list[str]]
    expires_at: Mapped[datetime]
    epoch: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)


class RestrictionCopy(Rows):
    """Who may not be told."""

    __tablename__ = "restriction_copy"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    restriction_id: Mapped[UUID] = mapped_column(primary_key=True)
    agency: Mapped[str | None]


class HandOver(Rows):
    """A hand-over."""

    __tablename__ = "hand_over"
    offer_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    direction: Mapped[str]
    changed_at: Mapped[datetime]


class Deadline(Rows):
    """When to look again."""

    __tablename__ = "deadline"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    due_at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class Outgoing(Rows):
    """An event to be sent."""

    __tablename__ = "outbox"
    position: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    id: Mapped[UUID]
    aggregatetype: Mapped[str]
    aggregateid: Mapped[str]
    type: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    topic: Mapped[str]
    key: Mapped[str]
    headers: Mapped[dict[str, Any]]
    shard: Mapped[int] = mapped_column(SmallInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(Integer)


class Audit(Rows):
    """An act."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]


class SubjectTrace(Rows):
    """A trace in which a case was worked on."""

    __tablename__ = "subject_trace"
    subject: Mapped[str] = mapped_column(primary_key=True)
    trace_id: Mapped[str] = mapped_column(primary_key=True)
