"""What the gateway's handlers are given: everything they may use, in one frozen object."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from contracts.vocabulary import Profile
from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.messaging.feeds import Feeds
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.work import Cause, Work
from services.chassis.telemetry import Telemetry
from services.gateway.handlers.board import AnswerBoard
from services.gateway.handlers.directory import Directory
from services.gateway.settings import Settings


class StopSharing(Protocol):
    """The exchange half's hook, called under the case's row after the register was changed.

    Whoever is no longer covered (or, with ``everything``, everybody) gets a notice; the agencies
    noticed are returned. ``withdrawn``: the consents taken back; None after a restriction.
    """

    async def __call__(
        self,
        tx: Transaction,
        case_id: UUID,
        /,
        *,
        everything: bool,
        withdrawn: frozenset[UUID] | None,
    ) -> tuple[str, ...]:
        """Retire references, stop what is queued, queue notices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayContext:
    """One gateway's surroundings."""

    settings: Settings
    database: Database
    clock: Clock
    keys: KeyRing
    contracts: Contracts
    telemetry: Telemetry
    feeds: Feeds
    board: AnswerBoard
    profile: Profile
    directory: Directory
    stop_sharing: StopSharing

    def work(self, tx: Transaction, *, cause: Cause, caller: str) -> Work:
        """Work that a request or a timer asks for, at the business time of now."""
        return Work(
            transaction=tx,
            now=self.clock.now(),
            cause=cause,
            caller=caller,
            node=self.settings.node,
            service=self.settings.service,
        )
