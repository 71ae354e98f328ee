"""Unknown codes of other agencies' events are kept too: of which type, and on which topic it came.

Rows of before came in by the node's own door: their type is not known, their topic is none. No
column may hold a word that somebody sent; those stay in ``sealed``.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE original_code ADD COLUMN event_type text NOT NULL DEFAULT ''",
    "ALTER TABLE original_code ADD COLUMN topic text NOT NULL DEFAULT ''",
    "CREATE INDEX original_code_topic ON original_code (topic) WHERE topic <> ''",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
