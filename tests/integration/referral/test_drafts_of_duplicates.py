"""Of a case that is frozen no draft is left or shown, under whichever id it was written."""

from uuid import UUID

import pytest

from contracts import gateway, identification
from tests.integration.referral.test_by_hand import told
from tests.integration.referral.test_doors import get
from tests.integration.referral.test_drafts import OPEN, REQUEST, a_draft, drafted, left
from tests.integration.referral.world import INTERIOR, MORNING, World, a_case, an_id

EARLIER, CASE, GOES_ON = an_id("earlier"), an_id("case"), an_id("the case that goes on")


async def merge(world: World, duplicate: UUID, goes_on: UUID) -> None:
    merged = identification.CaseMerged(into_case=goes_on)
    await world.nodes[INTERIOR].feed("identification", merged, duplicate)


async def freeze(world: World, case_id: UUID) -> None:
    stopped = gateway.SharingStopped(reference_known=True)
    await world.nodes[INTERIOR].feed("gateway", stopped, case_id)


async def shown(world: World, case_id: UUID) -> list[str]:
    found = (await get(world.nodes[INTERIOR], f"/v1/cases/{case_id}/drafts")).json()
    return [each["request_id"] for each in found]


@pytest.mark.parametrize("frozen_first", [True, False])
@pytest.mark.parametrize("known", [True, False])
async def test_a_freeze_of_the_case_that_goes_on_leaves_nothing_of_its_duplicates_drafts(
    world: World, *, frozen_first: bool, known: bool
) -> None:
    await drafted(world)
    if known:
        await world.nodes[INTERIOR].feed("identification", a_case(), GOES_ON)
    if frozen_first:
        await freeze(world, GOES_ON)
        await merge(world, CASE, GOES_ON)
    else:
        await merge(world, CASE, GOES_ON)
        assert await shown(world, GOES_ON) == [str(REQUEST)]
        await freeze(world, GOES_ON)
    assert await left(world) == (0, 0)
    assert await told(world, INTERIOR, OPEN, GOES_ON) == ["case-frozen"]


@pytest.mark.parametrize("merged_last", [True, False])
async def test_a_freeze_reaches_the_drafts_of_a_duplicates_duplicate(
    world: World, *, merged_last: bool
) -> None:
    interior = world.nodes[INTERIOR]
    for each in (EARLIER, GOES_ON):
        await interior.feed("identification", a_case(), each)
    assert await told(world, INTERIOR, a_draft(), EARLIER) == []
    await merge(world, EARLIER, CASE)
    if not merged_last:
        await merge(world, CASE, GOES_ON)
    await freeze(world, GOES_ON)
    if merged_last:
        assert await left(world) == (1, 2)
        await merge(world, CASE, GOES_ON)
    assert await left(world) == (0, 0)


async def test_where_a_duplicate_goes_on_in_one_that_is_over_no_draft_under_it_is_left(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    for each in (EARLIER, GOES_ON):
        await interior.feed("identification", a_case(), each)
    assert await told(world, INTERIOR, a_draft(), EARLIER) == []
    ended = identification.CaseEnded(reason="other", closed_at=MORNING)
    await interior.feed("identification", ended, GOES_ON)
    await merge(world, EARLIER, CASE)
    assert await left(world) == (1, 2)
    await merge(world, CASE, GOES_ON)
    assert await left(world) == (0, 0)


async def test_a_freeze_of_a_duplicate_leaves_the_drafts_of_the_case_that_goes_on(
    world: World,
) -> None:
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(), GOES_ON)
    await drafted(world)
    assert await told(world, INTERIOR, a_draft("its own"), GOES_ON) == []
    await merge(world, CASE, GOES_ON)
    await freeze(world, CASE)
    assert await shown(world, GOES_ON) == [str(an_id("its own"))]
    assert await shown(world, CASE) == []
    assert await left(world) == (1, 2)


async def test_a_draft_that_outlived_a_freeze_is_shown_to_nobody(world: World) -> None:
    await drafted(world)
    interior = world.nodes[INTERIOR]
    await interior.feed("identification", a_case(), GOES_ON)
    await merge(world, CASE, GOES_ON)
    assert await shown(world, CASE) == await shown(world, GOES_ON) == [str(REQUEST)]
    await interior.rows("UPDATE known_case SET frozen = true WHERE status = 'open'")
    assert await shown(world, CASE) == await shown(world, GOES_ON) == []
