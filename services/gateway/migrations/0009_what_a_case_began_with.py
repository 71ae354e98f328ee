"""Since when a case is known here, when all sharing of it was stopped, and when its person was of
age: what a merge, a second detection and a guardian's consent depend on.

Of rows that were there before, as much as the registers say: every case with a row is known; all
sharing was stopped where nothing that was granted before a stop outlived it; who came of age stands
in the audit.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE case_row
        ADD COLUMN known_at timestamptz,
        ADD COLUMN all_stopped_at timestamptz,
        ADD COLUMN of_age_at timestamptz
    """,
    """
    UPDATE case_row SET
        known_at = created_at,
        all_stopped_at = (
            SELECT max(c.ended_at) FROM consent c
            WHERE c.case_id = case_row.case_id AND c.ended_kind = 'stop-sharing'
            AND NOT EXISTS (
                SELECT 1 FROM consent o
                WHERE o.case_id = c.case_id AND o.granted_at < c.ended_at
                AND (o.ended_at IS NULL OR o.ended_at > c.ended_at)
            )
        ),
        of_age_at = (
            SELECT max(a.recorded_at) FROM audit a
            WHERE a.subject = case_row.case_id::text
            AND a.action = 'guardians-consent-expired'
        )
    """,
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
