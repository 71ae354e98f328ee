"""Fixtures of the gateway's integration tests."""

from tests.integration.gateway.door_fixtures import door, door_template

__all__ = ["door", "door_template"]
