"""Who lives in a place of this node: what the safe has of them is not destroyed meanwhile.

A stay that began before is known from the moment at which its provider is told to ask for its own
consent; one that was told of that before, by nothing: of such a case look before destroying.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE stay (
        task_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        ended_at timestamptz
    )
    """,
    "CREATE INDEX stay_case ON stay (case_id)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
