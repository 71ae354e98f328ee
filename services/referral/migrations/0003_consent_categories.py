"""What of the case a consent permits to be told; a copy without categories permits nothing."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute("ALTER TABLE consent ADD COLUMN categories text[] NOT NULL DEFAULT '{}'")
