"""How many come along, as the case says, and whom a pool's places take beside their audience."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE known_case ADD COLUMN dependants integer",
    "ALTER TABLE pool ADD COLUMN suits text[] NOT NULL DEFAULT '{}'",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
