"""What the observer of the containers sees is judged: each thing that is missing is a sentence."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.containers.seen import Observer, faults_of, report
from deploy.local.topology import read_topology
from deploy.observe.grafana import rules
from deploy.observe.panels import questions

TOPOLOGY = read_topology()
UNITS = [f"{unit.node}.{unit.service}" for unit in TOPOLOGY.units]
INSIDE = {panel.series for each in questions() if each.inside for panel in each.panels}
World = dict[str, Any]


def whole() -> World:
    """A Prometheus and a Jaeger that have everything they should, and nothing else."""
    loaded = [
        {"name": rule["alert"], "health": "ok"}
        for group in rules()["groups"]
        for rule in group["rules"]
    ]
    return {
        "targets": [{"health": "up", "scrapeUrl": "http://hub-collector:9464", "lastError": ""}],
        "rules": [{"rules": loaded}],
        "alerts": [],
        "up": set(UNITS),
        "missing": set(INSIDE),
        "traced": set(UNITS),
    }


def observer(world: World) -> Observer:
    def prometheus(request: httpx.Request) -> httpx.Response:
        what = request.url.path.rpartition("/")[2]
        if what != "query":
            key = {"targets": "activeTargets", "rules": "groups"}.get(what, what)
            return httpx.Response(200, json={"data": {key: world[what]}})
        return httpx.Response(200, json=_answer(world, request.url.params["query"]))

    def jaeger(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": sorted(world["traced"])})

    return Observer(_client(prometheus), _client(jaeger))


def _client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="http://there", transport=httpx.MockTransport(answer))


def _answer(world: World, expression: str) -> World:
    if expression.startswith("up{"):
        named = [unit.split(".", 1) for unit in sorted(world["up"])]
        found = [{"metric": {"node": node, "service": service}} for node, service in named]
    else:
        absent = any(f"({series})" in expression for series in world["missing"])
        found = [] if absent else [{"metric": {}}]
    return {"status": "success", "data": {"result": found}}


def test_a_whole_world_has_no_fault() -> None:
    assert list(faults_of(observer(whole()), TOPOLOGY)) == []


def broken(world: World) -> None:
    world["rules"][0]["rules"][0].update(health="err", lastError="no such function")


PLANTED: dict[str, Callable[[World], object]] = {
    "http://hub-collector:9464 is down": lambda world: world["targets"][0].update(health="down"),
    f"{UNITS[0]} tells its numbers to nobody": lambda world: world["up"].discard(UNITS[0]),
    f"no span of {UNITS[0]} is in Jaeger": lambda world: world["traced"].discard(UNITS[0]),
    "outbox_depth.value is empty": lambda world: world["missing"].add("nrm_outbox_depth"),
    "handler_seconds.p95 is empty": lambda world: world["missing"].add(
        "nrm_handler_seconds_bucket"
    ),
    "places_free.value is told inside its node alone": lambda world: world["missing"].clear(),
    "EventsDoNotLeave is err: no such function": broken,
    "ServiceSilent is not loaded": lambda world: world["rules"][0]["rules"].pop(),
}


@pytest.mark.parametrize("sentence", PLANTED)
def test_what_is_missing_is_a_sentence(sentence: str) -> None:
    world = whole()
    PLANTED[sentence](world)
    assert any(sentence in fault for fault in faults_of(observer(world), TOPOLOGY))


def test_every_panel_and_every_alert_that_rings_is_told() -> None:
    world = whole()
    labels = {"alertname": "ServiceSilent", "node": "hub", "service": "statistics.publisher"}
    world["alerts"] = [{"state": "firing", "labels": labels}]
    told = list(report(observer(world)))
    assert "firing: ServiceSilent of hub.statistics.publisher" in told
    for panel in (panel for each in questions() for panel in each.panels):
        assert any(line.endswith(f"lines: {panel.key}") for line in told)
