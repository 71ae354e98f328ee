"""When a letter was written: one that was receipted or refused long ago is forgotten."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # now() is one value for the whole statement, so that no row is written anew
    "ALTER TABLE progress_letter ADD COLUMN written_at timestamptz NOT NULL DEFAULT now()",
    "ALTER TABLE progress_letter ALTER COLUMN written_at SET DEFAULT clock_timestamp()",
    "CREATE INDEX progress_letter_age ON progress_letter USING brin (written_at)",
    "CREATE INDEX withdrawn_offer_age ON withdrawn_offer USING brin (withdrawn_at)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
