"""A profile that does not exist stops each service that reads one, with one sentence."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from deploy.reference_stand_in import StandIn
from services.chassis.environment import GLOBALS, load
from services.chassis.errors import SettingsWrong
from services.gateway.main import exchange_context

FORGOTTEN = "XX-forgotten"
OWN = {
    "gateway": {"SERVICES": '["identification"]', "REGISTRY_FILE": "registry.yaml"},
    "referral": {"DIRECTORY_FILE": "directory.yaml"},
}


def settings_of(service: str) -> Any:
    given = {
        "NODE": "node-one",
        "DATABASE_URL": "postgresql://nobody@/nothing",
        "DATABASE_SCHEMA": service,
        "PORT": "0",
        "STATE_DIR": str(Path("state")),
        **OWN.get(service, {}),
    }
    settings_class = importlib.import_module(f"services.{service}.settings").Settings
    own = {f"NRM_{service.upper()}__{name}": text for name, text in given.items()}
    return load(settings_class, {**own, GLOBALS["profile"]: FORGOTTEN})


@pytest.mark.parametrize("service", ["identification", "referral", "assistance"])
async def test_a_service_says_which_variable_names_no_profile(service: str) -> None:
    build = importlib.import_module(f"services.{service}.main").build
    with pytest.raises(SettingsWrong, match="NRM_PROFILE is wrong") as refused:
        await build(settings_of(service))
    assert FORGOTTEN not in str(refused.value)


def test_the_gateway_says_it_too() -> None:
    frame: Any = StandIn()
    with pytest.raises(SettingsWrong, match="NRM_PROFILE is wrong") as refused:
        exchange_context(frame, settings_of("gateway"))
    assert FORGOTTEN not in str(refused.value)
