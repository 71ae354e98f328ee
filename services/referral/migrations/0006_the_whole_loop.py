"""Families, returns, escalation, choices by hand, and every clock where both sides can read it."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE request ADD COLUMN dependants integer",
    "ALTER TABLE request ADD COLUMN separation_reason text",
    "ALTER TABLE request ADD COLUMN return_of uuid",
    "ALTER TABLE need DROP CONSTRAINT need_state_check",
    """
    ALTER TABLE need ADD CONSTRAINT need_state_check
        CHECK (state IN ('asking', 'offered', 'not-found', 'escalated', 'ended'))
    """,
    "ALTER TABLE need ADD COLUMN told text",
    "ALTER TABLE need ADD COLUMN due_at timestamptz",
    "ALTER TABLE task ADD COLUMN seen_by timestamptz",
    "ALTER TABLE task ADD COLUMN start_by timestamptz",
    "CREATE INDEX task_need ON task (request_id, need_id)",
    """
    CREATE TABLE refused_provider (
        case_id uuid NOT NULL,
        agency text NOT NULL,
        refused_at timestamptz NOT NULL,
        PRIMARY KEY (case_id, agency)
    )
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
