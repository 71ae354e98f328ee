"""The gateway as a process: the door, the safe, the feeds, the registry, and the exchange half.

Everything is put together here and nothing is decided.
"""

from datetime import timedelta
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from contracts.vocabulary import load_profile
from services.chassis.environment import named_by
from services.chassis.frame import Bolts, Frame
from services.chassis.logs import logger
from services.chassis.messaging.broker import HUB, LOCAL
from services.chassis.messaging.door import door_consumer
from services.chassis.messaging.feeds import Feeds
from services.chassis.messaging.limits import Limits
from services.chassis.messaging.subscriptions import Subscriptions
from services.chassis.runnable import Part, Runnable, run
from services.gateway.access.routes import ROUTES
from services.gateway.api.ages import age_routes
from services.gateway.api.cases import case_routes
from services.gateway.api.intake import intake_routes
from services.gateway.api.news import news_routes
from services.gateway.api.participants import participant_routes
from services.gateway.handlers.board import AnswerBoard
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.directory import Directory
from services.gateway.handlers.exchange import (
    ExchangeContext,
    exchange_parts,
    hub_subscriptions,
    outgoing_subscriptions,
    stop_sharing,
)
from services.gateway.handlers.expiring import ConsentExpiry
from services.gateway.handlers.feeds import feed_subscriptions
from services.gateway.handlers.holding import HoldClock
from services.gateway.handlers.intake import answerer_of
from services.gateway.handlers.registry import RegistryWatch
from services.gateway.settings import Settings
from services.gateway.store.retention import Kept, keeps

MIGRATIONS: Final = Path(__file__).parent / "migrations"
DOOR: Final = Subscriptions(consumer="gateway.door", topics=("intake",), handlers={})

log = logger(__name__)


async def build(settings: Settings) -> Runnable:
    """The gateway of one node."""
    frame = await Frame.open(settings, MIGRATIONS)
    return assemble(frame, settings)


def assemble(frame: Frame, settings: Settings) -> Runnable:
    """The gateway on an open frame."""
    context = door_context(frame, settings)
    exchange = exchange_context(frame, settings)

    def add_routes(app: FastAPI) -> None:
        app.include_router(intake_routes(context))
        app.include_router(case_routes(context))
        app.include_router(age_routes(context))
        app.include_router(participant_routes(context))
        app.include_router(news_routes(context))

    bolts = Bolts(
        routes=add_routes,
        access=ROUTES,
        subscriptions=(
            feed_subscriptions(context),
            outgoing_subscriptions(exchange),
            hub_subscriptions(exchange),
        ),
        parts=(
            door_part(frame, context),
            context.feeds,
            RegistryWatch(context),
            ConsentExpiry(context, exchange.profile.days("consent_notice_days")),
            HoldClock(context),
            *exchange_parts(exchange),
        ),
        keeps=keeps(
            Kept(
                feeds=timedelta(days=settings.feed_days),
                answers=timedelta(days=settings.answer_days),
                original_codes=timedelta(days=settings.original_code_days),
                exchange=timedelta(days=settings.exchange_days),
            )
        ),
    )
    return frame.bolt(bolts)


def door_context(frame: Frame, settings: Settings) -> GatewayContext:
    """What the door half is given."""
    return GatewayContext(
        settings=settings,
        database=frame.database,
        clock=frame.clock,
        keys=frame.keys,
        contracts=frame.contracts,
        telemetry=frame.telemetry,
        feeds=Feeds(frame.database, frame.clock, frame.telemetry),
        board=AnswerBoard(settings.waiters_limit),
        profile=named_by(settings, "profile", load_profile),
        directory=Directory(settings.directory_file),
        stop_sharing=stop_sharing,
    )


def exchange_context(frame: Frame, settings: Settings) -> ExchangeContext:
    """What the exchange half is given."""
    profile = named_by(settings, "profile", load_profile)
    log.info("values of the profile that nobody verified", count=profile.not_verified)
    return ExchangeContext(
        node=settings.node,
        database=frame.database,
        hub=frame.broker(HUB),
        clock=frame.clock,
        keys=frame.keys,
        profile=profile,
        contracts=frame.contracts,
        telemetry=frame.telemetry,
    )


def door_part(frame: Frame, context: GatewayContext) -> Part:
    """The consumer of the intake topic."""
    consuming = frame.consumer_context(DOOR, Limits())
    return door_consumer(consuming, frame.broker(LOCAL), answerer_of(context))


if __name__ == "__main__":
    run(build, Settings)
