"""What a service is about to publish: the outbox and the counters that number it.

Columns keep the names of Debezium's EventRouter, so that its relay could read the table too;
``position`` is the order of commits per key. No direct identifier can be in it: what is written
here goes to a bus.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE outbox_counter (
        source text NOT NULL,
        epoch integer NOT NULL,
        topic text NOT NULL,
        subject text NOT NULL,
        last bigint NOT NULL CHECK (last > 0),
        PRIMARY KEY (source, epoch, topic, subject)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id uuid NOT NULL,
        aggregatetype text NOT NULL,
        aggregateid text NOT NULL,
        type text NOT NULL,
        payload bytea NOT NULL,
        topic text NOT NULL,
        key text,
        headers jsonb NOT NULL,
        shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
        sequence bigint NOT NULL CHECK (sequence > 0),
        epoch integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        bus text NOT NULL GENERATED ALWAYS AS (
            CASE WHEN starts_with(topic, 'nrm.local.') THEN 'local' ELSE 'hub' END
        ) STORED,
        parked text
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
    """,
    "CREATE INDEX outbox_order ON outbox (bus, position) WHERE parked IS NULL",
    "CREATE INDEX outbox_parked ON outbox (topic, key) WHERE parked IS NOT NULL",
)


def upgrade() -> None:
    """Forward only."""
    for statement in STATEMENTS:
        op.execute(statement)
