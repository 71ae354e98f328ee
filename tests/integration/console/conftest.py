"""A gateway's real door, as its own tests have it."""

from tests.integration.gateway.door_fixtures import door, door_clock, door_template

__all__ = ["door", "door_clock", "door_template"]
