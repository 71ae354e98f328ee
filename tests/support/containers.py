"""The tests' broker and database in containers, when ``NRM_TEST_STACK=containers`` says so.

The images and the broker's settings are those of docker-compose.yml, so that the tests run on what
is deployed. A Docker that does not answer is a failure that says so, never a skip.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from deploy.local import broker_admin, ports

STACK, EMBEDDED, CONTAINERS = "NRM_TEST_STACK", "embedded", "containers"
COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+):-(?P<default>[^}]*)\}")
STARTED = "Kafka Server started"
ACCEPTS = "database system is ready to accept connections"
START_SECONDS = 180
KAFKA_PORT, POSTGRES_PORT = 9092, 5432
CLUSTER = "dGVzdHNicm9rZXJub2RlMQ"
NO_REAPER = "TESTCONTAINERS_RYUK_DISABLED"
"""Its own clean-up is one more image to pull; our fixtures stop what they started."""


@dataclass(frozen=True)
class Plan:
    """One container."""

    image: str
    settings: Mapping[str, str]
    published: tuple[int, int]
    """The container's port and the host's, on loopback."""
    ready: str
    """What it prints when it is."""
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContainedBroker:
    """A broker in a container, as tests see it."""

    bootstrap: str


def in_containers() -> bool:
    """Whether the tests' servers shall be containers."""
    chosen = os.environ.get(STACK) or EMBEDDED
    if chosen not in (EMBEDDED, CONTAINERS):
        pytest.fail(f"{STACK} is neither {EMBEDDED} nor {CONTAINERS}", pytrace=False)
    return chosen == CONTAINERS


@cache
def composed() -> Mapping[str, Any]:
    """docker-compose.yml with every variable as the environment, or its default, has it."""
    text = COMPOSE.read_text(encoding="utf-8")
    told = VARIABLE.sub(lambda found: os.environ.get(found["name"]) or found["default"], text)
    read: Mapping[str, Any] = yaml.safe_load(told)
    return read


@contextmanager
def kafka_container() -> Iterator[ContainedBroker]:
    """A broker with the settings of the deployed ones."""
    port = ports.keep_or_choose(None)
    settings = {
        **composed()["x-kafka-settings"],
        "CLUSTER_ID": CLUSTER,
        "KAFKA_ADVERTISED_LISTENERS": (
            f"INSIDE://localhost:19092,AGENCY://{ports.LOOPBACK}:{port}"
        ),
    }
    with _started(Plan(composed()["x-kafka"]["image"], settings, (KAFKA_PORT, port), STARTED)):
        bootstrap = f"{ports.LOOPBACK}:{port}"
        broker_admin.wait_until_answers(bootstrap, seconds=START_SECONDS)
        yield ContainedBroker(bootstrap)


@contextmanager
def postgres_container() -> Iterator[int]:
    """A database that asks nobody for a password, on loopback; its port."""
    port = ports.keep_or_choose(None)
    card = composed()["x-postgres"]
    settings = {**card["environment"], "POSTGRES_HOST_AUTH_METHOD": "trust"}
    published = (POSTGRES_PORT, port)
    plan = Plan(card["image"], settings, published, ACCEPTS, tuple(card["command"]))
    with _started(plan) as one:
        _wait_until_it_answers(one)
        yield port


@contextmanager
def _started(plan: Plan) -> Iterator[Any]:
    os.environ.setdefault(NO_REAPER, "true")
    from docker.errors import DockerException  # noqa: PLC0415 - only where containers are asked for
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    try:
        container = DockerContainer(plan.image).with_envs(**plan.settings)
        inside, outside = plan.published
        published: dict[str, Any] = container.ports  # its type knows no address, Docker does
        published[f"{inside}/tcp"] = (ports.LOOPBACK, outside)
        if plan.command:
            container = container.with_command(list(plan.command))
        container.start()
    except DockerException as error:
        _no_docker(type(error).__name__)
    try:
        LogMessageWaitStrategy(plan.ready).with_startup_timeout(START_SECONDS).wait_until_ready(
            container
        )
        yield container
    finally:
        container.stop()


def _wait_until_it_answers(container: Any) -> None:
    """The image starts the server twice; only the second one listens to the network."""
    from testcontainers.core.wait_strategies import ExecWaitStrategy  # noqa: PLC0415

    words = ["pg_isready", "-q", "-h", ports.LOOPBACK, "-U", "postgres"]
    ExecWaitStrategy(words).with_startup_timeout(START_SECONDS).wait_until_ready(container)


def _no_docker(kind: str) -> NoReturn:
    pytest.fail(
        f"{STACK}={CONTAINERS} needs a Docker daemon that answers and has, or can pull, the "
        f"images of docker-compose.yml ({kind}): start it, or unset {STACK} for the embedded stack",
        pytrace=False,
    )
