"""Indexes by age, so that what is kept too long is found cheaply."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE INDEX answer_age ON answer USING brin (answered_at)",
    "CREATE INDEX original_code_age ON original_code USING brin (recorded_at)",
    "CREATE INDEX exchange_inner_age ON exchange_inner USING brin (handled_at)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
