"""Which cases are of one person, so that a restriction holds in each whenever it is recorded.

Each link is there twice, once from either side. Ids of the node's own cases, nothing else.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only."""
    op.execute(
        """
        CREATE TABLE same_person (
            case_id uuid NOT NULL REFERENCES case_row,
            linked_case uuid NOT NULL REFERENCES case_row,
            PRIMARY KEY (case_id, linked_case),
            CHECK (case_id <> linked_case)
        )
        """
    )
