"""Plans with their ledger, partial sums, releases. A release is never edited, only superseded."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = (
    """
    CREATE TABLE plan (
        plan_id uuid PRIMARY KEY,
        dataset text NOT NULL,
        period_start timestamptz NOT NULL,
        vintage text NOT NULL,
        body jsonb NOT NULL,
        rho_top bigint NOT NULL CHECK (rho_top > 0),
        rho_below bigint NOT NULL CHECK (rho_below > 0),
        cap_top bigint NOT NULL CHECK (cap_top > 0),
        cap_below bigint NOT NULL CHECK (cap_below > 0),
        published_at timestamptz NOT NULL,
        UNIQUE (dataset, period_start, vintage)
    )
    """,
    """
    CREATE FUNCTION plans_refuse_overdraft() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('plans', 0));
        IF (SELECT coalesce(sum(rho_top::numeric / rho_below), 0) FROM plan
            WHERE date_part('year', period_start) = date_part('year', NEW.period_start))
            + NEW.rho_top::numeric / NEW.rho_below
            > NEW.cap_top::numeric / NEW.cap_below + 1e-9 THEN
            RAISE EXCEPTION 'ledger overdraft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER plan_overdraft BEFORE INSERT ON plan
        FOR EACH ROW EXECUTE FUNCTION plans_refuse_overdraft()
    """,
    """
    CREATE TABLE manifest (
        plan_id uuid NOT NULL,
        custodian text NOT NULL,
        nodes_counted integer NOT NULL,
        nodes_missing integer NOT NULL,
        PRIMARY KEY (plan_id, custodian)
    )
    """,
    """
    CREATE TABLE partial (
        plan_id uuid NOT NULL,
        custodian text NOT NULL,
        tables jsonb NOT NULL,
        PRIMARY KEY (plan_id, custodian)
    )
    """,
    """
    CREATE TABLE release (
        release_id uuid PRIMARY KEY,
        plan_id uuid NOT NULL UNIQUE REFERENCES plan (plan_id),
        held text,
        body jsonb NOT NULL,
        published_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in UPGRADE:
        op.execute(statement)
