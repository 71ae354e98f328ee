"""How full the places are: told to the provider's own people, by kind, and to nobody else."""

from prometheus_client.parser import text_string_to_metric_families

from services.assistance.disclosure import NUMBERS
from services.chassis.clock import new_id
from services.chassis.telemetry import METRICS
from tests.integration.assistance.events import REFERRAL, a_pool_of, a_request, an_accepted_task
from tests.support.service_bench import Bench

ROOM_FOR_WOMEN = (("audience_class", "women"), ("service_type", "crisis-room"))


Labels = tuple[tuple[str, str], ...]


async def told(bench: Bench, role: str = "capacity-clerk") -> dict[tuple[str, Labels], float]:
    """Every number inside, by its name and labels."""
    async with bench.client(role) as client:
        answer = await client.get("/metrics/inside")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_all_places_of_a_kind_are_told_together_and_no_pool(provider: Bench) -> None:
    pools = [await a_pool_of(provider, maximum) for maximum in (2, 3)]
    await a_pool_of(provider, 1, service_type="nursing-visit", out_of_service=1)
    await an_accepted_task(provider, new_id())
    numbers = await told(provider)
    assert {name: numbers[name, ROOM_FOR_WOMEN] for name, _ in numbers if "share" not in name} == {
        "nrm_places": 5,
        "nrm_places_free": 4,
        "nrm_places_held": 1,
        "nrm_places_occupied": 0,
        "nrm_places_out_of_service": 0,
    }
    assert numbers["nrm_places_taken_share", ROOM_FOR_WOMEN] == 1 / 5
    none_usable = (("audience_class", "women"), ("service_type", "nursing-visit"))
    assert numbers["nrm_places_taken_share", none_usable] == 1
    assert {label for _, labels in numbers for label, _ in labels} == {
        "service_type",
        "audience_class",
    }
    assert not [pool for pool in pools if str(pool) in str(numbers)]


async def test_a_kind_that_is_gone_is_not_told_as_now(provider: Bench) -> None:
    await a_pool_of(provider, 2)
    assert ("nrm_places", ROOM_FOR_WOMEN) in await told(provider)
    await provider.rows("DELETE FROM pool")
    assert await told(provider) == {}


async def test_whoever_looks_after_the_node_from_outside_is_told_nothing_of_it(
    provider: Bench,
) -> None:
    await a_pool_of(provider, 2)
    await provider.bring(a_request(new_id()), new_id(), publisher=REFERRAL)
    assert await told(provider)
    async with provider.client("operator") as client:
        shared = await client.get("/metrics")
        refused = await client.get("/metrics/inside")
    assert (shared.status_code, refused.status_code) == (200, 403)
    assert "nrm_places" not in shared.text
    assert not METRICS.keys() & NUMBERS.keys()


async def test_looking_leaves_nothing_in_the_audit(provider: Bench) -> None:
    before = await provider.audited()
    await told(provider)
    assert await provider.audited() == before
