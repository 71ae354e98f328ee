"""Bans on removal that came here: those that stand are all shown, whatever ended or came later."""

from datetime import timedelta
from typing import Any

from contracts.identification import NoRemoval
from services.chassis.clock import new_id
from tests.integration.identification.events import INTERIOR
from tests.support.service_bench import Bench

MANY = """
    INSERT INTO identification.notice
    SELECT gen_random_uuid(), gen_random_uuid(), 'no-removal', 'incoming', 'bulk', 'bulk', NULL,
        $1, $2::timestamptz + number / 2 * interval '1 hour', '{}'
    FROM generate_series(1, 205) AS number
"""
"""Two at a time change at one moment."""
SERVICE_LIMIT = 200


async def a_page(bench: Bench, **query: Any) -> list[dict[str, Any]]:
    async with bench.client() as officer:
        answer = await officer.get("/v1/notices", params={"kind": "no-removal", **query})
    assert answer.status_code == 200
    return list(answer.json())


async def with_many(bench: Bench) -> str:
    """A ban, and many newer ones that stand or ended; the number of its case."""
    case_id, about = new_id(), {"publisher": "identification", "sender": INTERIOR}
    await bench.bring(NoRemoval(notification_id=new_id()), case_id, **about)
    owner = await bench.postgres.connect()
    try:
        for state in ("ended", "received"):
            await owner.execute(MANY, state, bench.clock.wall() + timedelta(days=1))
    finally:
        await owner.close()
    return str(case_id)


async def test_every_ban_that_stands_is_reached_once_and_the_newest_first(border: Bench) -> None:
    case_id = await with_many(border)
    shown = await a_page(border, state="received")
    assert len(shown) == SERVICE_LIMIT
    while some := await a_page(
        border, state="received", after=shown[-1]["notification_id"], limit=3
    ):
        assert len(some) <= 3
        shown += some
    assert len({each["notification_id"] for each in shown}) == len(shown) == 206
    assert shown[-1]["case_id"] == case_id
    assert {each["state"] for each in shown} == {"received"}
    times = [each["changed_at"] for each in shown]
    assert times == sorted(times, reverse=True)


async def test_after_a_notice_that_is_not_there_the_list_begins_anew(border: Bench) -> None:
    await with_many(border)
    newest = await a_page(border, state="received", limit=5)
    assert await a_page(border, state="received", limit=5, after=str(new_id())) == newest
    assert {each["state"] for each in await a_page(border, state="ended")} == {"ended"}
    assert len(await a_page(border)) == SERVICE_LIMIT
