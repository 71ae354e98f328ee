"""As which event each step of a task was told to its sender: a refusal names only that event."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute(
        """
        CREATE TABLE progress_letter (
            outgoing_id uuid PRIMARY KEY,
            task_id uuid NOT NULL,
            state text NOT NULL
        )
        """
    )
