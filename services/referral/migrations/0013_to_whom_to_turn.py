"""Which agency the sender's people were told to turn to when nobody was left for a need."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = ("ALTER TABLE need ADD COLUMN told_agency text",)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
