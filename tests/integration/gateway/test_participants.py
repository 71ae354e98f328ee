"""Who takes part is told to whoever has a form that names an agency, once a registry is known."""

import json
from pathlib import Path

from tests.support.databases import own_database
from tests.support.gateway_door import NODE, OTHER, Door, as_, open_door
from tests.support.postgres import Postgres


async def test_everybody_with_a_form_may_ask_who_takes_part(door: Door) -> None:
    told = await door.client.get("/v1/participants", headers=as_("case-officer"))
    assert [row["node"] for row in told.json()] == [NODE, OTHER]
    assert (await door.client.get("/v1/participants", headers=as_("operator"))).status_code == 403


async def test_before_a_registry_is_known_it_says_so(first_door: Door) -> None:
    told = await first_door.client.get("/v1/participants", headers=as_("case-officer"))
    assert told.status_code == 503


async def test_an_agency_is_told_with_its_name_where_the_directory_has_one(
    postgres_server: Postgres, door_template: str, tmp_path: Path
) -> None:
    listed = {
        "organizations": [
            {"id": OTHER, "name": "Interior affairs", "names": {"be": "Унутраныя справы"}},
            {"id": "x", "name": "X"},
        ]
    }
    directory = tmp_path / "directory.json"
    directory.write_text(json.dumps(listed), encoding="utf-8")
    async with (
        own_database(postgres_server, door_template) as postgres,
        open_door(postgres, door_template, tmp_path, directory_file=directory) as door,
    ):
        told = await door.client.get("/v1/participants", headers=as_("case-officer"))
    assert [(row["node"], row["name"], row["names"]) for row in told.json()] == [
        (NODE, None, {}),
        (OTHER, "Interior affairs", {"be": "Унутраныя справы"}),
    ]
