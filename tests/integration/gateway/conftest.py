"""Fixtures of the gateway's integration tests."""

from tests.integration.gateway.door_fixtures import door, door_clock, door_template, first_door

__all__ = ["door", "door_clock", "door_template", "first_door"]
