"""Whether what is best for a child is still to be recorded: no placement comes before it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE known_case ADD COLUMN best_interests_open boolean NOT NULL DEFAULT false",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
