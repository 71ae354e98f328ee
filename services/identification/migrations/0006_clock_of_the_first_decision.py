"""What the agency that handed a case over was told of the clock of the first decision.

Of a case that was handed over before nothing is: whoever was not told that the clock runs is told
nothing of it later.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE hand_over
        ADD COLUMN decision_clock text
            CHECK (decision_clock IN ('running', 'passed', 'over', 'not-told')),
        ADD COLUMN decision_due_at timestamptz
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
