"""Which case goes on after the same one was entered twice: what began in either goes on."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE known_case DROP CONSTRAINT known_case_status_check",
    """
    ALTER TABLE known_case ADD CONSTRAINT known_case_status_check
        CHECK (status IN ('open', 'merged', 'closed', 'voided'))
    """,
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
