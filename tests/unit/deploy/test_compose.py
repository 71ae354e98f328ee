"""docker-compose.yml keeps to its rules, and says the same as the embedded stack does."""

import re
from collections.abc import Callable
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.containers import inside, prepare
from deploy.containers.running import by_container, published
from deploy.containers.set_up import topics_of
from deploy.local.failures import StackFailure
from deploy.local.kafka import SETTINGS as KAFKA
from deploy.local.layout import StateFolder
from deploy.local.postgres import SETTINGS as POSTGRES
from deploy.local.topics import wanted_topics
from deploy.local.topology import read_topology
from deploy.observe.grafana import SOURCE
from services.chassis.environment import load
from tests.support.compose_rules import faults_of
from tests.support.containers import VARIABLE, composed

ROOT = Path(__file__).parents[3]
COMPOSE, DEMO = ROOT / "docker-compose.yml", ROOT / "deploy/containers/demo.yaml"
TOPOLOGY = read_topology()
OF_THE_PLACE = {  # what depends on where a broker or a database listens
    "listeners",
    "listener.security.protocol.map",
    "inter.broker.listener.name",
    "listen_addresses",
    "unix_socket_directories",
}
BUILT = {"otlp_grpc": "otlp"}
"""Parts of the collector whose module is called otherwise."""
Change = Callable[[dict[str, Any]], object]
PLANTED: dict[str, Change] = {
    "is no key of ours": lambda each: each["hub-kafka"].update(privileged=True),
    "its image has no version": lambda each: each["jaeger"].update(image="jaeger:latest"),
    "it runs as root": lambda each: each["hub-postgres"].update(user="0:0"),
    "its file system can be written": lambda each: each["hub-postgres"].update(read_only=False),
    "it keeps capabilities": lambda each: each["hub-kafka"].pop("cap_drop"),
    "it can gain privileges": lambda each: each["hub-kafka"].pop("security_opt"),
    "nobody asks whether it is well": lambda each: each["grafana"].pop("healthcheck"),
    "is open to the network": lambda each: each["grafana"].update(ports=["3000:3000"]),
    "is a secret": lambda each: each["grafana"]["environment"].update(GF_ADMIN_PASSWORD="x"),
    "is not in the ignored folder": lambda each: each["hub-postgres"].update(env_file="x.env"),
    "is in the network of ngo-brest": lambda each: each["hub-statistics-publisher"].update(
        networks=["hub", "exchange", "ngo-brest"]
    ),
    "the database of ngo-brest is not in its network alone": lambda each: each[
        "ngo-brest-postgres"
    ].update(networks=["ngo-brest", "exchange"]),
    "the broker of ngo-brest is not on its own bus alone": lambda each: each[
        "ngo-brest-kafka"
    ].update(networks=["ngo-brest", "exchange"]),
    "ngo-brest-collector sees": lambda each: each["ngo-brest-collector"].update(
        volumes=["./.nrm/containers/nodes/hub/operator:/run/nrm/operator:ro"]
    ),
    "is not the collector of hub alone": lambda each: each["hub-collector"].pop("profiles"),
    "pages see ./.nrm/containers/keys": lambda each: each["interior-brest-console"][
        "volumes"
    ].append("./.nrm/containers/keys/interior-brest.key:/run/nrm/node.key:ro"),
    "pages are not in their node's network alone": lambda each: each[
        "redcross-vitebsk-console"
    ].update(networks=["redcross-vitebsk", "exchange"]),
    "redcross-vitebsk-console is missing": lambda each: each.pop("redcross-vitebsk-console"),
    "hub-collector is missing": lambda each: each.pop("hub-collector"),
    "is in no node": lambda each: each.update(shared=each["hub-collector"]),
}


def test_the_file_keeps_every_rule() -> None:
    assert faults_of(composed()) == []


@pytest.mark.parametrize("sentence", PLANTED)
def test_a_planted_fault_is_found(sentence: str) -> None:
    changed = deepcopy(dict(composed()))
    PLANTED[sentence](changed["services"])
    assert any(sentence in fault for fault in faults_of(changed))


@pytest.mark.parametrize("key", ["name", "configs", "secrets"])
def test_nothing_is_in_it_that_an_older_compose_refuses(key: str) -> None:
    assert faults_of({**composed(), key: {}}) == [f"{key} is not for us"]


