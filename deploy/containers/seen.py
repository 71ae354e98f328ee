"""`python -m deploy.containers.seen`: what the observer of the running containers sees.

Prometheus and Jaeger themselves are asked what every dashboard and every alert rule asks, so that a
number which a collector loses or renames is found before somebody needs it. It changes nothing, and
reads no span.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.containers.running import published, resolved
from deploy.local.failures import StackFailure
from deploy.local.ports import LOOPBACK
from deploy.local.topology import Topology, read_topology
from deploy.observe.grafana import rules
from deploy.observe.panels import Panel, questions

PROFILE = "observe"
PROMETHEUS_PORT, JAEGER_PORT = 9090, 16686
SECONDS = 20


@dataclass(frozen=True)
class Observer:
    """The two programs that are asked."""

    prometheus: httpx.Client
    jaeger: httpx.Client

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression gives now."""
        answer = self.prometheus.get("/api/v1/query", params={"query": expression}).json()
        if answer["status"] != "success":
            raise StackFailure(f"Prometheus refuses {expression}: {answer.get('error')}")
        return list(answer["data"]["result"])

    def told(self, path: str, what: str) -> list[dict[str, Any]]:
        """What Prometheus tells of itself."""
        return list(self.prometheus.get(f"/api/v1/{path}").json()["data"][what])

    def services(self) -> set[str]:
        """Whose spans Jaeger has."""
        return set(self.jaeger.get("/api/services").json()["data"] or ())


def report(observer: Observer) -> Iterator[str]:
    """How much of everything there is."""
    for question in questions():
        for panel in question.panels:
            yield f"{len(observer.query(panel.query())):4d} lines: {panel.key}"
    for alert in observer.told("alerts", "alerts"):
        labels = alert["labels"]
        where = f"{labels.get('node')}.{labels.get('service')}"
        yield f"{alert['state']}: {labels['alertname']} of {where}"
    yield f"spans of: {', '.join(sorted(observer.services()))}"


def faults_of(observer: Observer, topology: Topology) -> Iterator[str]:
    """Whatever is not as it should be, as sentences."""
    for target in observer.told("targets", "activeTargets"):
        if target["health"] != "up":
            yield f"{target['scrapeUrl']} is {target['health']}: {target['lastError']}"
    answering = {
        f"{labels['node']}.{labels['service']}"
        for each in observer.query('up{node!="",service!=""} == 1')
        if (labels := each["metric"])
    }
    for unit in topology.units:
        name = f"{unit.node}.{unit.service}"
        if name not in answering:
            yield f"{name} tells its numbers to nobody"
        if name not in observer.services():
            yield f"no span of {name} is in Jaeger"
    yield from _faults_of_panels(observer)
    yield from _faults_of_rules(observer.told("rules", "groups"))


def _faults_of_panels(observer: Observer) -> Iterator[str]:
    for question in questions():
        for panel in question.panels:
            there = bool(observer.query(f"count({_series(panel)})"))
            if question.inside is None and not there:
                yield f"{panel.key} is empty: no service tells it"
            if question.inside is not None and there:
                yield f"{panel.key} is told inside its node alone, and is here"


def _series(panel: Panel) -> str:
    return f"{panel.series}_bucket" if panel.form == "p95" else panel.series


def _faults_of_rules(groups: list[dict[str, Any]]) -> Iterator[str]:
    loaded = {rule["name"]: rule for group in groups for rule in group["rules"]}
    for group in rules()["groups"]:
        for rule in group["rules"]:
            found = loaded.get(rule["alert"])
            if found is None:
                yield f"the rule {rule['alert']} is not loaded"
            elif found["health"] != "ok":
                yield f"the rule {rule['alert']} is {found['health']}: {found.get('lastError')}"


def _client(services: Mapping[str, Any], name: str, port: int) -> httpx.Client:
    address = f"http://{LOOPBACK}:{published(services, name, port)}"
    return httpx.Client(base_url=address, timeout=SECONDS, trust_env=False)


def main() -> int:
    """Print what is seen; 1 when something is wrong."""
    try:
        services = resolved(os.environ, PROFILE)
        prometheus = _client(services, "prometheus", PROMETHEUS_PORT)
        with prometheus, _client(services, "jaeger", JAEGER_PORT) as jaeger:
            observer = Observer(prometheus, jaeger)
            faults = list(faults_of(observer, read_topology()))
            lines = [*report(observer), *(f"wrong: {fault}" for fault in faults)]
    except (StackFailure, httpx.HTTPError) as failure:
        lines, faults = [], [f"nothing can be seen: {failure}"]
    sys.stdout.writelines(f"{line}\n" for line in lines or faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
