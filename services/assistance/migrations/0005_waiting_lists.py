"""Whether a provider keeps a waiting list for the places of a pool; nobody has said so before."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = ("ALTER TABLE pool ADD COLUMN waiting_list boolean NOT NULL DEFAULT false",)


def upgrade() -> None:
    """Keep it."""
    for statement in STATEMENTS:
        op.execute(statement)