def test_every_variable_has_a_default_and_stands_in_the_example() -> None:
    text = COMPOSE.read_text() + DEMO.read_text()
    named = re.findall(r"\$\{?(\w+)", text)
    with_default = {found["name"]: found["default"] for found in VARIABLE.finditer(text)}
    assert set(named) == set(with_default)
    example = (ROOT / ".env.example").read_text().splitlines()
    told = dict(line.split("=", 1) for line in example if re.match(r"[A-Z]", line))
    assert {name: told.get(name) for name in with_default} == with_default


def test_every_service_is_built_as_itself_and_reads_its_own_environment() -> None:
    for unit in TOPOLOGY.units:
        card = composed()["services"][inside.container_of(unit)]
        assert card["build"]["args"]["SERVICE"] == unit.service.replace(".", "/")
        assert card["env_file"] == f".nrm/containers/environment/{unit.name}.env"
        assert list(card["depends_on"]) == [f"{unit.node}-set-up"]


def test_pages_are_built_as_pages_and_read_their_own_environment() -> None:
    for desk in TOPOLOGY.desks:
        card = composed()["services"][inside.container_of(desk)]
        assert card["build"]["target"] == "pages"
        assert "SERVICE" not in card["build"]["args"]
        assert card["env_file"] == f".nrm/containers/environment/{desk.name}.env"


def test_broker_and_database_have_the_settings_of_the_embedded_ones() -> None:
    told = composed()["x-kafka-settings"]
    for name, value in KAFKA.items():
        if name not in OF_THE_PLACE:
            assert told["KAFKA_" + name.upper().replace(".", "_")] == value
    words = composed()["x-postgres"]["command"]
    assert set(words[2::2]) == {f"{k}={v}" for k, v in POSTGRES.items() if k not in OF_THE_PLACE}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    state = StateFolder(tmp_path_factory.mktemp("containers"))
    prepare.prepare(state, TOPOLOGY, prepare.Wish(demo=True, observed=True))
    return state


def environment(state: StateFolder, name: str) -> dict[str, str]:
    lines = (state.root / "environment" / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_every_environment_is_one_that_the_service_knows(prepared: StateFolder) -> None:
    for unit in TOPOLOGY.units:
        given = environment(prepared, unit.name)
        settings = load(import_module(unit.settings_module).Settings, given)
        card = composed()["services"][inside.container_of(unit)]
        mounted = {volume.split(":")[1] for volume in card["volumes"]}
        named = {value for value in given.values() if value.startswith(f"{inside.MOUNTED}/")}
        assert named <= mounted
        assert (settings.port, settings.host) == (inside.SERVICE_PORT, inside.EVERYWHERE)
        assert f"@{unit.node}-postgres:" in settings.database_url.get_secret_value()
        assert settings.otlp_endpoint == f"http://{unit.node}-collector:4318"


def test_pages_are_told_of_their_node_s_services_and_of_nothing_else(prepared: StateFolder) -> None:
    for desk in TOPOLOGY.desks:
        given = environment(prepared, desk.name)
        settings = load(import_module(desk.settings_module).Settings, given)
        assert (settings.port, settings.host) == (inside.SERVICE_PORT, inside.EVERYWHERE)
        there = {
            unit.service: f"http://{inside.container_of(unit)}:{inside.SERVICE_PORT}"
            for unit in TOPOLOGY.units
            if unit.node == desk.node
        }
        assert settings.addresses == there
        told = " ".join(given.values())
        assert "kafka" not in told
        assert "postgres" not in told
        assert str(inside.KEY) not in told
        assert str(settings.tokens_file) == str(inside.TOKENS)


def test_only_gateways_of_agencies_are_told_of_both_buses(prepared: StateFolder) -> None:
    for unit in TOPOLOGY.units:
        told = " ".join(environment(prepared, unit.name).values())
        at_the_exchange = (
            "exchange" in composed()["services"][inside.container_of(unit)]["networks"]
        )
        assert ("hub-kafka:" in told) == at_the_exchange
        assert (f"{unit.node}-kafka:" in told) == (unit.node in (*TOPOLOGY.agencies, inside.HUB))


def test_no_two_nodes_share_a_password(prepared: StateFolder) -> None:
    words = [
        word
        for node in TOPOLOGY.file.nodes
        for word in yaml.safe_load(
            inside.node_folder(prepared, node).credentials.read_text()
        ).values()
    ]
    assert len(words) == len(set(words)) > len(TOPOLOGY.units)


def test_secrets_are_readable_by_one_and_made_once(prepared: StateFolder) -> None:
    secret = [*prepared.keys.iterdir(), *(prepared.root / "environment").iterdir()]
    secret += [inside.node_folder(prepared, node).credentials for node in TOPOLOGY.file.nodes]
    before = {path: path.read_bytes() for path in secret}
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}
    prepare.prepare(prepared, TOPOLOGY, prepare.Wish(demo=True, observed=True))
    assert {path: path.read_bytes() for path in secret} == before


