"""An index by age for the digests of handled records: they are forgotten a batch at a time."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute("CREATE INDEX exchange_seen_age ON exchange_seen USING brin (seen_at)")
