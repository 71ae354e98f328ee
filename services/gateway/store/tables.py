"""The gateway's tables as SQLAlchemy knows them; the migrations say what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.statement import ID, TEXTS, TIME

METADATA: Final = MetaData()

CASE_ROW: Final = Table(
    "case_row",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("frozen_at", TIME),
    Column("withdrawn_at", TIME),
    Column("created_at", TIME),
    Column("known_at", TIME),
    Column("all_stopped_at", TIME),
    Column("of_age_at", TIME),
    Column("over_at", TIME),
)
MERGED_CASE: Final = Table(
    "merged_case",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("into_case", ID, primary_key=True),
    Column("merged_at", TIME),
    Column("merged", Boolean),
)
CONSENT: Final = Table(
    "consent",
    METADATA,
    Column("consent_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("purposes", TEXTS),
    Column("categories", TEXTS),
    Column("recipients", TEXTS),
    Column("class_agency_type", Text),
    Column("class_oblasts", TEXTS),
    Column("class_except", TEXTS),
    Column("expires_at", TIME),
    Column("text_version", Text),
    Column("language", Text),
    Column("interpreter", Boolean),
    Column("given_by", Text),
    Column("occurred_at", TIME),
    Column("granted_at", TIME),
    Column("ended_at", TIME),
    Column("ended_kind", Text),
    Column("expiry_told_at", TIME),
)
RESTRICTION: Final = Table(
    "restriction",
    METADATA,
    Column("restriction_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("agency", Text),
    Column("agency_type", Text),
    Column("oblast", Text),
    Column("recorded_for", Text),
    Column("valid_until", TIME),
    Column("set_at", TIME),
)
LEGAL_HOLD: Final = Table(
    "legal_hold",
    METADATA,
    Column("hold_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("ground", Text),
    Column("placed_at", TIME),
    Column("ends_at", TIME),
    Column("confirm_by", TIME),
    Column("confirmed_at", TIME),
    Column("ended_at", TIME),
    Column("ended_kind", Text),
    Column("told_at", TIME),
)
STAY: Final = Table(
    "stay",
    METADATA,
    Column("task_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("ended_at", TIME),
)
SAME_PERSON: Final = Table(
    "same_person",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("linked_case", ID, primary_key=True),
)
PERSON: Final = Table(
    "person",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("sealed", LargeBinary),
    Column("kept_at", TIME),
    Column("version", BigInteger),
)
ORIGINAL_CODE: Final = Table(
    "original_code",
    METADATA,
    Column("cause_id", Text, primary_key=True),
    Column("subject", ID),
    Column("sealed", LargeBinary),
    Column("recorded_at", TIME),
    Column("event_type", Text),
    Column("topic", Text),
)
ANSWER: Final = Table(
    "answer",
    METADATA,
    Column("intake_id", ID, primary_key=True),
    Column("accepted", Boolean),
    Column("case_id", ID),
    Column("reasons", JSONB),
    Column("answered_at", TIME),
)
POLICY_COPY: Final = Table(
    "policy_copy",
    METADATA,
    Column("one", Boolean, primary_key=True),
    Column("version", BigInteger),
    Column("digest", Text),
    Column("valid_until", TIME),
    Column("document", JSONB),
    Column("copied_at", TIME),
)
