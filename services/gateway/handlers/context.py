"""What the gateway's handlers are given: everything they may use, in one frozen object."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.messaging.broker import Broker
from services.chassis.messaging.reading import Contracts
from services.chassis.telemetry import Telemetry
from services.gateway.handlers.board import AnswerBoard
from services.gateway.settings import Settings

StopSharing = Callable[[Transaction, UUID, UUID | None], Awaitable[None]]
"""Called under the case's row, after consents ended or a restriction was set, with the case and
the consent (None: every one, or a restriction): whoever is no longer covered gets a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayContext:
    """One gateway's surroundings."""

    settings: Settings
    database: Database
    clock: Clock
    keys: KeyRing
    contracts: Contracts
    telemetry: Telemetry
    local: Broker
    hub: Broker
    board: AnswerBoard
    stop_sharing: StopSharing
