"""Starts a custodian."""

from pathlib import Path

from services.chassis.frame import Bolts, Frame
from services.chassis.runnable import Runnable, run
from services.statistics.custodian import access, api, handlers
from services.statistics.custodian.settings import Settings


async def build(settings: Settings) -> Runnable:
    """The custodian as one runnable."""
    frame = await Frame.open(settings, Path(__file__).parent / "migrations")
    context = handlers.Context(
        node=settings.node, service=settings.service, database=frame.database
    )
    return frame.bolt(
        Bolts(
            routes=lambda app: api.add_routes(app, context),
            access=access.ROUTES,
            subscriptions=(handlers.subscriptions(context),),
            deadlines=handlers.deadlines(context),
        )
    )


if __name__ == "__main__":
    run(build, Settings)
