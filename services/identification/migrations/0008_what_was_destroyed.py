"""Cases of which the gateway destroyed what its safe had: nobody is asked to destroy them again.

What was destroyed before is not known here: of such a case people are asked once more after a later
stay or hold of a case that is the same one. Needs that have not ended stand under other ids than
those of now; they are marked, because nothing else tells a stay's from a hold's.

And whoever was taken over as somebody believed to be a child before that started a clock is looked
at again now: the clock rings at once, and from then on as often as the profile says.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE destroyed_record (
        case_id uuid PRIMARY KEY,
        destroyed_at timestamptz NOT NULL
    )
    """,
    "ALTER TABLE record_need ADD COLUMN of_before boolean NOT NULL DEFAULT false",
    "UPDATE record_need SET of_before = true WHERE ended_at IS NULL",
    """
    INSERT INTO deadline (id, kind, subject, due_at, detail)
    SELECT gen_random_uuid(), 'majority-review', case_id::text, now(), '{}'
    FROM person_case
    WHERE codes->>'majority' = 'believed-child' AND record->>'majority_review_at' IS NULL
        AND NOT EXISTS (SELECT 1 FROM case_freeze WHERE case_freeze.case_id = person_case.case_id)
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
