"""The exchange between gateways: what is to be sent, both books of every pair, references, ledger.

A row of ``exchange_sending`` goes away when the other side's receipt covers it; the ledger row
stays. Bodies hold codes only; bytes that could not be processed are sealed. No direct identifier
may ever be in a column here.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BOOKS = (
    """
    CREATE TABLE exchange_pair_out (
        agency text PRIMARY KEY,
        epoch bigint NOT NULL,
        upto bigint NOT NULL,
        head text NOT NULL,
        receipt_at bigint NOT NULL,
        seen_epoch bigint NOT NULL,
        seen_upto bigint NOT NULL,
        database_epoch bigint NOT NULL,
        alarm text
    )
    """,
    """
    CREATE TABLE exchange_pair_in (
        agency text PRIMARY KEY,
        epoch bigint NOT NULL,
        upto bigint NOT NULL,
        head text NOT NULL,
        stuck boolean NOT NULL,
        read_offset bigint,
        reported_at bigint NOT NULL,
        alarm text
    )
    """,
    """
    CREATE TABLE exchange_seen (
        agency text NOT NULL,
        epoch bigint NOT NULL,
        seq bigint NOT NULL,
        digest text NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (agency, epoch, seq)
    )
    """,
    """
    CREATE TABLE exchange_inner (
        agency text NOT NULL,
        inner_id uuid NOT NULL,
        handled_at timestamptz NOT NULL,
        PRIMARY KEY (agency, inner_id)
    )
    """,
    """
    CREATE TABLE exchange_parked (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agency text NOT NULL,
        epoch bigint NOT NULL,
        seq bigint NOT NULL,
        sealed bytea NOT NULL,
        error text NOT NULL,
        parked_at timestamptz NOT NULL,
        again boolean NOT NULL,
        UNIQUE (agency, epoch, seq)
    )
    """,
)
QUEUE = (
    """
    CREATE TABLE exchange_sending (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agency text NOT NULL,
        outgoing_id uuid NOT NULL,
        event_type text NOT NULL,
        purpose text NOT NULL,
        subject uuid NOT NULL,
        body bytea NOT NULL,
        inner_id uuid NOT NULL,
        reference uuid,
        stopped text,
        queued_at timestamptz NOT NULL,
        tell_at timestamptz NOT NULL,
        told_at timestamptz,
        epoch bigint,
        seq bigint,
        digest text,
        head text,
        record bytea,
        not_after timestamptz,
        UNIQUE (agency, outgoing_id),
        UNIQUE (agency, epoch, seq),
        CHECK (num_nonnulls(epoch, seq, digest, head, record, not_after) IN (0, 6))
    )
    """,
    "CREATE INDEX exchange_sending_order ON exchange_sending (agency, id)",
    "CREATE INDEX exchange_sending_subject ON exchange_sending (subject, agency)",
    "CREATE INDEX exchange_sending_tell ON exchange_sending (tell_at) WHERE told_at IS NULL",
)
LEDGER = (
    """
    CREATE TABLE exchange_reference (
        agency text NOT NULL,
        reference uuid NOT NULL,
        case_id uuid REFERENCES case_row,
        origin text NOT NULL CHECK (origin IN ('given', 'received')),
        state text NOT NULL CHECK (state IN ('live', 'ended')),
        made_at timestamptz NOT NULL,
        ended_at timestamptz,
        noticed_at timestamptz,
        PRIMARY KEY (agency, reference),
        CHECK (case_id IS NOT NULL OR state = 'ended'),
        CHECK ((ended_at IS NOT NULL) = (state = 'ended'))
    )
    """,
    """
    CREATE UNIQUE INDEX exchange_reference_live ON exchange_reference (case_id, agency, origin)
        WHERE state = 'live'
    """,
    """
    CREATE TABLE exchange_disclosure (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        agency text NOT NULL,
        inner_id uuid NOT NULL,
        case_id uuid,
        reference uuid,
        event_type text NOT NULL,
        purpose text NOT NULL,
        basis text NOT NULL,
        basis_id uuid,
        disclosed_at timestamptz NOT NULL,
        UNIQUE (agency, inner_id)
    )
    """,
    "CREATE INDEX exchange_disclosure_case ON exchange_disclosure (case_id, agency)",
    """
    CREATE TABLE statistics_plan (
        plan_id uuid PRIMARY KEY,
        roster text[] NOT NULL,
        custodians text[] NOT NULL,
        digest text NOT NULL,
        copied_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Make the tables."""
    for statement in (*BOOKS, *QUEUE, *LEDGER):
        op.execute(statement)