def test_root_is_refused_as_the_user_of_the_containers(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NRM_USER=0:0\n")
    with pytest.raises(StackFailure, match=r"NRM_USER|root"):
        prepare.container_user({}, tmp_path / ".env")
    with pytest.raises(StackFailure, match="two numbers"):
        prepare.container_user({"NRM_USER": "me"}, tmp_path / "none")


def test_the_jobs_of_all_nodes_make_every_topic_once() -> None:
    nodes = (*TOPOLOGY.agencies, inside.HUB)
    made = [shape.name for node in nodes for shape in topics_of(TOPOLOGY, node)]
    assert sorted(made) == sorted(shape.name for shape in wanted_topics(TOPOLOGY))


def test_the_demo_adds_only_its_clock_and_ports_on_loopback() -> None:
    added = yaml.safe_load(DEMO.read_text())["services"]
    assert added.keys() <= composed()["services"].keys()
    assert {key for card in added.values() for key in card} == {"volumes", "ports"}
    clock = "./.nrm/containers/business:/run/nrm/business:ro"
    assert {each for card in added.values() for each in card.get("volumes", ())} == {clock}
    every = [port for card in added.values() for port in card.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in every)


def test_the_observer_looks_at_every_collector_and_grafana_at_the_observer() -> None:
    told = yaml.safe_load((ROOT / "deploy/containers/prometheus.yaml").read_text())
    (job,) = told["scrape_configs"]
    assert job["static_configs"] == [
        {"targets": [f"{node}-collector:9464"], "labels": {"node": node, "service": "collector"}}
        for node in TOPOLOGY.file.nodes
    ]
    sources = yaml.safe_load((ROOT / "deploy/containers/grafana/sources.yaml").read_text())
    assert SOURCE["uid"] in {each["uid"] for each in sources["datasources"]}


def test_the_stand_in_collector_has_the_pinned_version_and_every_part_of_its_file() -> None:
    told = yaml.safe_load((ROOT / "deploy/containers/collector.yaml").read_text())
    parts = yaml.safe_load((ROOT / "deploy/containers/stand_in/collector-parts.yaml").read_text())
    version = composed()["services"]["hub-collector"]["image"].partition(":")[2]
    assert parts["dist"]["version"] == version
    for kind in ("receivers", "processors", "exporters"):
        named = {part.partition("/")[0] for part in told[kind]}
        wanted = {BUILT.get(name, name).replace("_", "") + kind[:-1] for name in named}
        there = {card["gomod"] for card in parts[kind]}
        assert {path.split()[0].rpartition("/")[2] for path in there} == wanted
        assert {path.split()[1] for path in there} == {f"v{version}"}


def test_a_collector_tells_whose_service_it_is_and_lets_go_of_what_went_away() -> None:
    told = yaml.safe_load((ROOT / "deploy/containers/collector.yaml").read_text())
    (scraped,) = told["receivers"]["prometheus"]["config"]["scrape_configs"]
    assert scraped["scrape_interval"] == "15s"
    assert told["exporters"]["prometheus"]["metric_expiration"] == "1m"
    (statement,) = told["processors"]["transform"]["trace_statements"]
    assert statement.startswith('set(resource.attributes["service.name"], Concat(')
    assert statement.index("service.namespace") < statement.rindex("service.name")
    for pipeline in told["service"]["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"
    assert "transform" in told["service"]["pipelines"]["traces"]["processors"]


@pytest.mark.parametrize(
    "port",
    ["127.0.0.1:18110:8080", "127.0.0.1:18110:8080/tcp", {"published": "18110", "target": 8080}],
)
def test_a_published_port_is_read_as_any_compose_tells_it(port: object) -> None:
    assert published({"a": {"ports": [port]}}, "a", 8080) == 18110
    with pytest.raises(StackFailure):
        published({"a": {"ports": [port]}}, "a", 1)


def test_mixed_logs_are_told_apart() -> None:
    printed = b'ngo-brest-gateway_1   | {"a": 1}\nhub-kafka-1  | x | y\nAttaching to all\n'
    assert by_container(printed) == {"ngo-brest-gateway": [b'{"a": 1}'], "hub-kafka": [b"x | y"]}


def test_docker_files_need_nothing_new() -> None:
    for path in [ROOT / "deploy/Dockerfile", *(ROOT / "deploy").rglob("*.Dockerfile")]:
        text = path.read_text()
        assert "# syntax=" not in text
        assert "<<" not in text
        assert "--mount" not in text
