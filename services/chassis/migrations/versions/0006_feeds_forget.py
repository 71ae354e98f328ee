"""Up to which position a feed was forgotten, so that whoever asks for less is told so.

Indexes by age keep the search for what is too old cheap. No entry may be deleted without
``forgotten`` being raised in the same statement.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table feed_position add column forgotten bigint not null default 0",
    "create index feed_entry_age on feed_entry using brin (appended_at)",
    "create index subject_trace_age on subject_trace using brin (seen_at)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
