"""What an operator's numbers and a worker's reading say of records that are not finished."""

from datetime import timedelta
from typing import Any

from services.chassis.messaging import parking
from services.chassis.messaging.unfinished import NOTHING, Unfinished, unfinished_of
from tests.integration.chassis.test_door import PLACE, Porch, porch
from tests.integration.chassis.test_inbox import (
    ORDER,
    STREAM,
    Desk,
    desk,
    fails_on,
    waits_on,
)
from tests.support.postgres import Postgres
from tests.support.receiving import QUICK
from tests.support.waiting import until

__all__ = ["desk", "porch"]
AGED = "UPDATE house.inbox_row SET stored_at = now() - interval '%d seconds'"
UNSENT = """
    INSERT INTO house.outbox (id, aggregatetype, aggregateid, type, payload, topic, key, headers,
                              shard, sequence, epoch, parked)
    VALUES (gen_random_uuid(), 'things', 'a', 'thing-happened', '{}',
            'nrm.local.a.things.v1', 'a', '{}', 1, 1, 1, 'RecordRefused')
"""


async def standing(desk: Desk, *subjects: str) -> dict[str, Unfinished]:
    async with desk.database.transaction() as tx:
        return dict(await unfinished_of(tx, subjects))


def shown(telemetry: Any) -> str:
    return str(telemetry.render_metrics().decode())


async def test_a_subject_is_stuck_while_one_of_its_records_is_parked(desk: Desk) -> None:
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1)
    await desk.arrive("a", 2)
    desk.house.behave = None
    await desk.arrive("b", 1)
    assert await standing(desk, "a", "b") == {"a": Unfinished(stuck=True, parked=1, behind=1)}
    async with desk.database.transaction() as tx:
        await parking.redrive(tx, parking.Place("house", STREAM, 1), ORDER)
    await desk.sweep()
    assert await standing(desk, "a", "b") == {}
    assert not NOTHING.stuck


async def test_waiting_is_no_trouble_for_a_moment_and_is_after_a_minute(
    desk: Desk, house: Postgres
) -> None:
    desk.house.behave = waits_on(1)
    await desk.arrive("a", 1)
    await desk.arrive("b", 2)
    for age, stuck in ((0, False), (61, True)):
        await house.run(AGED % age)
        assert await standing(desk, "a", "b") == {
            "a": Unfinished(stuck=stuck, waiting=1),
            "b": Unfinished(stuck=stuck, gap=1),
        }


async def test_an_event_that_could_not_be_sent_counts_too(desk: Desk, house: Postgres) -> None:
    await house.run(UNSENT)
    assert await standing(desk, "a") == {"a": Unfinished(stuck=True, unsent=1)}
    assert await standing(desk) == {}


async def test_the_age_of_what_is_parked_is_a_number(desk: Desk) -> None:
    telemetry = desk.settler.handling._context.telemetry
    desk.house.behave = fails_on(1)
    await desk.arrive("a", 1)
    desk.clock.advance(timedelta(seconds=90))
    await desk.settler.sweep._census()
    assert 'nrm_events_parked_age_seconds{bus="local"} 90.0' in shown(telemetry)
    async with desk.database.transaction() as tx:
        await parking.discard(tx, parking.Place("house", STREAM, 1), ORDER)
    await desk.settler.sweep._census()
    assert 'nrm_events_parked_age_seconds{bus="local"} 0.0' in shown(telemetry)


async def test_senders_over_their_limit_are_counted_and_not_named(desk: Desk) -> None:
    telemetry = desk.settler.handling._context.telemetry
    line = 'nrm_senders_over_limit{bus="local",lane="house"}'
    assert f"{line} 0.0" in shown(telemetry)
    desk.house.behave = fails_on(1)
    for number in range(QUICK.parked_in_a_row):
        await desk.arrive(f"s{number}", 1, sender="bad-agency")
    assert f"{line} 1.0" in shown(telemetry)
    assert "bad-agency" not in shown(telemetry)


async def test_a_refused_record_that_stays_on_the_bus_is_seen_by_its_age(porch: Porch) -> None:
    telemetry = porch.context.telemetry
    async with porch.context.database.transaction() as tx:
        await tx.connection.execute(
            "INSERT INTO delete_due VALUES ($1, 7, 0, $2)",
            PLACE.topic,
            porch.context.clock.wall() - timedelta(hours=1),
        )

    def age() -> float:
        lines = [line for line in shown(telemetry).splitlines() if "nrm_deletion_age" in line]
        return float(lines[-1].rpartition(" ")[2]) if lines else -1.0

    async with porch.open():
        await until(lambda: age() >= 3600)
        async with porch.context.database.transaction() as tx:
            await tx.connection.execute("DELETE FROM delete_due")
        await until(lambda: age() == 0)
