"""The tables every service has: its instance, audit, deadlines, and which traces a subject had.

One ``op.execute`` per statement (the driver takes one at a time), plain SQL text, no schema name:
the search path is the schema. Rights are granted by ``services.chassis.schema`` after all
migrations, never here.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE instance (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        epoch integer NOT NULL CHECK (epoch > 0)
    )
    """,
    "INSERT INTO instance (epoch) VALUES (1)",
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        reason text NOT NULL
    )
    """,
    "CREATE INDEX audit_subject ON audit (subject, id)",
    """
    CREATE TABLE deadline (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        subject text NOT NULL,
        due_at timestamptz NOT NULL,
        detail jsonb NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        retry_at timestamptz NOT NULL DEFAULT '-infinity'
    )
    """,
    "CREATE INDEX deadline_due ON deadline (due_at)",
    "CREATE INDEX deadline_subject ON deadline (subject, kind)",
    """
    CREATE TABLE subject_trace (
        subject text NOT NULL,
        trace_id text NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (subject, trace_id)
    )
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
