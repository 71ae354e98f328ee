"""What `nrm status` tells with the operator's token, and what others on the machine are told."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.local import control
from deploy.local.layout import StateFolder
from deploy.local.tokens import read_token
from tests.support.stack import wait_until_ready


def test_status_tells_each_part_of_each_service(stack_state: StateFolder) -> None:
    wait_until_ready(stack_state)
    done = CliRunner().invoke(app, ["status", "--json", "--state", str(stack_state.root)])
    services = [each for each in json.loads(done.output)["processes"] if "service" in each]
    assert {each["name"] for each in services} == dict(control.addresses(stack_state)).keys()
    for each in services:
        parts = each["parts"]["parts"]
        assert parts["own key"] == {"ok": True, "detail": ""}, each["name"]
        assert "web" in parts


@pytest.mark.parametrize("caller", [None, "case-officer"])
def test_nobody_else_is_told_parts_or_numbers_by_any_service(
    stack_state: StateFolder, caller: str | None
) -> None:
    wait_until_ready(stack_state)
    for name, address in control.addresses(stack_state):
        token = read_token(stack_state, name.partition(".")[0], caller) if caller else ""
        headers = {"authorization": f"Bearer {token}"} if caller else {}
        with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
            assert client.get("/health/ready").json() == {"ready": True}
            assert client.get("/metrics").status_code == (403 if caller else 401)
