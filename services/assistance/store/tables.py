"""Assistance's tables as SQLAlchemy knows them; the migrations say what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import ARRAY, Boolean, Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.statement import ID, TIME

METADATA: Final = MetaData()

POOL: Final = Table(
    "pool",
    METADATA,
    Column("pool_id", ID, primary_key=True),
    Column("service_type", Text),
    Column("audience_class", Text),
    Column("maximum", Integer),
    Column("available", Integer),
    Column("held", Integer),
    Column("occupied", Integer),
    Column("out_of_service", Integer),
    Column("reported_at", TIME),
    Column("suits", ARRAY(Text)),
    Column("closed_because", Text),
    Column("waiting_list", Boolean),
)
HOLD: Final = Table(
    "hold",
    METADATA,
    Column("task_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("pool_id", ID),
    Column("service_type", Text),
    Column("state", Text),
    Column("expires_at", TIME),
    Column("audience_class", Text),
    Column("placement_class", Text),
    Column("reason", Text),
    Column("arrive_by", TIME),
    Column("since", TIME),
    Column("ends_at", TIME),
    Column("asks_own_consent", Boolean),
)
EPISODE: Final = Table(
    "episode",
    METADATA,
    Column("episode_id", ID, primary_key=True),
    Column("task_id", ID),
    Column("case_id", ID),
    Column("service_type", Text),
    Column("counted_by", Text),
    Column("state", Text),
    Column("unit", Text),
    Column("total", Integer),
    Column("outcome", Text),
    Column("planned_at", TIME),
    Column("changed_at", TIME),
    Column("starts_at", TIME),
    Column("reason", Text),
)
CASE_FREEZE: Final = Table(
    "case_freeze",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("frozen_at", TIME),
)
SOCIAL_CONTRACT: Final = Table(
    "social_contract",
    METADATA,
    Column("contract_id", ID, primary_key=True),
    Column("service_type", Text),
    Column("unit", Text),
    Column("funding", Text),
    Column("recipient", Text),
    Column("funded", Integer),
    Column("delivered", Integer),
    Column("starts_at", TIME),
    Column("ends_at", TIME),
)
DELIVERY: Final = Table(
    "delivery",
    METADATA,
    Column("delivery_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("task_id", ID),
    Column("service_type", Text),
    Column("unit", Text),
    Column("quantity", Integer),
    Column("contract_id", ID),
    Column("happened_at", TIME),
)
ASSISTANCE_PLAN: Final = Table(
    "assistance_plan",
    METADATA,
    Column("plan_id", ID, primary_key=True),
    Column("case_id", ID),
    Column("state", Text),
    Column("majority", Text),
    Column("risk", Text),
    Column("safety_plan", Text),
    Column("needs", ARRAY(Text)),
    Column("goals", ARRAY(Text)),
    Column("parts", JSONB),
    Column("monitored_until", TIME),
    Column("reason", Text),
    Column("changed_at", TIME),
)
FOLLOW_UP: Final = Table(
    "follow_up",
    METADATA,
    Column("follow_up_id", ID, primary_key=True),
    Column("plan_id", ID),
    Column("due_at", TIME),
    Column("done_at", TIME),
    Column("feedback", ARRAY(Text)),
    Column("goals_met", ARRAY(Text)),
)
