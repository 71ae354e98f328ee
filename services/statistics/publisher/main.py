"""Starts the publisher of the hub."""

from fractions import Fraction
from pathlib import Path

from services.chassis.frame import Bolts, Frame
from services.chassis.runnable import Runnable, run
from services.statistics.publisher import access, api, handlers
from services.statistics.publisher.settings import Settings


async def build(settings: Settings) -> Runnable:
    """The publisher as one runnable."""
    frame = await Frame.open(settings, Path(__file__).parent / "migrations")
    context = handlers.Context(
        service=settings.service, cap=Fraction(settings.ledger_cap), frame=frame
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
