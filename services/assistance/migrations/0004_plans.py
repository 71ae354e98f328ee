"""Assistance plans, and when somebody asks after the person. Codes only: no word of anybody."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE assistance_plan (
        plan_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('draft', 'agreed', 'active', 'reintegration',
            'follow-up', 'closed')),
        majority text NOT NULL,
        risk text NOT NULL,
        safety_plan text NOT NULL,
        needs text[] NOT NULL,
        goals text[] NOT NULL,
        parts jsonb NOT NULL,
        monitored_until timestamptz,
        reason text,
        changed_at timestamptz NOT NULL,
        CONSTRAINT only_follow_up_monitors
            CHECK (monitored_until IS NULL OR state = 'follow-up'),
        CONSTRAINT a_closed_plan_has_a_reason CHECK ((state = 'closed') = (reason IS NOT NULL))
    )
    """,
    "CREATE INDEX assistance_plan_case ON assistance_plan (case_id)",
    """
    CREATE TABLE follow_up (
        follow_up_id uuid PRIMARY KEY,
        plan_id uuid NOT NULL REFERENCES assistance_plan,
        due_at timestamptz NOT NULL,
        done_at timestamptz,
        feedback text[] NOT NULL,
        goals_met text[] NOT NULL
    )
    """,
    "CREATE INDEX follow_up_plan ON follow_up (plan_id)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
