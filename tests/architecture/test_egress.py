"""No number about people leaves a node by a way that nobody has judged."""

from pathlib import Path

import pytest

from contracts.catalogue import CATALOGUE, EventSpec
from contracts.envelope import Classification
from contracts.tools.schemas import schema_of, without_null
from deploy import egress

ROOT = Path(__file__).resolve().parents[2]
COUNTED_INSIDE = {
    *("pool_id", "maximum", "available", "held", "occupied", "out_of_service", "suits"),
    *("contract_id", "funded", "delivered", "remaining", "beyond", "closed_because"),
}
"""What would say where a place is, or how many there are."""
PLACES = {
    "location",
    "address",
    "site",
    "street",
    "latitude",
    "longitude",
    "accommodation",
    "place",
}


def ways() -> list[str]:
    return [
        *(f"route {route}" for route in egress.routes()),
        *(f"event {event}" for event in egress.events()),
        *(f"file {file}" for file in egress.files(ROOT / "cli") if not file.endswith(" egress")),
    ]


def test_every_way_out_is_in_the_register() -> None:
    assert len(ways()) > 20
    assert egress.unregistered(ways()) == []


def test_nothing_is_in_the_register_that_is_no_way_out() -> None:
    assert egress.unused(ways()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "route referral GET /v1/statistics",
        "route assistance GET /v1/occupancy",
        "event org.nrm.assistance.month-counted.v1",
        "file nrm export counts",
    ],
)
def test_planted_a_way_that_nobody_judged_is_found(planted: str) -> None:
    assert egress.unregistered([*ways(), planted]) == [planted]


def test_planted_a_command_that_writes_a_table_is_found(tmp_path: Path) -> None:
    (tmp_path / "leak.py").write_text(
        "import csv\n\n@app.command()\ndef counts() -> None:\n    csv.writer(None)\n"
    )
    assert list(egress.files(tmp_path)) == ["nrm leak counts"]


@pytest.mark.parametrize(
    "writing",
    [
        'Path("x").open("w")',
        'open("x", "ab")',
        'os.fdopen(3, mode="w")',
        'Path("x").write_text("")',
        'Path("x").write_bytes(b"")',
    ],
)
def test_planted_a_command_that_writes_a_file_by_another_function_is_found(
    writing: str, tmp_path: Path
) -> None:
    (tmp_path / "leak.py").write_text(
        '@app.command("out")\ndef out_() -> None:\n    put()\n\n'
        '@app.command()\ndef look() -> None:\n    open("out.txt", "rb")\n    open("w.a")\n\n'
        f"def put() -> None:\n    put()\n    further()\n\ndef further() -> None:\n    {writing}\n"
    )
    assert list(egress.files(tmp_path)) == ["nrm leak out"]


def leaving() -> list[EventSpec]:
    """Every body that another agency or the hub may get."""
    return [
        spec
        for spec in CATALOGUE.values()
        if spec.travels or spec.classification is Classification.AGGREGATE
    ]


def properties(schema: dict[str, object]) -> set[str]:
    found: set[str] = set()
    open_nodes: list[dict[str, object]] = [schema]
    while open_nodes:
        node = without_null(open_nodes.pop())[0]
        below = node.get("properties", {})
        assert isinstance(below, dict)
        found |= below.keys()
        open_nodes += [each for each in [*below.values(), node.get("items")] if each]
    return found


def of_a_place(names: set[str]) -> set[str]:
    return {name for name in names if name in COUNTED_INSIDE or PLACES & set(name.split("_"))}


@pytest.mark.parametrize("spec", leaving(), ids=lambda spec: spec.type)
def test_where_a_place_is_and_how_many_there_are_never_leaves_the_node(spec: EventSpec) -> None:
    assert of_a_place(properties(schema_of(spec))) == set()


def test_planted_a_pool_in_what_leaves_is_found() -> None:
    names = properties(schema_of(CATALOGUE["org.nrm.referral.task-offered.v1"]))
    assert of_a_place(names | {"pool_id"}) == {"pool_id"}
    assert of_a_place(names | {"shelter_address"}) == {"shelter_address"}


def test_nothing_of_assistance_travels() -> None:
    assert [spec.type for spec in leaving() if spec.owner == "assistance"] == []
