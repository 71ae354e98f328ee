"""Whoever an access table lets in can be tried on the embedded stack."""

from deploy.local.topology import read_topology
from deploy.reference_http import SERVICES
from services.chassis.web import PUBLIC


def test_every_role_of_every_access_table_has_a_caller_in_the_embedded_stack() -> None:
    named = {role for _, _, access in SERVICES for roles in access.values() for role in roles}
    assert named - PUBLIC == set(read_topology().file.callers)


def test_the_access_table_of_every_service_of_the_stack_is_looked_at() -> None:
    assert {name for name, _, _ in SERVICES} == {unit.service for unit in read_topology().units}
