"""Cases, consent, restrictions, the safe, answers, and the policy the node holds for true.

Direct identifiers are in ``person.sealed`` alone, and what an agency wrote instead of a known
code in ``original_code.sealed``; no other column may ever hold either. Rights are granted by the
deploy tooling.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE case_row (
        case_id uuid PRIMARY KEY,
        frozen_at timestamptz,
        withdrawn_at timestamptz,
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE consent (
        consent_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES case_row,
        purposes text[] NOT NULL CHECK (cardinality(purposes) > 0),
        categories text[] NOT NULL CHECK (cardinality(categories) > 0),
        recipients text[] NOT NULL,
        class_agency_type text,
        class_oblasts text[] NOT NULL,
        class_except text[] NOT NULL,
        expires_at timestamptz NOT NULL,
        text_version text NOT NULL,
        language text NOT NULL,
        interpreter boolean NOT NULL,
        given_by text NOT NULL,
        occurred_at timestamptz,
        granted_at timestamptz NOT NULL,
        ended_at timestamptz,
        ended_kind text,
        CHECK (cardinality(recipients) > 0 OR class_agency_type IS NOT NULL),
        CHECK ((ended_at IS NULL) = (ended_kind IS NULL))
    )
    """,
    "CREATE INDEX consent_case ON consent (case_id)",
    """
    CREATE TABLE restriction (
        restriction_id uuid PRIMARY KEY,
        case_id uuid NOT NULL REFERENCES case_row,
        agency text,
        agency_type text,
        oblast text,
        recorded_for text NOT NULL,
        valid_until timestamptz,
        set_at timestamptz NOT NULL,
        CHECK (num_nonnulls(agency, agency_type, oblast) > 0)
    )
    """,
    "CREATE INDEX restriction_case ON restriction (case_id)",
    """
    CREATE TABLE person (
        case_id uuid PRIMARY KEY REFERENCES case_row,
        sealed bytea NOT NULL,
        kept_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE original_code (
        cause_id text PRIMARY KEY,
        subject uuid NOT NULL,
        sealed bytea NOT NULL,
        recorded_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX original_code_subject ON original_code (subject)",
    """
    CREATE TABLE answer (
        intake_id uuid PRIMARY KEY,
        accepted boolean NOT NULL,
        case_id uuid,
        reasons jsonb NOT NULL,
        answered_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE policy_copy (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version bigint NOT NULL CHECK (version > 0),
        digest text NOT NULL,
        valid_until timestamptz NOT NULL,
        document jsonb NOT NULL,
        copied_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
