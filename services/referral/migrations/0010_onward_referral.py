"""Whether another agency referred the person to us, and what was found best for a child then."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE known_case ADD COLUMN referred boolean NOT NULL DEFAULT false",
    """
    UPDATE known_case k SET referred = true
    WHERE EXISTS (
        SELECT 1 FROM task p
        WHERE p.case_id = k.case_id AND p.side = 'provider' AND NOT EXISTS (
            SELECT 1 FROM task s WHERE s.task_id = p.task_id AND s.side = 'sender'
        )
    )
    """,
    "ALTER TABLE request ADD COLUMN best_interests text",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
