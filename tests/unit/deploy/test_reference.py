"""The reference pages leave no place empty, and name no setting that nothing reads."""

import ast
import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI

from deploy import reference, reference_http, reference_map
from deploy.local.topology import read_topology
from deploy.reference_words import Undescribed, described
from services.chassis.environment import ServiceSettings

SERVICES = Path(reference.__file__).parents[1] / "services"
SETTINGS = {
    service: importlib.import_module(f"services.{service}.settings").Settings
    for service in dict.fromkeys(unit.service for unit in read_topology().units)
}

SERVICES_OF_HTTP = reference_http.SERVICES
NAMES_OF_HTTP = [name for name, *_ in SERVICES_OF_HTTP]
OF_THE_CHASSIS = {("GET", "/metrics/inside")}
"""Told at the head of the page, for every service."""


class Bare(ServiceSettings):
    """Settings of a service whose author was in a hurry."""

    service: str = "bare"
    described_limit: int = 1
    """How many."""
    bare_limit: int = 1


def attributes_read_below(folder: Path) -> set[str]:
    return {
        node.attr
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }


def test_every_page_can_be_written() -> None:
    assert set(reference.pages())


def test_every_topics_card_names_who_reads_and_writes_it() -> None:
    """Who grants rights on a broker does it by the cards: a reader that is not named would stop."""
    assert reference_map.DIFFERING not in reference_map.page()


def test_a_setting_without_a_description_stops_the_generator() -> None:
    with pytest.raises(Undescribed, match="NRM_BARE__BARE_LIMIT"):
        list(reference.rows_of(Bare))


def test_a_route_without_a_docstring_stops_the_generator() -> None:
    app = FastAPI()

    @app.get("/v1/cases")
    async def list_cases() -> list[str]:
        return []

    access = {("GET", "/v1/cases"): frozenset({"supervisor"})}
    with pytest.raises(Undescribed, match="GET /v1/cases"):
        reference_http.rows_of(app, access)


@pytest.mark.parametrize(
    ("add_routes", "access"), [each[1:] for each in SERVICES_OF_HTTP], ids=NAMES_OF_HTTP
)
def test_every_row_of_an_access_table_is_on_the_page_and_no_route_without_one(
    add_routes: Callable[[FastAPI], None], access: reference_http.Access
) -> None:
    app = FastAPI()
    add_routes(app)
    served = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert served == access.keys() - OF_THE_CHASSIS
    written = reference_http.page()
    assert [route for route in sorted(served) if f"| `{' '.join(route)}` |" not in written] == []


@pytest.mark.parametrize("words", [None, "", "  \n"])
def test_nothing_is_no_description(words: str | None) -> None:
    with pytest.raises(Undescribed):
        described(words, "the thing", "words")


@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_of_a_service_is_read_by_it(service: str) -> None:
    own = SETTINGS[service].model_fields.keys() - ServiceSettings.model_fields.keys()
    assert own - attributes_read_below(SERVICES.joinpath(*service.split("."))) == set()


def test_every_setting_of_all_services_is_read_by_the_chassis_or_a_service() -> None:
    assert ServiceSettings.model_fields.keys() - attributes_read_below(SERVICES) == set()
