"""When somebody was told that a consent expires. Consents of before are told of, too."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE consent ADD COLUMN expiry_told_at timestamptz",
    """
    CREATE INDEX consent_expires ON consent (expires_at)
        WHERE ended_at IS NULL AND expiry_told_at IS NULL
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
