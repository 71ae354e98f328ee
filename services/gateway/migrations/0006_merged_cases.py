"""Which case goes on after the same one was entered twice: stops and restrictions reach both."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE merged_case (
        case_id uuid PRIMARY KEY,
        into_case uuid NOT NULL,
        merged_at timestamptz NOT NULL,
        CHECK (case_id <> into_case)
    )
    """,
    "CREATE INDEX merged_case_into ON merged_case (into_case)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
