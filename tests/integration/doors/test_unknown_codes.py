"""What an agency wrote where no list has the code: kept sealed, shown with a trace, mapped once."""

from services.gateway.handlers.originals import Original, mapped, originals, shown
from tests.support.gateway_door import Door, a_detection, an_event

UNKNOWN = "ivan-petrov"


async def brought(door: Door) -> list[Original]:
    body = a_detection(exploitation=["forced-labour", UNKNOWN], industry="F-41")
    assert (await door.post(an_event("person-detected", body))).status_code == 202
    return await listed(door)


async def listed(door: Door) -> list[Original]:
    async with door.database.transaction() as tx:
        return await originals(tx, door.context.keys)


async def acts(door: Door) -> list[tuple[str, str]]:
    rows = await door.rows("SELECT action, reason FROM audit ORDER BY id")
    return [(row["action"], row["reason"]) for row in rows if "original" in row["action"]]


async def test_a_list_tells_places_and_a_look_at_the_word_is_audited(door: Door) -> None:
    first, second = await brought(door)
    assert [first.place, second.place] == ["exploitation.1", "industry"]
    assert UNKNOWN not in repr(first)
    assert await acts(door) == []
    async with door.database.transaction() as tx:
        assert shown(tx, first, actor="operator", reason="repair") == UNKNOWN
    assert await acts(door) == [("original-code-shown", "repair")]


async def test_a_mapped_word_is_kept_no_longer_and_mapped_once(door: Door) -> None:
    first, second = await brought(door)
    keys = door.context.keys
    async with door.database.transaction() as tx:
        assert await mapped(tx, keys, first, by="operator", code="sexual")
    assert [each.place for each in await listed(door)] == ["industry"]
    async with door.database.transaction() as tx:
        assert not await mapped(tx, keys, first, by="operator", code="sexual")
        assert await mapped(tx, keys, second, by="operator", code="F")
    assert await listed(door) == []
    assert await door.rows("SELECT * FROM original_code") == []
    assert await acts(door) == [
        ("original-code-mapped", "exploitation.1:sexual"),
        ("original-code-mapped", "industry:F"),
    ]
