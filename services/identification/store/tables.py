"""Identification's tables as SQLAlchemy knows them; the migrations say what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.statement import ID, TEXTS, TIME

METADATA: Final = MetaData()

PERSON_CASE: Final = Table(
    "person_case",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("origin", Text),
    Column("counted_by", Text),
    Column("codes", JSONB),
    Column("state", Text),
    Column("state_detail", JSONB),
    Column("occurred_at", TIME),
    Column("recorded_at", TIME),
    Column("grounds_due_at", TIME),
    Column("record", JSONB),
)
CASE_FREEZE: Final = Table(
    "case_freeze",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("frozen_at", TIME),
)
RECORD_NEED: Final = Table(
    "record_need",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("need_id", ID, primary_key=True),
    Column("ended_at", TIME),
    Column("of_before", Boolean),
)
DESTROYED_RECORD: Final = Table(
    "destroyed_record",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("destroyed_at", TIME),
)
CONSENT_COPY: Final = Table(
    "consent_copy",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("consent_id", ID, primary_key=True),
    Column("purposes", TEXTS),
    Column("categories", TEXTS),
    Column("recipients", TEXTS),
    Column("class_agency_type", Text),
    Column("class_oblasts", TEXTS),
    Column("class_except", TEXTS),
    Column("expires_at", TIME),
    Column("recorded_at", TIME),
    Column("epoch", BigInteger),
    Column("sequence", BigInteger),
    Column("ended", Boolean),
    Column("ended_at", TIME),
)
CONSENT_WITHDRAWAL: Final = Table(
    "consent_withdrawal",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("epoch", BigInteger),
    Column("sequence", BigInteger),
)
RESTRICTION_COPY: Final = Table(
    "restriction_copy",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("restriction_id", ID, primary_key=True),
    Column("agency", Text),
    Column("agency_type", Text),
    Column("oblast", Text),
    Column("valid_until", TIME),
)
POLICY_COPY: Final = Table(
    "policy_copy",
    METADATA,
    Column("one", Boolean, primary_key=True),
    Column("version", BigInteger),
    Column("document", JSONB),
)
HAND_OVER: Final = Table(
    "hand_over",
    METADATA,
    Column("offer_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("direction", Text),
    Column("agency", Text),
    Column("outgoing_id", ID),
    Column("state", Text),
    Column("reason", Text),
    Column("hand_over_reference", ID),
    Column("changed_at", TIME),
    Column("decision_clock", Text),
    Column("decision_due_at", TIME),
    Column("let_go_at", TIME),
)
CASE_LINK: Final = Table(
    "case_link",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("linked_case", ID, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("linked_at", TIME),
)
NOTICE: Final = Table(
    "notice",
    METADATA,
    Column("notification_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("kind", Text),
    Column("direction", Text),
    Column("agency", Text),
    Column("agency_type", Text),
    Column("outgoing_id", ID),
    Column("state", Text),
    Column("changed_at", TIME),
    Column("detail", JSONB),
)
QUESTIONNAIRE: Final = Table(
    "questionnaire",
    METADATA,
    Column("questionnaire_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("form", Text),
    Column("form_version", Text),
    Column("answers", JSONB),
    Column("recorded_at", TIME),
)
ANONYMOUS_COUNT: Final = Table(
    "anonymous_count",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("due_at", TIME),
)
