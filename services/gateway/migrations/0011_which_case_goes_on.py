"""Which of two cases that are the same one goes on; a link `duplicate-of` says only that they are.

Rows of before were all written by a merge. One case may be the same as several others.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE merged_case
        DROP CONSTRAINT merged_case_pkey,
        ADD PRIMARY KEY (case_id, into_case),
        ADD COLUMN merged boolean NOT NULL DEFAULT true
    """,
    "ALTER TABLE merged_case ALTER COLUMN merged SET DEFAULT false",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
