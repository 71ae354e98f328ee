"""Requests that nobody is asked for yet: kept apart, so that no search can find one."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE draft_request (
        request_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        urgency text NOT NULL,
        audience_class text NOT NULL,
        language text NOT NULL,
        preferred text[] NOT NULL,
        dependants integer,
        separation_reason text,
        return_of uuid,
        best_interests text,
        access_needs text[] NOT NULL,
        need_ids uuid[] NOT NULL,
        service_types text[] NOT NULL,
        drafted_at timestamptz NOT NULL,
        warn_at timestamptz,
        ends_at timestamptz NOT NULL,
        CHECK (cardinality(need_ids) = cardinality(service_types))
    )
    """,
    "CREATE INDEX draft_request_of_case ON draft_request (case_id)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
