"""Which legal holds stand over which case: nobody is told to destroy what is held.

Nothing was held before; clocks that run go on.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute(
        """
        CREATE TABLE legal_hold_copy (
            case_id uuid NOT NULL,
            hold_id uuid NOT NULL,
            ended_at timestamptz,
            PRIMARY KEY (case_id, hold_id)
        )
        """
    )
