"""Referral's tables as SQLAlchemy knows them; the migrations say what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.statement import ID, TEXTS, TIME

METADATA: Final = MetaData()

KNOWN_CASE: Final = Table(
    "known_case",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("known", Boolean),
    Column("counted_by", Text),
    Column("majority", Text),
    Column("audience_class", Text),
    Column("oblast", Text),
    Column("language", Text),
    Column("best_interests_open", Boolean),
    Column("status", Text),
    Column("frozen", Boolean),
    Column("withdrawn_epoch", BigInteger),
    Column("withdrawn_sequence", BigInteger),
    Column("dependants", Integer),
    Column("referred", Boolean),
)
CONSENT: Final = Table(
    "consent",
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
    Column("ended_at", TIME),
)
RESTRICTION: Final = Table(
    "restriction",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("restriction_id", ID, primary_key=True),
    Column("agency", Text),
    Column("agency_type", Text),
    Column("oblast", Text),
    Column("valid_until", TIME),
)
POLICY: Final = Table(
    "policy",
    METADATA,
    Column("one", Boolean, primary_key=True),
    Column("version", BigInteger),
    Column("document", JSONB),
)
POOL: Final = Table(
    "pool",
    METADATA,
    Column("pool_id", ID, primary_key=True),
    Column("service_type", Text),
    Column("audience_class", Text),
    Column("status", Text),
    Column("reported_at", TIME),
    Column("suits", TEXTS),
)
REQUEST: Final = Table(
    "request",
    METADATA,
    Column("request_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("urgency", Text),
    Column("audience_class", Text),
    Column("language", Text),
    Column("preferred", TEXTS),
    Column("opened_at", TIME),
    Column("dependants", Integer),
    Column("separation_reason", Text),
    Column("return_of", ID),
    Column("best_interests", Text),
    Column("access_needs", TEXTS),
)
DRAFT_REQUEST: Final = Table(
    "draft_request",
    METADATA,
    Column("request_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("urgency", Text),
    Column("audience_class", Text),
    Column("language", Text),
    Column("preferred", TEXTS),
    Column("dependants", Integer),
    Column("separation_reason", Text),
    Column("return_of", ID),
    Column("best_interests", Text),
    Column("access_needs", TEXTS),
    Column("need_ids", ARRAY(ID)),
    Column("service_types", TEXTS),
    Column("drafted_at", TIME),
    Column("warn_at", TIME),
    Column("ends_at", TIME),
)
NEED: Final = Table(
    "need",
    METADATA,
    Column("request_id", ID, primary_key=True),
    Column("need_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("service_type", Text),
    Column("state", Text),
    Column("round", Integer),
    Column("told", Text),
    Column("told_agency", Text),
    Column("due_at", TIME),
)
CONSIDERATION: Final = Table(
    "consideration",
    METADATA,
    Column("request_id", ID, primary_key=True),
    Column("need_id", ID, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("service_id", Text, primary_key=True),
    Column("agency", Text),
    Column("verdicts", TEXTS),
    Column("considered_at", TIME),
)
CAPACITY_QUERY: Final = Table(
    "capacity_query",
    METADATA,
    Column("query_id", ID, primary_key=True),
    Column("request_id", ID),
    Column("need_id", ID),
    Column("round", Integer),
    Column("service_id", Text),
    Column("agency", Text),
    Column("outgoing_id", ID),
    Column("status", Text),
    Column("asked_at", TIME),
)
TASK: Final = Table(
    "task",
    METADATA,
    Column("task_id", ID, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("case_id", ID),
    Column("other_agency", Text),
    Column("service_type", Text),
    Column("urgency", Text),
    Column("majority", Text),
    Column("audience_class", Text),
    Column("language", Text),
    Column("dependants", Integer),
    Column("access_needs", TEXTS),
    Column("counted_by", Text),
    Column("request_id", ID),
    Column("need_id", ID),
    Column("service_id", Text),
    Column("answer_by", TIME),
    Column("seen_by", TIME),
    Column("start_by", TIME),
    Column("arrive_by", TIME),
    Column("starts_at", TIME),
    Column("state", Text),
    Column("reason", Text),
    Column("hold_until", TIME),
    Column("hand_over_reference", ID),
    Column("outcome", Text),
    Column("unit", Text),
    Column("quantity", Integer),
    Column("outgoing_id", ID),
    Column("offered_at", TIME),
    Column("changed_at", TIME),
)
REFUSED_PROVIDER: Final = Table(
    "refused_provider",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("agency", Text, primary_key=True),
    Column("refused_at", TIME),
)
MERGED_CASE: Final = Table(
    "merged_case",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("into_case", ID),
    Column("merged_at", TIME),
)
WITHDRAWN_OFFER: Final = Table(
    "withdrawn_offer",
    METADATA,
    Column("task_id", ID, primary_key=True),
    Column("sender", Text, primary_key=True),
    Column("state", Text),
    Column("withdrawn_at", TIME),
)
PROGRESS_LETTER: Final = Table(
    "progress_letter",
    METADATA,
    Column("outgoing_id", ID, primary_key=True),
    Column("task_id", ID),
    Column("state", Text),
    Column("written_at", TIME),
)


def columns_of(table: Table, *without: str) -> list[str]:
    """The names of a table's columns, but those left out."""
    return [column.name for column in table.c if column.name not in without]
