"""One of many processes that race for the last beds of one database: ``python -m`` this, with JSON.

Each has connections, an inbox and an outbox of its own, as another copy of the service would. It
says how many attempts it made and prints nothing of them. No place and no case of anybody is here.
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from contracts.vocabulary import load_profile
from services.assistance import main
from services.assistance.access import ROUTES
from services.assistance.disclosure import NUMBERS
from services.assistance.handlers import Context, deadlines, subscriptions, tell_places
from services.chassis.clock import derived_id
from tests.integration.assistance.events import REFERRAL, a_request
from tests.support.postgres import Postgres
from tests.support.service_bench import Fitting, join_bench

AT_ONCE = 4


def fitting() -> Fitting:
    """The service as it is raced with."""
    context = Context(profile=load_profile("BY-draft"))
    return Fitting(
        main=main,
        node="ngo-brest",
        subscriptions=subscriptions(context),
        deadlines=deadlines(context),
        routes=ROUTES,
        numbers=NUMBERS,
        inside=tell_places,
    )


def asker_of(number: int) -> UUID:
    """The case (and the task) of one attempt: the same number is the same asker."""
    return derived_id("racer", str(number), "asker", 0)


async def race(port: int, database: str, role: str, numbers: range, beds: int) -> int:
    """Ask for bed after bed, so that all processes want the same ones at the same time."""
    gate = asyncio.Semaphore(AT_ONCE)
    with TemporaryDirectory() as folder:
        server = Postgres(port=port, database=database)
        async with join_bench(server, role, Path(folder), fitting()) as bench:

            async def ask(number: int) -> None:
                asker, kind = asker_of(number), f"room-{number % beds}"
                async with gate:
                    await bench.bring(
                        a_request(asker, service_type=kind), asker, publisher=REFERRAL
                    )

            async with asyncio.TaskGroup() as group:
                for number in numbers:
                    group.create_task(ask(number))
    return len(numbers)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    numbers = range(asked["first"], asked["attempts"], asked["step"])
    made = asyncio.run(
        race(asked["port"], asked["database"], asked["role"], numbers, asked["beds"])
    )
    sys.stdout.write(json.dumps({"attempts": made}))
