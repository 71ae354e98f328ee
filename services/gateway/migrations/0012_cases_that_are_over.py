"""Since when a case is closed or void: nobody is asked again for a consent of it.

What was closed before is not known here.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute("ALTER TABLE case_row ADD COLUMN over_at timestamptz")
