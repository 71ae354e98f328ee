"""Who is to be told as a number: cases until the batch is sent, so that it is decided then.

What the person forbade after they were counted holds at that moment. Numbers that an older version
had counted and not yet sent go: nobody can say any more whom they were of.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "DELETE FROM anonymous_count",
    """
    ALTER TABLE anonymous_count
        DROP COLUMN agency,
        DROP COLUMN citizen_group,
        DROP COLUMN exploitation_group,
        DROP COLUMN persons,
        ADD COLUMN case_id uuid PRIMARY KEY REFERENCES person_case
    """,
    "CREATE INDEX anonymous_count_due ON anonymous_count (due_at)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
