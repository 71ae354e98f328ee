"""How full the beds are is shown inside the provider's node: nobody else's page or rule has it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from deploy.declared import declared, inside_numbers, inside_roles
from deploy.local.layout import StateFolder, write_json
from deploy.local.tokens import token_path
from deploy.observe import grafana, program
from deploy.observe.bridge import Bridge, Source, make_app
from deploy.observe.dashboards import INSIDE, PROVISIONED
from deploy.observe.panels import Form, Panel, Question
from services.chassis.telemetry import METRICS

PROVIDER = "redcross-vitebsk"
PLACES = "nrm_places_free"
TOLD = 'nrm_places_free{service_type="crisis-room",audience_class="women"} 41.0'


def question(metric: str, inside: str | None, **more: Any) -> Question:
    panel = Panel(title="a panel", metric=metric, form=Form.VALUE, **more)
    return Question.model_validate({"key": "q", "title": "?", "inside": inside, "panels": [panel]})


def test_no_file_for_whoever_looks_after_nodes_names_a_number_of_the_inside() -> None:
    names = {f"nrm_{name}" for numbers in inside_numbers().values() for name in numbers}
    assert names
    inside = {path for folder in INSIDE.values() for path in folder.iterdir()}
    shared = {path for path in PROVISIONED.rglob("*") if path.is_file()} - inside
    assert len(shared) >= 5
    for path in shared:
        assert not [name for name in names if name in path.read_text()], path.name
    assert [path.name for path in inside if PLACES in path.read_text()] == ["beds.json"]


def test_a_panel_that_would_show_it_to_others_is_refused() -> None:
    with pytest.raises(ValidationError, match="inside its node only"):
        question("places_free", inside=None)
    with pytest.raises(ValidationError, match="to everybody"):
        question("outbox_depth", inside="provider")


def test_its_dashboard_and_its_rules_lie_apart() -> None:
    beds = question("places_free", inside="provider")
    assert grafana.folder_of(beds) == INSIDE["provider"]
    assert "places" not in json.dumps(grafana.rules())
    for alert in ("ContractExhausted", "ContractExceeded"):
        assert alert not in json.dumps(grafana.rules())
        assert alert in json.dumps(grafana.inside_rules("provider"))
        assert alert in (INSIDE["provider"] / "alerts.yaml").read_text()


def test_no_number_of_the_inside_says_where_it_is_and_whoever_collects_may_not_read_it() -> None:
    for service, numbers in inside_numbers().items():
        assert {label for spec in numbers.values() for label in spec.labels} <= {
            "service_type",
            "audience_class",
            "unit",
            "funding",
        }
        assert inside_roles(service)
        assert program.OPERATOR not in inside_roles(service)
        assert not numbers.keys() & METRICS.keys()
        assert numbers.keys() <= declared().keys()


def services(texts: dict[str, str]) -> tuple[Bridge, httpx.MockTransport]:
    """A provider and a node that is none; each answers what ``texts`` says for its address."""

    def answer(request: httpx.Request) -> httpx.Response:
        text = texts.get(f"{request.url.host}{request.url.path}")
        wanted = "Bearer clerk" if request.url.path.endswith("inside") else "Bearer operator"
        allowed = text is not None and request.headers.get("authorization") == wanted
        return httpx.Response(200 if allowed else 403, text=text)

    operator, clerk = ({"authorization": f"Bearer {role}"} for role in ("operator", "clerk"))
    sources = {
        f"{PROVIDER}.assistance": Source("http://provider", operator, clerk),
        "ngo-brest.assistance": Source("http://ngo", operator, clerk),
        "border-brest.gateway": Source("http://border", operator),
    }
    return Bridge("http://zipkin", lambda: sources), httpx.MockTransport(answer)


async def pages(bridge: Bridge, transport: httpx.MockTransport) -> dict[str, httpx.Response]:
    async with httpx.AsyncClient(transport=transport) as client:
        await bridge.look(client)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(bridge)), base_url="http://bridge"
    ) as client:
        wanted = ("", f"nodes/{PROVIDER}/", "nodes/ngo-brest/", "nodes/border-brest/")
        return {each: await client.get(f"/v1/{each}dashboards") for each in wanted}


async def test_a_node_sees_its_own_beds_and_no_other_page_has_them() -> None:
    told = await pages(
        *services(
            {
                "provider/metrics": "nrm_deadlines_late 0.0",
                "provider/metrics/inside": TOLD,
                "ngo/metrics": "nrm_deadlines_late 0.0",
                "ngo/metrics/inside": TOLD.replace("41", "7"),
                "border/metrics": "nrm_deadlines_late 0.0",
                "border/metrics/inside": TOLD,
            }
        )
    )
    (beds,) = told[f"nodes/{PROVIDER}/"].json()["dashboards"]
    (free,) = [each for each in beds["panels"] if each["title"] == "Places that are free"]
    name = f"{PROVIDER}.assistance crisis-room women"
    assert free["lines"] == [{"name": name, "now": 41.0, "points": [41.0]}]
    assert "41" not in told["nodes/ngo-brest/"].text
    assert "crisis-room" not in told[""].text
    assert told["nodes/border-brest/"].status_code == 404


async def test_not_even_a_service_that_tells_everybody_gets_its_beds_on_a_shared_page() -> None:
    told = await pages(
        *services({"provider/metrics": TOLD, "ngo/metrics": TOLD, "border/metrics": TOLD})
    )
    assert "crisis-room" not in "".join(each.text for each in told.values())


async def test_a_node_cannot_be_spoken_for_by_another() -> None:
    bridge, transport = services({"ngo/metrics/inside": TOLD[:-6] + f',node="{PROVIDER}"}} 41.0'})
    told = await pages(bridge, transport)
    assert "crisis-room" not in told[f"nodes/{PROVIDER}/"].text


def test_only_who_tells_something_inside_is_asked_inside(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    write_json(state.stack, {"ports": {"a.assistance": 1, "a.gateway": 2}})
    for role in (program.OPERATOR, *inside_roles("assistance")):
        path = token_path(state, "a", role)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(role)
    told = program.sources_of(state)
    assert told["a.gateway"].inside is None
    assert told["a.assistance"].inside == {"authorization": "Bearer capacity-clerk"}
    assert told["a.assistance"].headers == {"authorization": "Bearer operator"}
