"""Stays here need the record of a case, as legal holds do: one table for both.

Stays that began before are read from the beginning of their topic.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE legal_hold_copy RENAME TO record_need",
    "ALTER TABLE record_need RENAME COLUMN hold_id TO need_id",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
