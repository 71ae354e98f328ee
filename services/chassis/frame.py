"""What every service is bolted to: opens what it needs and joins its parts into one process.

A service's ``main`` opens a frame, makes its own context from it and bolts its subscriptions,
deadlines and routes on. Which parts run, and in which order they start and stop, is decided here
alone; no word of the domain may be here.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from fastapi import FastAPI

from contracts.catalogue import CATALOGUE, UPCASTERS, spec_for
from contracts.vocabulary import code_lists
from services.chassis import own_key, subject_traces
from services.chassis.cipher import KeyRing
from services.chassis.clock import Clock, clock_from
from services.chassis.database import Database, Transaction
from services.chassis.deadlines import Deadline, DeadlineContext, DeadlineHandler, DeadlinePoller
from services.chassis.environment import ServiceSettings, variable_of
from services.chassis.errors import NrmError, SettingsWrong
from services.chassis.failpoints import failpoints_from
from services.chassis.gate import AccessTable
from services.chassis.identity import Tokens
from services.chassis.inside import Tell, add_inside
from services.chassis.messaging.broker import HUB, LOCAL, Broker
from services.chassis.messaging.context import ConsumerContext
from services.chassis.messaging.inboxes import inbox_consumer
from services.chassis.messaging.kafka import KafkaBroker, KafkaSettings
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.locking import lock_subject
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.reading import Contracts
from services.chassis.messaging.relay import Relay, RelayContext
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.messaging.work import Cause, Work
from services.chassis.retention import TRACES, Keep, Retention
from services.chassis.runnable import Health, Part, Runnable
from services.chassis.telemetry import NONE, MetricSpec, Telemetry, traceparent
from services.chassis.web import WebPart, make_app

DEADLINES: Final = "deadlines"
AddRoutes = Callable[[FastAPI], None]


def contracts() -> Contracts:
    """Everything a reader knows, from the catalogue."""
    return Contracts(catalogue=CATALOGUE, codelists=code_lists(), upcasters=UPCASTERS)


def brokers_of(settings: ServiceSettings) -> dict[str, Broker]:
    """The buses this process has an address for, by name."""
    addresses = {LOCAL: settings.local_bootstrap, HUB: settings.hub_bootstrap}
    return {
        name: KafkaBroker(
            KafkaSettings(
                name=name,
                bootstrap=address,
                client_id=f"{settings.node}.{settings.service}.{settings.slot}",
                slot=settings.slot,
            )
        )
        for name, address in addresses.items()
        if address
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bolts:
    """What a service fastens to its frame."""

    routes: AddRoutes
    access: AccessTable
    subscriptions: Sequence[Subscriptions] = ()
    deadlines: Mapping[str, DeadlineHandler[Work]] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    """Parts of the service's own: they start after the consumers and stop before them."""
    limits: Limits = field(default_factory=Limits)
    keeps: Sequence[Keep] = ()
    """What the service forgets by age beside what every service does."""
    inside: Tell | None = None
    """Sets the numbers that the service declared to its frame, each time somebody asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is open: the service's own things are made from it, and it closes with the process."""

    settings: ServiceSettings
    database: Database
    clock: Clock
    telemetry: Telemetry
    keys: KeyRing
    tokens: Tokens
    contracts: Contracts
    brokers: Mapping[str, Broker]
    outbox: Outbox

    @classmethod
    async def open(
        cls,
        settings: ServiceSettings,
        migrations: Path | None,
        inside: Mapping[str, MetricSpec] = NONE,
    ) -> Self:
        """Open everything, or close it again and raise; ``inside``: numbers for its node alone."""
        if settings.key_file is None:
            name = variable_of(type(settings), "key_file")
            raise SettingsWrong(f"{name} is missing: the service needs a key file")
        keys = KeyRing.from_file(settings.key_file)
        tokens = Tokens.from_file(settings.tokens_file, settings.node)
        clock = clock_from(settings.clock, settings.demo)
        telemetry = Telemetry(settings, inside)
        try:
            database = await Database.open(settings, telemetry, migrations=migrations)
        except NrmError:
            telemetry.close()
            raise
        try:
            await own_key.prove(database, keys)
        except NrmError:
            await database.close()
            telemetry.close()
            raise
        outbox = Outbox(spec_for=spec_for, telemetry=telemetry)
        outbox.install(database)
        database.failpoints = failpoints_from(os.environ)
        return cls(
            settings=settings,
            database=database,
            clock=clock,
            telemetry=telemetry,
            keys=keys,
            tokens=tokens,
            contracts=contracts(),
            brokers=brokers_of(settings),
            outbox=outbox,
        )

    def broker(self, bus: str) -> Broker:
        """The broker of a bus; SettingsWrong names what is missing."""
        try:
            return self.brokers[bus]
        except KeyError:
            raise SettingsWrong(f"the service has no address of the {bus} bus") from None

    def work(self, tx: Transaction, *, cause: Cause, caller: str) -> Work:
        """Work that a request or a timer asks for, at the business time of now."""
        return self._work(tx, self.clock.now(), cause, caller)

    def _work(self, tx: Transaction, now: datetime, cause: Cause, caller: str) -> Work:
        return Work(
            transaction=tx,
            now=now,
            cause=cause,
            caller=caller,
            node=self.settings.node,
            service=self.settings.service,
        )

    def bolt(self, bolts: Bolts) -> Runnable:
        """The service as one runnable: relays, consumers, deadlines, its own parts, web."""
        settings = self.settings
        parts: list[Part] = [self._relay(name) for name in self.brokers]
        if settings.key_file is not None:
            parts.append(own_key.OwnKey(self.database, settings.key_file))
        parts += [self._consumer(each, bolts.limits) for each in bolts.subscriptions]
        if bolts.deadlines:
            parts.append(self.poller(bolts.deadlines))
        traces = Keep(
            name="subject_trace", kept=timedelta(days=settings.trace_days), statement=TRACES
        )
        parts.append(Retention(self.database, self.clock, (traces, *bolts.keeps)))
        parts += bolts.parts
        health = Health(parts)
        app = make_app(
            f"{settings.node} {settings.service}", self.telemetry, health, self.tokens, bolts.access
        )
        bolts.routes(app)
        if bolts.inside is not None:
            add_inside(app, self.telemetry, bolts.inside)
        web = WebPart(app, settings.host, settings.port)
        health.watch(web)
        return Runnable(
            f"{settings.node}.{settings.service}", [*parts, web], closing=self._closing()
        )

    def _relay(self, bus: str) -> Relay:
        relay = Relay(
            RelayContext(
                database=self.database,
                broker=self.brokers[bus],
                clock=self.clock,
                telemetry=self.telemetry,
            )
        )
        self.outbox.wake[bus] = relay.wake
        return relay

    def consumer_context(self, subscriptions: Subscriptions, limits: Limits) -> ConsumerContext:
        """What a consumer of this service is given."""
        return ConsumerContext(
            node=self.settings.node,
            service=self.settings.service,
            subscriptions=subscriptions,
            contracts=self.contracts,
            database=self.database,
            clock=self.clock,
            keys=self.keys,
            telemetry=self.telemetry,
            slot=self.settings.slot,
            limits=limits,
        )

    def _consumer(self, subscriptions: Subscriptions, limits: Limits) -> Part:
        context = self.consumer_context(subscriptions, limits)
        return inbox_consumer(context, self.broker(subscriptions.bus))

    def poller(self, handlers: Mapping[str, DeadlineHandler[Work]]) -> DeadlinePoller[Work]:
        """What fires the service's deadlines."""

        def make_work(tx: Transaction, now: datetime, deadline: Deadline) -> Work:
            return self._work(tx, now, Cause(id=str(deadline.cause)), DEADLINES)

        context = DeadlineContext(
            database=self.database,
            clock=self.clock,
            telemetry=self.telemetry,
            lock=self.lock,
            make_work=make_work,
        )
        return DeadlinePoller(context, handlers)

    async def lock(self, tx: Transaction, subject: str) -> None:
        """Take the subject's lock: the first thing every transaction on a subject does.

        The trace in which it is taken is one of the subject's, as with an event.
        """
        await lock_subject(tx, self.settings.service, subject)
        subject_traces.remember(tx, subject=subject, traceparent=traceparent())

    def _closing(self) -> Sequence[Callable[[], Awaitable[Any]]]:
        async def close_telemetry() -> None:
            self.telemetry.close()

        return [
            close_telemetry,
            self.database.close,
            *(each.close for each in self.brokers.values()),
        ]
