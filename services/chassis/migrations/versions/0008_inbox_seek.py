"""Where an operator wants a consumer to read again from, until the consumer has done it.

And an index for the question what of one subject is not finished, which names no consumer.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table inbox_seek (
        consumer text not null,
        topic text not null,
        partition integer not null,
        record_offset bigint not null check (record_offset >= 0),
        ordered_at timestamptz not null,
        primary key (consumer, topic, partition)
    )
    """,
    "create index inbox_row_subject on inbox_row (subject)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
