"""The registry file becomes the policy in force, and nothing older or unsound ever does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.chassis.clock import FrozenClock
from services.chassis.errors import DatabaseUnavailable
from services.gateway.domain.registry import Verdict
from services.gateway.handlers.registry import RegistryWatch, read_registry
from services.gateway.store.policy import read_policy
from tests.support.databases import own_database
from tests.support.gateway_door import (
    NODE,
    NOW,
    Door,
    a_registry,
    open_door,
    write_registry,
)
from tests.support.postgres import Postgres

LOCAL_REGISTRY = Path(__file__).parents[3] / "deploy" / "local" / "registry.yaml"


async def test_a_sound_registry_is_taken_and_told_once(first_door: Door) -> None:
    watch = RegistryWatch(first_door.context)
    assert not watch.readiness().ok
    assert await watch.look() is Verdict.TAKE
    assert watch.readiness().ok
    assert await RegistryWatch(first_door.context).look() is Verdict.KNOWN
    (told,) = await first_door.published("registry")
    assert told["type"] == "org.nrm.gateway.policy-copied.v1"
    assert told["key"] == "00000000-0000-4000-8000-000000000001"
    assert {each["node"] for each in told["body"]["participants"]} == {NODE, "interior-brest"}
    async with first_door.database.transaction() as tx:
        policy = await read_policy(tx)
    assert policy is not None
    assert (policy.version, len(policy.digest)) == (1, 64)


async def test_a_changed_file_is_seen_by_its_time(first_door: Door) -> None:
    watch = RegistryWatch(first_door.context)
    await watch.look()
    assert await watch.look() is None
    write_registry(first_door.context.settings.registry_file, version=2)
    assert await watch.look() is Verdict.TAKE
    assert len(await first_door.published("registry")) == 2


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"version": 2}, Verdict.OLDER),
        ({"version": 3, "valid_until": "2035-01-01T00:00:00Z"}, Verdict.TWO_FOR_ONE),
        ({"version": 4, "valid_until": "2020-01-01T00:00:00Z"}, Verdict.OVER),
        ({"version": 4, "signature": "none"}, Verdict.UNSOUND),
        ({"version": 4, "participants": []}, Verdict.UNSOUND),
        ({"version": 4, "participants": a_registry()["participants"] * 2}, Verdict.UNSOUND),
        ({"version": 4, "pairs": a_registry()["pairs"][:1]}, Verdict.UNSOUND),
    ],
)
async def test_what_is_wrong_leaves_the_policy_in_force(
    first_door: Door, changes: dict[str, object], verdict: Verdict
) -> None:
    path = first_door.context.settings.registry_file
    write_registry(path, version=3)
    watch = RegistryWatch(first_door.context)
    await watch.look()
    write_registry(path, **changes)
    assert await watch.look() is verdict
    async with first_door.database.transaction() as tx:
        policy = await read_policy(tx)
    assert policy is not None
    assert policy.version == 3
    assert policy.valid_until == datetime(2036, 1, 1, tzinfo=UTC)
    assert len(await first_door.published("registry")) == 1


async def test_a_missing_or_broken_file_is_not_ready_and_no_crash(first_door: Door) -> None:
    path = first_door.context.settings.registry_file
    path.write_text("version: [", encoding="utf-8")
    watch = RegistryWatch(first_door.context)
    assert await watch.look() is Verdict.UNSOUND
    path.unlink()
    await watch.look()
    assert not watch.readiness().ok
    write_registry(path)
    assert await watch.look() is Verdict.TAKE


async def test_a_policy_that_ran_out_is_said_so_until_the_clock_is_set_right(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    clock = FrozenClock(NOW)
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, clock) as door,
    ):
        watch = RegistryWatch(door.context)
        await watch.look()
        clock.advance(timedelta(days=4000))
        await watch.look()
        assert not watch.readiness().ok
        clock.advance(-timedelta(days=4000))  # nobody touched the file meanwhile
        await watch.look()
        assert watch.readiness().ok


async def test_the_demonstrations_registry_is_sound(first_door: Door) -> None:
    registry = read_registry(LOCAL_REGISTRY)
    assert registry is not None
    changed = first_door.context.settings.model_copy(update={"registry_file": LOCAL_REGISTRY})
    context = type(first_door.context)(
        **{
            **{name: getattr(first_door.context, name) for name in first_door.context.__slots__},
            "settings": changed,
        }
    )
    assert await RegistryWatch(context).look() is Verdict.TAKE


async def test_a_look_that_the_database_broke_off_is_made_up_for(
    first_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = RegistryWatch(first_door.context)

    async def away(_tx: object) -> None:
        raise DatabaseUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(RegistryWatch, "_judged", taken)
        broken.setattr("services.gateway.store.policy.read_policy", away)
        with pytest.raises(DatabaseUnavailable):
            await watch.look()
    assert not watch.readiness().ok
    await RegistryWatch(first_door.context).look()
    await watch.look()
    assert watch.readiness().ok


async def taken(*_given: object) -> Verdict:
    """The file was judged before the database went away."""
    return Verdict.TAKE
