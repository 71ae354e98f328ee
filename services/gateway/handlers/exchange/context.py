"""What the exchange is given, its limits by name, and the small words all its parts use."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from contracts.envelope import Contract
from contracts.vocabulary.profile import Profile
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.messaging.broker import Broker
from services.chassis.messaging.context import Keys
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.work import Cause, Work
from services.chassis.telemetry import Telemetry
from services.gateway.domain.exchange import inner_id, inner_id_input
from services.gateway.domain.policy import Participant, Policy
from services.gateway.store.policy import PolicyRow

SERVICE: Final = "gateway"
ACTOR: Final = "gateway.exchange"
NOTE: Final = "exchange"
"""Where every transaction of the gateway finds the exchange (``Database.notes``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeLimits:
    """The bounds of the exchange. The defaults are the rule."""

    receipt_seconds: float = 60.0
    """A receipt is repeated this often, and given at once when something was handled."""
    repeat_seconds: float = 20.0
    """What has no receipt is sent again this often."""
    look_seconds: float = 1.0
    """How often the policy and all queues are looked at, in one transaction for all pairs."""
    fetch_seconds: float = 1.0
    fetch_records: int = 50
    wait_seconds: float = 1.0
    """Before a record that cannot be judged yet is looked at again."""
    acknowledge_seconds: float = 35.0
    tries: int = 3
    """How often an event that fails by itself is tried before it is parked."""
    handler_seconds: float = 20.0
    parked_each: int = 200
    """So many records of one agency are put aside; it is read no further then, the others are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeContext:
    """Everything the exchange is given."""

    node: str
    database: Database
    hub: Broker
    clock: Clock
    keys: Keys
    profile: Profile
    contracts: Contracts
    telemetry: Telemetry
    limits: ExchangeLimits = field(default_factory=ExchangeLimits)
    wakes: dict[str, asyncio.Event] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    """The newest policy by its digest, so that it is not read anew for every record."""

    def install(self) -> None:
        """Let every transaction of the gateway find the exchange."""
        self.database.notes[NOTE] = self

    def work(self, tx: Transaction, cause: UUID | str) -> Work:
        """What ``tx`` is done for: no correlation or trace of another side is known here."""
        return Work(
            transaction=tx,
            now=self.clock.now(),
            cause=Cause(id=str(cause)),
            caller=ACTOR,
            node=self.node,
            service=SERVICE,
        )

    def inner_id(self, outgoing_id: UUID, recipient: str) -> UUID:
        """The id of an outgoing event outside, for this recipient."""
        return inner_id(self.keys.digest(inner_id_input(outgoing_id, recipient)))

    def wake(self, agency: str) -> asyncio.Event:
        """What wakes the writer of a pair."""
        return self.wakes.setdefault(agency, asyncio.Event())

    def policy(self, row: PolicyRow | None) -> Policy | None:
        """The policy that a stored row is."""
        if row is None:
            return None
        known = self.policies.get(row.digest)
        if known is None:
            known = _policy(row)
            self.policies.clear()
            self.policies[row.digest] = known
        return known

    def tell_at(self, body: Contract, now: datetime) -> datetime:
        """When somebody is told that this has no receipt."""
        urgent = getattr(body, "urgency", None) == "emergency"
        if urgent or getattr(body, "immediate_danger", False):
            return now + self.profile.minutes("undelivered_emergency_minutes")
        return now + self.profile.hours("undelivered_hours")

    def tell_notice_at(self, now: datetime) -> datetime:
        """When somebody is told that a notice has no receipt: as with an emergency."""
        return now + self.profile.minutes("undelivered_emergency_minutes")


def exchange_of(tx: Transaction) -> ExchangeContext | None:
    """The exchange of this transaction's database, once it is installed."""
    found = tx.notes.get(NOTE)
    return found if isinstance(found, ExchangeContext) else None


def ring_after_commit(tx: Transaction, agency: str) -> None:
    """Wake the writer of the pair once the commit is certain."""
    context = exchange_of(tx)
    if context is not None:
        tx.after_commit(f"exchange {agency}", context.wake(agency).set)


def exchange_topic(sender: str, recipient: str) -> str:
    """The topic that only ``sender`` writes and only ``recipient`` reads."""
    return f"nrm.exchange.{sender}.{recipient}.v1"


def _policy(row: PolicyRow) -> Policy:
    document: Mapping[str, Any] = row.document
    return Policy(
        version=row.version,
        digest=row.digest,
        valid_until=row.valid_until,
        participants={
            each["node"]: Participant(
                node=each["node"],
                agency_type=each["agency_type"],
                sector=each["sector"],
                status=each["status"],
                powers=frozenset(each["powers"]),
                oblasts=frozenset(each["oblasts"]),
            )
            for each in document["participants"]
        },
        pairs={
            (each["sender"], each["recipient"]): frozenset(each["purposes"])
            for each in document["pairs"]
        },
    )
