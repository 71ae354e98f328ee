"""What a service must have so that the person can come and be understood."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE request ADD COLUMN access_needs text[] NOT NULL DEFAULT '{}'",
    "ALTER TABLE task ADD COLUMN access_needs text[] NOT NULL DEFAULT '{}'",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
