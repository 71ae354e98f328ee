"""Until when the provider expects the person, when it means to begin: alike on both sides."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE task ADD COLUMN arrive_by timestamptz",
    "ALTER TABLE task ADD COLUMN starts_at timestamptz",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
