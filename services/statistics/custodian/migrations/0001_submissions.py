"""Plans, the first valid submission of each node, and the manifest that closes them."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = (
    "CREATE TABLE plan (plan_id uuid PRIMARY KEY, body jsonb NOT NULL)",
    """
    CREATE TABLE submission (
        plan_id uuid NOT NULL,
        node text NOT NULL,
        submission_id uuid NOT NULL,
        tables jsonb NOT NULL,
        received_at timestamptz NOT NULL,
        PRIMARY KEY (plan_id, node)
    )
    """,
    """
    CREATE TABLE manifest (
        plan_id uuid PRIMARY KEY REFERENCES plan (plan_id),
        submissions jsonb NOT NULL,
        missing integer NOT NULL,
        closed_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in UPGRADE:
        op.execute(statement)
