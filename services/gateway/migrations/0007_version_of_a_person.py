"""How often identity in the safe was replaced: who replaces it names what they saw."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute("ALTER TABLE person ADD COLUMN version bigint NOT NULL DEFAULT 1")
