"""What a consumer is made of: everything it is given, in one frozen object."""

from dataclasses import dataclass, field
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.telemetry import Telemetry


class Keys(Protocol):
    """What seals stored records with the node's own key."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Sealed bytes that open only with the same context."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The bytes again; raises CannotOpen."""

    def digest(self, content: bytes, /) -> str:
        """A keyed digest: equal for equal bytes, and tells nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerContext:
    """Everything one consumer of one service is given."""

    node: str
    service: str
    subscriptions: Subscriptions
    contracts: Contracts
    database: Database
    clock: Clock
    keys: Keys
    telemetry: Telemetry
    slot: int = 0
    limits: Limits = field(default_factory=Limits)

    @property
    def group(self) -> str:
        """The consumer group: the node first, so that rights can be given by prefix."""
        return f"{self.node}.{self.subscriptions.consumer}"
