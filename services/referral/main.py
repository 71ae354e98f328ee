"""Referral as a process: ``python -m services.referral.main``. Only wiring is here."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from contracts.vocabulary import Profile, load_profile
from services.chassis.environment import named_by
from services.chassis.frame import Bolts, Frame
from services.chassis.logs import logger
from services.chassis.runnable import Runnable, run
from services.referral import api, handlers
from services.referral.access import ACCESS
from services.referral.domain.listings import Services
from services.referral.settings import Settings
from services.referral.store.directory import DirectoryFile
from services.referral.store.retention import keeps

MIGRATIONS: Final = Path(__file__).parent / "migrations"
log = logger(__name__)


async def build(settings: Settings) -> Runnable:
    """Open what the service needs and bolt it together."""
    profile = named_by(settings, "profile", load_profile)
    directory = DirectoryFile(settings.directory_file)
    context = make_context(settings, profile, directory)
    frame = await Frame.open(settings, MIGRATIONS)
    stalls = handlers.StallWatch(frame.database, frame.clock, frame.telemetry, context.profile)
    return frame.bolt(
        Bolts(
            routes=partial(api.add_routes, database=frame.database, context=context),
            access=ACCESS,
            subscriptions=(handlers.subscriptions(context),),
            deadlines=handlers.deadlines(context),
            parts=(directory, stalls),
            keeps=keeps(timedelta(days=settings.letter_days)),
        )
    )


def make_context(settings: Settings, profile: Profile, directory: Services) -> handlers.Context:
    """What the handlers are given."""
    log.info("values of the profile that nobody verified", count=profile.not_verified)
    return handlers.Context(
        node=settings.node,
        profile=profile,
        directory=directory,
        page_limit=settings.page_limit,
    )


if __name__ == "__main__":
    run(build, Settings)
