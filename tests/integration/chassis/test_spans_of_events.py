"""The span of an event tells its type only if the type is ours: any other text came with it."""

from services.chassis.database import Database
from services.chassis.environment import ServiceSettings
from services.chassis.messaging.inboxes import InboxSettler
from tests.support.postgres import Postgres
from tests.support.receiving import (
    House,
    context_of,
    envelope_of,
    make_effects,
    name_of,
    read_back,
    sent,
)

NAME = "ivan.petrov.v1"


async def test_a_type_that_is_not_ours_is_not_told(
    house: Postgres, database: Database, house_settings: ServiceSettings
) -> None:
    await make_effects(house)
    context = context_of(House(), database, house_settings)
    settler = InboxSettler(context)
    for sequence, event_type in enumerate((NAME, name_of("plain")), start=1):
        record = read_back(sent(envelope_of("a", sequence, type=event_type)), sequence)
        await settler.settle(settler.prepare(record))
    context.telemetry.close()
    written = b"".join(
        path.read_bytes() for path in sorted((house_settings.state_dir / "spans").iterdir())
    ).decode()
    assert name_of("plain") in written
    assert '"nrm.event.type":"unknown"' in written
    assert NAME not in written
