"""One sealed probe for each key with which this schema was ever sealed: proof that it still opens.

``digest`` is a keyed digest of a constant: another digest key is noticed too. No key, and nothing
that is worth opening, may be here.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PROBE = """
    create table key_probe (
        key_id text primary key,
        sealed bytea not null,
        digest text not null,
        kept_at timestamptz not null default clock_timestamp()
    )
"""


def upgrade() -> None:
    """Forward only."""
    op.execute(PROBE)
