"""What a case goes on as: a person who was entered twice counts once."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row of before is known to be a duplicate."""
    op.execute("ALTER TABLE case_codes ADD COLUMN merged_into text")
    op.execute("CREATE INDEX merged_case ON case_codes (merged_into) WHERE merged_into IS NOT NULL")
