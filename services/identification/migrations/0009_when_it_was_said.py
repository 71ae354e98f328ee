"""When a consent was taken back, and since when an agency that took a case has let it go.

Neither is known of before: what was taken back then counts as taken back when it was agreed to, and
an agency that let a case go then is offered it no more.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE consent_copy ADD COLUMN ended_at timestamptz",
    "ALTER TABLE hand_over ADD COLUMN let_go_at timestamptz",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
