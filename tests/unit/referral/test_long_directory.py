"""Who imports a long directory sees how far it is, to the end, and what is bad stays out."""

import io
import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from cli import directory

SERVICES = 10_000
DEMO = Path(__file__).parents[3] / "deploy" / "local" / "directory.yaml"


def a_long_text() -> str:
    """Ten thousand services that differ by their id, and one that costs money."""
    document = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    one = document["services"][0]
    services = [{**one, "id": f"service-{number:05}"} for number in range(SERVICES)]
    paid = {**one, "id": "paid", "cost_options": [{"amount": 5}]}
    return json.dumps({**document, "services": [*services, paid]}, indent=1)


@pytest.mark.long
def test_ten_thousand_services_are_read_and_the_bar_reaches_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(directory, "errors", terminal)
    sifted = directory.sift(a_long_text(), progress=True)
    assert (sifted.loaded, [each.record for each in sifted.refused]) == (SERVICES, ["paid"])
    assert f"{SERVICES + 1}/{SERVICES + 1}" in shown.getvalue()
