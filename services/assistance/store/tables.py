"""Assistance's tables as SQLAlchemy knows them; the migrations say what they are for.

Only names and types are here. No statement and no value may be in it.
"""

from typing import Final

from sqlalchemy import Column, Integer, MetaData, Table, Text

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
)
CASE_FREEZE: Final = Table(
    "case_freeze",
    METADATA,
    Column("case_id", ID, primary_key=True),
    Column("frozen_at", TIME),
)
