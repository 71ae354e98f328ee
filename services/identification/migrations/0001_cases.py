"""Cases, freezes, copies of consent, restrictions and policy, and hand-overs.

Codes, times and opaque ids only: no column may ever hold a name or an agency's own words.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE person_case (
        case_id uuid PRIMARY KEY,
        origin text NOT NULL,
        counted_by text NOT NULL,
        codes jsonb NOT NULL,
        state text NOT NULL,
        state_detail jsonb NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        grounds_due_at timestamptz
    )
    """,
    "CREATE INDEX person_case_state ON person_case (state, case_id)",
    """
    CREATE TABLE case_freeze (
        case_id uuid PRIMARY KEY,
        frozen_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE consent_copy (
        case_id uuid NOT NULL,
        consent_id uuid NOT NULL,
        purposes text[] NOT NULL,
        recipients text[] NOT NULL,
        class_agency_type text,
        class_oblasts text[] NOT NULL,
        class_except text[] NOT NULL,
        expires_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL,
        epoch bigint NOT NULL,
        sequence bigint NOT NULL,
        ended boolean NOT NULL DEFAULT false,
        PRIMARY KEY (case_id, consent_id)
    )
    """,
    """
    CREATE TABLE consent_withdrawal (
        case_id uuid PRIMARY KEY,
        epoch bigint NOT NULL,
        sequence bigint NOT NULL
    )
    """,
    """
    CREATE TABLE restriction_copy (
        case_id uuid NOT NULL,
        restriction_id uuid NOT NULL,
        agency text,
        agency_type text,
        oblast text,
        valid_until timestamptz,
        PRIMARY KEY (case_id, restriction_id)
    )
    """,
    """
    CREATE TABLE policy_copy (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version bigint NOT NULL CHECK (version >= 0),
        document jsonb NOT NULL
    )
    """,
    """
    INSERT INTO policy_copy (version, document)
        VALUES (0, '{"participants": [], "hand_over_pairs": []}')
    """,
    """
    CREATE TABLE hand_over (
        offer_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES person_case,
        direction text NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
        agency text NOT NULL,
        outgoing_id uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('offered', 'confirmed', 'failed')),
        reason text,
        hand_over_reference uuid,
        changed_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX hand_over_case ON hand_over (case_id)",
    """
    CREATE UNIQUE INDEX one_offer_stands ON hand_over (case_id)
        WHERE direction = 'outgoing' AND state <> 'failed'
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
