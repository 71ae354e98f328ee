"""Whose identification was taken back: the person does not count as identified, until again."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of no row of before anybody heard that it was revoked."""
    op.execute("ALTER TABLE case_codes ADD COLUMN revoked boolean NOT NULL DEFAULT false")
