"""`nrm parked` names events that could not be sent, and sends or drops them; audited."""

from typing import Any

import pytest

from cli.found import ALL, UNSENT, Unsent, listed
from services.chassis.database import Database
from services.chassis.errors import NotFound
from services.chassis.messaging.inbox import State
from services.chassis.messaging.parking import LIST_LIMIT, Order
from tests.support.postgres import Postgres

ORDER = Order(actor="operator", reason="after-the-fix")
ROW = """
    INSERT INTO house.outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers,
                              shard, sequence, epoch, parked)
    VALUES (gen_random_uuid(), 'things', 'somebody', 'thing-happened', '{}',
            'nrm.local.a.things.v1', 'somebody', '{}', 1, %d, 1, 'RecordRefused')
"""


STORED = """
    INSERT INTO house.inbox_row (consumer, subject, source, topic, epoch, sequence, state, event_id,
                                 event_type, body_digest, partition, record_offset, sealed, error,
                                 stored_at)
    SELECT 'house', n::text, 'urn:nrm:a:gateway', 'nrm.local.a.things.v1', 1, 1, %s,
           n::text, 'x', '', 0, 0, ''::bytea, '', now() + n * interval '1 s'
    FROM generate_series(%d, %d) AS n
"""


async def unsent(database: Database) -> list[Unsent]:
    found = await listed(database, "node-one.house", UNSENT)
    return [each for each in found if isinstance(each, Unsent)]


async def test_an_unsent_event_is_listed_sent_again_or_dropped(
    house: Postgres, database: Database
) -> None:
    await house.run(ROW % 1, ROW % 2)
    first, second = await unsent(database)
    for kind in (ALL, State.PARKED):
        names = {each.handle for each in await listed(database, "node-one.house", kind)}
        assert names == {first.handle, second.handle}
    assert await listed(database, "node-one.house", State.WAITING) == []
    told = first.told()
    assert (told["state"], told["error"]) == ("unsent", "RecordRefused")
    assert "somebody" not in str(told)

    async with database.transaction() as tx:
        await first.redrive(tx, ORDER)
        await second.discard(tx, ORDER)
    assert await unsent(database) == []
    assert await rows(house, "SELECT id, parked FROM house.outbox") == [(first.event_id, None)]
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await first.discard(tx, ORDER)
    assert await rows(house, "SELECT action, subject, reason FROM house.audit ORDER BY id") == [
        ("unsent.redrive", str(first.event_id), "after-the-fix"),
        ("unsent.discard", str(second.event_id), "after-the-fix"),
    ]


async def test_many_that_wait_hide_no_parked_one_from_whoever_names_it(
    house: Postgres, database: Database
) -> None:
    many = LIST_LIMIT + 1
    await house.run(STORED % ("'waiting'", 1, many), STORED % ("'parked'", many + 1, many + 1))
    (parked,) = await listed(database, "node-one.house", State.PARKED)
    assert parked.handle in {each.handle for each in await listed(database, "node-one.house", ALL)}


async def rows(house: Postgres, query: str) -> list[tuple[Any, ...]]:
    connection = await house.connect()
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
