"""Stays from arrival to departure, whom places suit, and the whole course of an episode.

What was kept before this keeps its meaning: a stopped episode ended early, and a stay that was
running began, for all that is known, now.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    ALTER TABLE pool
        ADD COLUMN suits text[] NOT NULL DEFAULT '{}',
        ADD COLUMN closed_because text
    """,
    """
    ALTER TABLE hold
        ADD COLUMN audience_class text NOT NULL DEFAULT 'not-yet-known',
        ADD COLUMN placement_class text NOT NULL DEFAULT 'not-yet-known',
        ADD COLUMN reason text,
        ADD COLUMN arrive_by timestamptz,
        ADD COLUMN since timestamptz,
        ADD COLUMN ends_at timestamptz,
        ADD COLUMN asks_own_consent boolean NOT NULL DEFAULT false,
        DROP CONSTRAINT hold_state_check
    """,
    "UPDATE hold SET since = now() WHERE state = 'checked-in'",
    """
    ALTER TABLE hold
        ADD CONSTRAINT hold_state_check CHECK (state IN ('held', 'confirmed', 'checked-in',
            'checked-out', 'released', 'expired', 'no-show')),
        ADD CONSTRAINT a_stay_has_a_beginning CHECK ((state = 'checked-in') = (since IS NOT NULL)),
        ADD CONSTRAINT only_a_stay_ends CHECK (ends_at IS NULL OR state = 'checked-in'),
        ADD CONSTRAINT only_who_is_expected_arrives
            CHECK (arrive_by IS NULL OR state = 'confirmed')
    """,
    "DROP INDEX hold_pool",
    "CREATE INDEX hold_pool ON hold (pool_id) WHERE state IN ('held', 'confirmed', 'checked-in')",
    """
    ALTER TABLE episode
        ADD COLUMN starts_at timestamptz,
        ADD COLUMN reason text,
        DROP CONSTRAINT episode_state_check,
        DROP CONSTRAINT episode_check1
    """,
    "UPDATE episode SET state = 'ended-early', reason = 'not-yet-known' WHERE state = 'stopped'",
    """
    ALTER TABLE episode
        ADD CONSTRAINT episode_state_check CHECK (state IN ('planned', 'scheduled', 'active',
            'suspended', 'completed', 'ended-early')),
        ADD CONSTRAINT what_is_counted_has_a_unit
            CHECK (state NOT IN ('active', 'suspended', 'completed') OR unit IS NOT NULL),
        ADD CONSTRAINT what_is_scheduled_has_a_time
            CHECK ((state = 'scheduled') = (starts_at IS NOT NULL)),
        ADD CONSTRAINT what_rests_or_ended_early_has_a_reason
            CHECK ((state IN ('suspended', 'ended-early')) = (reason IS NOT NULL))
    """,
)


def upgrade() -> None:
    """Widen the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
