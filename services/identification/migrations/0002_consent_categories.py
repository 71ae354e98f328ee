"""What of the case a consent permits to be told; a copy without categories permits nothing."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute("ALTER TABLE consent_copy ADD COLUMN categories text[] NOT NULL DEFAULT '{}'")
