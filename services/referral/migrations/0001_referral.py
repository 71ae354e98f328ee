"""Referral's tables: copies of what others said, requests with their needs, queries and tasks.

Codes and opaque ids only. Nothing refers to another table by a foreign key where the other row may
arrive later.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COPIES = (
    """
    CREATE TABLE known_case (
        case_id uuid PRIMARY KEY,
        known boolean NOT NULL DEFAULT false,
        counted_by text NOT NULL DEFAULT '',
        majority text NOT NULL DEFAULT 'believed-child',
        audience_class text NOT NULL DEFAULT 'not-yet-known',
        oblast text NOT NULL DEFAULT 'not-yet-known',
        language text NOT NULL DEFAULT 'not-yet-known',
        status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed', 'voided')),
        frozen boolean NOT NULL DEFAULT false,
        withdrawn_epoch bigint NOT NULL DEFAULT 0,
        withdrawn_sequence bigint NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE consent (
        case_id uuid NOT NULL,
        consent_id uuid NOT NULL,
        purposes text[] NOT NULL,
        recipients text[] NOT NULL,
        class_agency_type text,
        class_oblasts text[] NOT NULL,
        class_except text[] NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz,
        PRIMARY KEY (case_id, consent_id)
    )
    """,
    """
    CREATE TABLE restriction (
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
    CREATE TABLE policy (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        version bigint NOT NULL,
        document jsonb NOT NULL
    )
    """,
    """
    CREATE TABLE pool (
        pool_id uuid PRIMARY KEY,
        service_type text NOT NULL,
        audience_class text NOT NULL,
        status text NOT NULL,
        reported_at timestamptz NOT NULL
    )
    """,
)
OWN = (
    """
    CREATE TABLE request (
        request_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        urgency text NOT NULL,
        audience_class text NOT NULL,
        language text NOT NULL,
        preferred text[] NOT NULL,
        opened_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE need (
        request_id uuid NOT NULL REFERENCES request,
        need_id uuid NOT NULL,
        case_id uuid NOT NULL,
        service_type text NOT NULL,
        state text NOT NULL CHECK (state IN ('asking', 'offered', 'not-found', 'ended')),
        round integer NOT NULL CHECK (round > 0),
        PRIMARY KEY (request_id, need_id)
    )
    """,
    "CREATE INDEX need_case ON need (case_id)",
    """
    CREATE TABLE consideration (
        request_id uuid NOT NULL,
        need_id uuid NOT NULL,
        round integer NOT NULL,
        service_id text NOT NULL,
        agency text NOT NULL,
        verdicts text[] NOT NULL,
        considered_at timestamptz NOT NULL,
        PRIMARY KEY (request_id, need_id, round, service_id)
    )
    """,
    """
    CREATE TABLE capacity_query (
        query_id uuid PRIMARY KEY,
        request_id uuid NOT NULL,
        need_id uuid NOT NULL,
        round integer NOT NULL,
        service_id text NOT NULL,
        agency text NOT NULL,
        outgoing_id uuid,
        status text,
        asked_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX capacity_query_need ON capacity_query (request_id, need_id, round)",
    "CREATE INDEX capacity_query_outgoing ON capacity_query (outgoing_id)",
    """
    CREATE TABLE task (
        task_id uuid NOT NULL,
        side text NOT NULL CHECK (side IN ('sender', 'provider')),
        case_id uuid NOT NULL,
        other_agency text NOT NULL,
        service_type text NOT NULL,
        urgency text NOT NULL,
        majority text NOT NULL,
        audience_class text NOT NULL,
        language text NOT NULL,
        dependants integer,
        counted_by text NOT NULL,
        request_id uuid,
        need_id uuid,
        service_id text,
        answer_by timestamptz NOT NULL,
        state text NOT NULL,
        reason text,
        hold_until timestamptz,
        hand_over_reference uuid,
        outcome text,
        unit text,
        quantity integer,
        outgoing_id uuid,
        offered_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (task_id, side)
    )
    """,
    "CREATE INDEX task_case ON task (case_id)",
    "CREATE INDEX task_state ON task (side, state, changed_at)",
    "CREATE INDEX task_outgoing ON task (outgoing_id)",
)


def upgrade() -> None:
    """Forward only."""
    for statement in (*COPIES, *OWN):
        op.execute(statement)
