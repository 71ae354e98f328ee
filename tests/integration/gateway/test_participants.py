"""Who takes part is told to whoever has a form that names an agency, once a registry is known."""

from tests.support.gateway_door import NODE, OTHER, Door, as_


async def test_everybody_with_a_form_may_ask_who_takes_part(door: Door) -> None:
    told = await door.client.get("/v1/participants", headers=as_("case-officer"))
    assert [row["node"] for row in told.json()] == [NODE, OTHER]
    assert (await door.client.get("/v1/participants", headers=as_("operator"))).status_code == 403


async def test_before_a_registry_is_known_it_says_so(first_door: Door) -> None:
    told = await first_door.client.get("/v1/participants", headers=as_("case-officer"))
    assert told.status_code == 503
