"""Which nodes, services and topics there are, and what a wrong file is told."""

from pathlib import Path

import pytest

from deploy.demo.stories import IN_A_MINUTE, ON_CALL, STORIES, nodes_on_call
from deploy.local.failures import StackFailure
from deploy.local.topics import read_cards, wanted_topics
from deploy.local.topology import Topology, read_topology


@pytest.fixture
def topology() -> Topology:
    """The nodes as committed."""
    return read_topology()


def test_every_service_has_names_of_its_own(topology: Topology) -> None:
    units = topology.units
    assert len(units) == 19
    assert len({unit.role for unit in units}) == len({unit.name for unit in units}) == 19
    contributor = topology.unit("ngo-brest.statistics.contributor")
    assert contributor.schema == "contributor"
    assert contributor.database == "nrm_ngo_brest"
    assert contributor.role == "ngo_brest_contributor"
    assert contributor.variable_prefix == "NRM_STATISTICS_CONTRIBUTOR__"
    assert contributor.module == "services.statistics.contributor.main"


def test_a_node_that_wants_pages_has_a_desk_beside_its_services(topology: Topology) -> None:
    assert [desk.name for desk in topology.desks] == [
        "interior-brest.console",
        "redcross-vitebsk.console",
    ]
    desk = topology.desks[0]
    assert (desk.module, desk.settings_module) == ("console.main", "console.settings")
    assert desk not in topology.units


def test_an_unknown_service_is_told_what_there_is(topology: Topology) -> None:
    with pytest.raises(StackFailure, match=r"ngo-brest\.gateway"):
        topology.unit("ngo.gateway")


def test_only_nodes_with_a_door_have_a_bus(topology: Topology) -> None:
    assert topology.agencies == ("border-brest", "interior-brest", "redcross-vitebsk", "ngo-brest")
    names = {shape.name for shape in wanted_topics(topology)}
    assert "nrm.local.ngo-brest.intake.v1" in names
    assert not [name for name in names if "local.hub" in name or "local.custodian" in name]
    assert not [name for name in names if "<" in name]


def test_there_is_one_exchange_topic_per_permitted_pair(topology: Topology) -> None:
    names = {shape.name for shape in wanted_topics(topology) if ".exchange." in shape.name}
    assert names == {f"nrm.exchange.{one}.{two}.v1" for one, two in topology.pairs}
    assert ("border-brest", "ngo-brest") not in topology.pairs


def test_cards_become_the_settings_of_the_broker(topology: Topology) -> None:
    shapes = {shape.name: shape for shape in wanted_topics(topology)}
    intake = shapes["nrm.local.border-brest.intake.v1"]
    assert intake.partitions == 4
    assert intake.settings["retention.ms"] == str(7 * 86_400_000)
    assert intake.settings["segment.ms"] == "600000"
    assert shapes["nrm.local.border-brest.consent.v1"].settings["retention.ms"] == "-1"
    assert {shape.settings["message.timestamp.type"] for shape in shapes.values()} == {
        "LogAppendTime"
    }


@pytest.mark.parametrize("text", ["name: [", "name: nrm.a.v1", "name: x\npartitions: 1"])
def test_a_card_that_cannot_be_read_is_told_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(StackFailure, match=r"wrong\.yaml"):
        read_cards(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nodes: {}", "package"),
        ("package: services\nnodes: {a: {kind: x, services: []}}", "services"),
        ("package: [", "cannot be used"),
        ("package: p\nregistry: none.yaml\nnodes: {a: {kind: x, services: [s]}}", "none.yaml"),
        ("package: p\nregistry: r.yaml\nnodes: {a: {kind: x, services: [s]}}", "unknown nodes: b"),
    ],
)
def test_a_wrong_nodes_file_is_told_what_is_wrong(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "r.yaml").write_text("pairs: [{sender: a, recipient: b}]")
    (tmp_path / "nodes.yaml").write_text(text)
    with pytest.raises(StackFailure, match=sentence):
        read_topology(tmp_path / "nodes.yaml")


def test_a_node_on_call_is_there_only_for_whom_asks_and_its_pairs_always() -> None:
    topology, asked = read_topology(), read_topology(also=("migration-minsk",))
    assert "migration-minsk" not in topology.file.nodes
    assert "migration-minsk" in asked.file.nodes
    assert "education-brest" not in asked.file.nodes
    assert topology.pairs == asked.pairs
    assert ("interior-brest", "migration-minsk") in topology.pairs
    names = {shape.name for shape in wanted_topics(topology)}
    assert "nrm.exchange.interior-brest.migration-minsk.v1" in names
    assert not [name for name in names if name.startswith("nrm.local.migration-minsk.")]


def test_a_node_on_call_costs_one_process() -> None:
    topology = read_topology(also=("education-brest",))
    processes = {process.name: process.units for process in topology.processes(whole_nodes=False)}
    assert len(processes["education-brest"]) == 4
    assert "education-brest.gateway" not in processes
    assert len(processes["ngo-brest.gateway"]) == 1


def test_who_asks_for_a_node_that_is_not_on_call_is_told_which_are() -> None:
    with pytest.raises(StackFailure, match=r"ngo-brest\. There are: education-brest, migration"):
        read_topology(also=("ngo-brest",))


def test_stories_name_nodes_that_are_on_call_and_the_short_ones_need_none() -> None:
    assert nodes_on_call(IN_A_MINUTE) == ()
    wanted = nodes_on_call(STORIES)
    assert set(ON_CALL) <= set(STORIES)
    assert set(wanted) <= set(read_topology(also=wanted).file.nodes)
