"""Identification as a process: opens its frame and bolts on what it reads, does and shows."""

from functools import partial
from pathlib import Path
from typing import Final

from contracts.vocabulary import load_profile
from services.chassis.errors import SettingsWrong
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
    try:
        profile = load_profile(settings.profile)
    except ValueError as error:
        raise SettingsWrong(f"NRM_IDENTIFICATION__PROFILE is wrong: {error}") from None
    log.info("values of the profile that nobody verified", count=profile.not_verified)
    frame = await Frame.open(settings, MIGRATIONS)
    context = Context(clocks=Clocks(profile=profile), telemetry=frame.telemetry)
    return frame.bolt(
        Bolts(
            routes=partial(add_routes, database=frame.database),
            access=ROUTES,
            subscriptions=(subscriptions(context),),
            deadlines=deadlines(context),
        )
    )


if __name__ == "__main__":
    run(build, Settings)
