"""Facts per case and table, plans, the ledger that refuses overdraft, and what was contributed."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = (
    """
    CREATE TABLE case_codes (
        case_id text PRIMARY KEY,
        counted_here boolean NOT NULL,
        oblast text NOT NULL,
        exploitation jsonb NOT NULL,
        happened_at timestamptz NOT NULL,
        voided boolean NOT NULL DEFAULT false
    )
    """,
    """
    CREATE TABLE fact (
        case_id text NOT NULL,
        indicator text NOT NULL,
        table_name text NOT NULL,
        cell text NOT NULL,
        happened_at timestamptz NOT NULL,
        PRIMARY KEY (case_id, table_name)
    )
    """,
    "CREATE INDEX fact_by_table ON fact (table_name, happened_at)",
    """
    CREATE TABLE plan (
        plan_id uuid PRIMARY KEY,
        body jsonb NOT NULL,
        refused jsonb
    )
    """,
    """
    CREATE TABLE ledger (
        plan_id uuid NOT NULL REFERENCES plan,
        year integer NOT NULL,
        rho_top bigint NOT NULL CHECK (rho_top > 0),
        rho_below bigint NOT NULL CHECK (rho_below > 0),
        cap_top bigint NOT NULL CHECK (cap_top > 0),
        cap_below bigint NOT NULL CHECK (cap_below > 0),
        spent_at timestamptz NOT NULL,
        PRIMARY KEY (plan_id, year)
    )
    """,
    """
    CREATE FUNCTION ledger_refuses_overdraft() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('ledger' || NEW.year, 0));
        IF (SELECT coalesce(sum(rho_top::numeric / rho_below), 0) FROM ledger
            WHERE year = NEW.year)
            + NEW.rho_top::numeric / NEW.rho_below
            > NEW.cap_top::numeric / NEW.cap_below + 1e-9 THEN
            RAISE EXCEPTION 'ledger overdraft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_overdraft BEFORE INSERT ON ledger
        FOR EACH ROW EXECUTE FUNCTION ledger_refuses_overdraft()
    """,
    """
    CREATE TABLE contribution (
        plan_id uuid PRIMARY KEY REFERENCES plan,
        submission_id uuid NOT NULL UNIQUE,
        tables jsonb NOT NULL,
        made_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in UPGRADE:
        op.execute(statement)
