"""Contracts of the state social order and of donors, and what was delivered under which.

A delivery names the case of this node, since the report counts episodes; it is never sent.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE social_contract (
        contract_id uuid PRIMARY KEY,
        service_type text NOT NULL,
        unit text NOT NULL,
        funding text NOT NULL,
        recipient text,
        funded integer NOT NULL CHECK (funded >= 0),
        delivered integer NOT NULL CHECK (delivered >= 0),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        CONSTRAINT a_contract_has_a_period CHECK (starts_at < ends_at)
    )
    """,
    "CREATE INDEX social_contract_service ON social_contract (service_type, unit, ends_at)",
    """
    CREATE TABLE delivery (
        delivery_id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        task_id uuid NOT NULL,
        service_type text NOT NULL,
        unit text NOT NULL,
        quantity integer NOT NULL CHECK (quantity > 0),
        contract_id uuid REFERENCES social_contract,
        happened_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX delivery_time ON delivery (happened_at)",
    "CREATE INDEX delivery_contract ON delivery (contract_id, happened_at)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
