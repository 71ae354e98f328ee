"""Assistance as a process: opens its frame and bolts on what it reads, does and shows."""

from functools import partial
from pathlib import Path
from typing import Final

from contracts.vocabulary import load_profile
from services.assistance.access import ROUTES
from services.assistance.api import add_routes
from services.assistance.disclosure import NUMBERS
from services.assistance.handlers import Context, deadlines, subscriptions, tell_places
from services.assistance.settings import Settings
from services.chassis.environment import named_by
from services.chassis.frame import Bolts, Frame
from services.chassis.logs import logger
from services.chassis.runnable import Runnable, run

MIGRATIONS: Final = Path(__file__).parent / "migrations"

log = logger(__name__)


async def build(settings: Settings) -> Runnable:
    """Everything this service is made of, not yet running."""
    profile = named_by(settings, "profile", load_profile)
    log.info("values of the profile that nobody verified", count=profile.not_verified)
    frame = await Frame.open(settings, MIGRATIONS, NUMBERS)
    context = Context(profile=profile)
    return frame.bolt(
        Bolts(
            routes=partial(add_routes, database=frame.database),
            access=ROUTES,
            subscriptions=(subscriptions(context),),
            deadlines=deadlines(context),
            inside=partial(tell_places, frame.database, frame.telemetry, frame.clock),
        )
    )


if __name__ == "__main__":
    run(build, Settings)
