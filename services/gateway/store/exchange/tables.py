"""The exchange's tables as SQLAlchemy knows them; the migration says what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Identity, LargeBinary, Table, Text

from services.chassis.statement import ID, TEXTS, TIME
from services.gateway.store.tables import METADATA

PAIR_OUT: Final = Table(
    "exchange_pair_out",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("epoch", BigInteger),
    Column("upto", BigInteger),
    Column("head", Text),
    Column("receipt_at", BigInteger),
    Column("seen_epoch", BigInteger),
    Column("seen_upto", BigInteger),
    Column("database_epoch", BigInteger),
    Column("alarm", Text),
)
PAIR_IN: Final = Table(
    "exchange_pair_in",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("epoch", BigInteger),
    Column("upto", BigInteger),
    Column("head", Text),
    Column("stuck", Boolean),
    Column("read_offset", BigInteger),
    Column("reported_at", BigInteger),
    Column("alarm", Text),
)
SEEN: Final = Table(
    "exchange_seen",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("digest", Text),
    Column("seen_at", TIME),
)
INNER: Final = Table(
    "exchange_inner",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("inner_id", ID, primary_key=True),
    Column("handled_at", TIME),
)
PARKED: Final = Table(
    "exchange_parked",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text),
    Column("epoch", BigInteger),
    Column("seq", BigInteger),
    Column("sealed", LargeBinary),
    Column("error", Text),
    Column("parked_at", TIME),
    Column("again", Boolean),
)
SENDING: Final = Table(
    "exchange_sending",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text),
    Column("outgoing_id", ID),
    Column("event_type", Text),
    Column("purpose", Text),
    Column("subject", ID),
    Column("body", LargeBinary),
    Column("inner_id", ID),
    Column("reference", ID),
    Column("stopped", Text),
    Column("queued_at", TIME),
    Column("tell_at", TIME),
    Column("told_at", TIME),
    Column("epoch", BigInteger),
    Column("seq", BigInteger),
    Column("digest", Text),
    Column("head", Text),
    Column("record", LargeBinary),
    Column("not_after", TIME),
)
REFERENCE: Final = Table(
    "exchange_reference",
    METADATA,
    Column("agency", Text, primary_key=True),
    Column("reference", ID, primary_key=True),
    Column("case_id", ID),
    Column("origin", Text),
    Column("state", Text),
    Column("made_at", TIME),
    Column("ended_at", TIME),
    Column("noticed_at", TIME),
)
DISCLOSURE: Final = Table(
    "exchange_disclosure",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text),
    Column("inner_id", ID),
    Column("case_id", ID),
    Column("reference", ID),
    Column("event_type", Text),
    Column("purpose", Text),
    Column("basis", Text),
    Column("basis_id", ID),
    Column("disclosed_at", TIME),
)
PLAN: Final = Table(
    "statistics_plan",
    METADATA,
    Column("plan_id", ID, primary_key=True),
    Column("roster", TEXTS),
    Column("custodians", TEXTS),
    Column("digest", Text),
    Column("copied_at", TIME),
)
