"""Settings of a service without a domain, for tests that need no server."""

from pathlib import Path
from typing import Any

from services.chassis.environment import ServiceSettings


def plain_settings(state_dir: Path, **changes: Any) -> ServiceSettings:
    """Settings that point nowhere."""
    given = {
        "node": "node-one",
        "service": "house",
        "database_url": "postgresql://nobody@/nothing",
        "database_schema": "house",
        "port": 0,
        "state_dir": state_dir,
    }
    return ServiceSettings(**{**given, **changes})
