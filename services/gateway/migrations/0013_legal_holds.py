"""Legal holds: what keeps a record from being destroyed, until when, and how it ended.

Nothing was held before: of a case that was frozen, no row says otherwise.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE legal_hold (
        hold_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        ground text NOT NULL,
        placed_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        confirm_by timestamptz NOT NULL,
        confirmed_at timestamptz,
        ended_at timestamptz,
        ended_kind text,
        told_at timestamptz,
        CHECK (ends_at > placed_at),
        CHECK ((ended_at IS NULL) = (ended_kind IS NULL))
    )
    """,
    "CREATE INDEX legal_hold_case ON legal_hold (case_id)",
    "CREATE INDEX legal_hold_open ON legal_hold (ends_at) WHERE ended_at IS NULL",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
