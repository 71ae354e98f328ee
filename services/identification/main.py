"""Identification as a process: opens its frame and bolts on what it reads, does and shows."""

from functools import partial
from pathlib import Path
from typing import Final

from contracts.vocabulary import load_profile
from services.chassis.environment import named_by
from services.chassis.frame import Bolts, Frame
from services.chassis.logs import logger
from services.chassis.runnable import Runnable, run
from services.identification.access import ROUTES
from services.identification.api import add_routes
from services.identification.domain import Clocks
from services.identification.handlers import Context, deadlines, subscriptions
from services.identification.settings import Settings

MIGRATIONS: Final = Path(__file__).parent / "migrations"

log = logger(__name__)


async def build(settings: Settings) -> Runnable:
    """Everything this service is made of, not yet running."""
    profile = named_by(settings, "profile", load_profile)
    log.info("values of the profile that nobody verified", count=profile.not_verified)
    frame = await Frame.open(settings, MIGRATIONS)
    clocks = Clocks(profile=profile)
    context = Context(clocks=clocks, telemetry=frame.telemetry)
    return frame.bolt(
        Bolts(
            routes=partial(add_routes, database=frame.database, clocks=clocks),
            access=ROUTES,
            subscriptions=(subscriptions(context),),
            deadlines=deadlines(context),
        )
    )


if __name__ == "__main__":
    run(build, Settings)
