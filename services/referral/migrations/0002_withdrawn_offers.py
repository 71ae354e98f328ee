"""Offers taken back before they arrived: what the sender said stays, nothing waits for it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute(
        """
        CREATE TABLE withdrawn_offer (
            task_id uuid NOT NULL,
            sender text NOT NULL,
            state text NOT NULL,
            withdrawn_at timestamptz NOT NULL,
            PRIMARY KEY (task_id, sender)
        )
        """
    )
