"""Pools whose places always add up, holds, episodes, and freezes.

Codes, counts, times and opaque ids only: no column may ever hold a name or where a place is.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE pool (
        pool_id uuid PRIMARY KEY,
        service_type text NOT NULL,
        audience_class text NOT NULL,
        maximum integer NOT NULL,
        available integer NOT NULL,
        held integer NOT NULL,
        occupied integer NOT NULL,
        out_of_service integer NOT NULL,
        reported_at timestamptz NOT NULL,
        CONSTRAINT places_add_up
            CHECK (available + held + occupied + out_of_service = maximum),
        CONSTRAINT no_place_is_negative
            CHECK (available >= 0 AND held >= 0 AND occupied >= 0 AND out_of_service >= 0)
    )
    """,
    "CREATE INDEX pool_service ON pool (service_type, pool_id)",
    """
    CREATE TABLE hold (
        task_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        pool_id uuid REFERENCES pool,
        service_type text NOT NULL,
        state text NOT NULL CHECK (state IN ('held', 'confirmed', 'checked-in', 'released')),
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX hold_case ON hold (case_id)",
    "CREATE INDEX hold_pool ON hold (pool_id) WHERE state <> 'released'",
    """
    CREATE TABLE episode (
        episode_id uuid PRIMARY KEY,
        task_id uuid NOT NULL UNIQUE,
        case_id uuid NOT NULL,
        service_type text NOT NULL,
        counted_by text NOT NULL,
        state text NOT NULL CHECK (state IN ('planned', 'active', 'completed', 'stopped')),
        unit text,
        total integer NOT NULL CHECK (total >= 0),
        outcome text,
        planned_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        CHECK ((state = 'completed') = (outcome IS NOT NULL)),
        CHECK (state NOT IN ('active', 'completed') OR unit IS NOT NULL)
    )
    """,
    "CREATE INDEX episode_case ON episode (case_id)",
    "CREATE INDEX episode_state ON episode (state, episode_id)",
    """
    CREATE TABLE case_freeze (
        case_id uuid PRIMARY KEY,
        frozen_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
