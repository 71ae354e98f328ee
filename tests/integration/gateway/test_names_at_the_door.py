"""A name in the form of a code stays outside; nobody is believed before the registry is known."""

import pytest

from services.chassis.errors import NotYetReady
from services.chassis.messaging.broker import BrokerRecord
from services.chassis.messaging.door import knock_of
from services.chassis.messaging.work import Cause
from services.gateway.handlers.intake import answer_record
from tests.support.gateway_door import Door, a_consent, a_record, an_event, know_registry

NAME = "ivan-petrov"
NAMED = [
    an_event("person-detected", {"detecting_agency": NAME, "case_type": "trafficking"}),
    an_event("consent-recorded", a_consent(recipients=[NAME])),
    an_event(
        "consent-recorded",
        a_consent(
            recipients=[],
            recipient_class={"agency_type": "interior-affairs", "except_agencies": [NAME]},
        ),
    ),
    an_event("consent-recorded", a_consent(text_version=NAME)),
    an_event("consent-recorded", a_consent(), source=f"urn:nrm:border-brest:{NAME}"),
    an_event("consent-recorded", a_consent(), source=f"urn:nrm:{NAME}:registration-desk"),
    an_event("consent-recorded", a_consent(), dataschema=f"urn:nrm:schema:{NAME}"),
]
EVERY_TABLE = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
"""


async def tables_with(door: Door, word: str) -> list[str]:
    """Every table of the gateway that holds a word, in text or in bytes."""
    found = []
    for row in await door.rows(EVERY_TABLE):
        query = f'SELECT 1 FROM "{row["table_name"]}" t WHERE t::text ILIKE ANY ($1) LIMIT 1'  # noqa: S608
        if await door.rows(query, [f"%{word}%", f"%{word.encode().hex()}%"]):
            found.append(row["table_name"])
    return found


@pytest.mark.parametrize("event", NAMED, ids=range(len(NAMED)))
async def test_a_name_like_a_code_is_refused_and_kept_nowhere(
    door: Door, event: dict[str, object]
) -> None:
    answer = await door.post(event)
    assert (answer.status_code, answer.json()["accepted"]) == (422, False)
    assert NAME not in answer.text
    assert await tables_with(door, NAME) == []


async def test_the_scan_finds_what_is_kept(door: Door) -> None:
    event = an_event("consent-recorded", a_consent())
    assert (await door.post(event)).json()["accepted"]
    assert "outbox" in await tables_with(door, "interior-brest")


async def test_before_the_registry_a_request_that_names_nodes_is_told_not_now(
    first_door: Door,
) -> None:
    event = an_event("consent-recorded", a_consent())
    told = await first_door.post(event)
    assert (told.status_code, told.headers["retry-after"]) == (503, "2")
    assert await first_door.rows("SELECT 1 FROM door_seen") == []
    assert await first_door.published("answers") == []
    await know_registry(first_door.database)
    assert (await first_door.post(event)).json()["accepted"]


async def test_before_the_registry_a_record_that_names_nodes_waits_and_is_not_judged(
    first_door: Door,
) -> None:
    posted = a_record(an_event("consent-recorded", a_consent(recipients=[NAME])))
    record = BrokerRecord(
        topic=posted.topic,
        partition=0,
        offset=0,
        key=posted.key,
        value=posted.value,
        headers=posted.headers,
        timestamp=0,
    )
    context = first_door.context
    async with first_door.database.transaction() as tx:
        work = context.work(tx, cause=Cause(id="one"), caller="test")
        with pytest.raises(NotYetReady):
            await answer_record(context, knock_of(record), work)
    assert await tables_with(first_door, NAME) == []
    assert await first_door.published("answers") == []
