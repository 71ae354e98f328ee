"""What is on record about a case, links between cases, notices, questionnaires, anonymous counts.

Codes, times and opaque ids only. A count of ``anonymous_count`` names no case and never can.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE person_case ADD COLUMN record jsonb NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE case_link (
        case_id uuid NOT NULL REFERENCES person_case,
        linked_case uuid NOT NULL CHECK (linked_case <> case_id),
        kind text NOT NULL,
        linked_at timestamptz NOT NULL,
        PRIMARY KEY (case_id, linked_case, kind)
    )
    """,
    "CREATE INDEX case_link_back ON case_link (linked_case)",
    """
    CREATE TABLE notice (
        notification_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        kind text NOT NULL,
        direction text NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
        agency text NOT NULL,
        agency_type text NOT NULL,
        outgoing_id uuid,
        state text NOT NULL CHECK (state IN ('sent', 'delivered', 'failed', 'ended', 'received')),
        changed_at timestamptz NOT NULL,
        detail jsonb NOT NULL
    )
    """,
    "CREATE INDEX notice_case ON notice (case_id)",
    """
    CREATE TABLE questionnaire (
        questionnaire_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES person_case,
        form text NOT NULL,
        form_version text NOT NULL,
        answers jsonb NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX questionnaire_case ON questionnaire (case_id)",
    """
    CREATE TABLE anonymous_count (
        due_at timestamptz NOT NULL,
        agency text NOT NULL,
        citizen_group text NOT NULL,
        exploitation_group text NOT NULL,
        persons bigint NOT NULL CHECK (persons > 0),
        PRIMARY KEY (due_at, agency, citizen_group, exploitation_group)
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
