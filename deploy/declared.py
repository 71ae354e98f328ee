"""Every number that may be shown: what each service tells, and what one tells inside its node only.

For pages, panels and collectors; nothing is measured here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import ModuleType

from deploy.local.topology import read_topology
from services.chassis.inside import INSIDE_PATH
from services.chassis.telemetry import METRICS, NONE, MetricSpec

INSIDE_ROUTE = ("GET", INSIDE_PATH)


@cache
def inside_numbers() -> Mapping[str, Mapping[str, MetricSpec]]:
    """By service, what it declares for its own node alone."""
    found = {}
    for service in dict.fromkeys(unit.service for unit in read_topology().units):
        numbers = getattr(_room(service, "disclosure"), "NUMBERS", NONE)
        if numbers:
            found[service] = numbers
    return found


@cache
def declared() -> Mapping[str, MetricSpec]:
    """Every number by name, wherever it is told."""
    found = dict(METRICS)
    for service, numbers in inside_numbers().items():
        if twice := sorted(numbers.keys() & found.keys()):
            raise ValueError(f"{service} declares what is declared: {', '.join(twice)}")
        found |= numbers
    return found


@cache
def inside_roles(service: str) -> frozenset[str]:
    """Who may read what a service tells inside its node; nobody where it tells nothing there."""
    if service not in inside_numbers():
        return frozenset()
    routes: Mapping[tuple[str, str], frozenset[str]] = _room(service, "access").ROUTES
    return routes[INSIDE_ROUTE]


def _room(service: str, room: str) -> ModuleType:
    return importlib.import_module(f"services.{service}.{room}")
