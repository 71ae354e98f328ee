"""A node in one process: each service keeps its own name, and one that fails ends all."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from deploy import node
from deploy.local.topology import read_topology
from deploy.node import Service
from services.chassis.environment import ServiceSettings
from services.chassis.errors import SettingsWrong
from services.chassis.logs import logger
from services.chassis.runnable import PartFailed, Readiness, Runnable

ENVIRONMENT = {
    f"NRM_{service}__{name}": value
    for service in ("FIRST", "SECOND")
    for name, value in {
        "NODE": "ngo-brest",
        "DATABASE_URL": "postgresql://nowhere",
        "DATABASE_SCHEMA": service.lower(),
        "PORT": "0",
        "STATE_DIR": "/nowhere",
    }.items()
}


class First(ServiceSettings):
    service: str = "first"


class Second(ServiceSettings):
    service: str = "second"


class Speaking:
    """A part that says something and then waits, or fails."""

    def __init__(self, name: str, failing: Exception | None = None) -> None:
        self.name = name
        self.failing = failing
        self.stopped = False

    def readiness(self) -> Readiness:
        return Readiness(True)

    async def run(self, stop: asyncio.Event) -> None:
        logger("speaking").info("works")
        if self.failing is not None:
            raise self.failing
        await stop.wait()
        self.stopped = True


def building(*parts: Speaking) -> Callable[[ServiceSettings], Awaitable[Runnable]]:
    async def build(settings: ServiceSettings) -> Runnable:
        logger("building").info("is built")
        return Runnable(f"{settings.node}.{settings.service}", parts)

    return build


async def test_each_service_logs_under_its_own_name_and_stops(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = Speaking("a"), Speaking("b")
    services = [Service(building(parts[0]), First), Service(building(parts[1]), Second)]
    whole = await node.build("ngo-brest", services, ENVIRONMENT)
    stop = asyncio.Event()
    running = asyncio.create_task(whole.run(stop))
    await asyncio.sleep(0)
    stop.set()
    await running
    lines = capsys.readouterr().out
    for name in ("first", "second"):
        said = [
            line for line in lines.splitlines() if f'"service":"{name}"' in line.replace(" ", "")
        ]
        assert len(said) == 2, lines
    assert all(part.stopped for part in parts)
    assert set(whole.health.report()) == {"ngo-brest.first", "ngo-brest.second"}


async def test_a_service_that_fails_ends_the_others_in_order() -> None:
    healthy = Speaking("a")
    services = [
        Service(building(healthy), First),
        Service(building(Speaking("b", ZeroDivisionError())), Second),
    ]
    whole = await node.build("ngo-brest", services, ENVIRONMENT)
    with pytest.raises(PartFailed):
        await whole.run(asyncio.Event())
    assert healthy.stopped


async def test_a_wrong_setting_is_told_with_the_services_name() -> None:
    services = [Service(building(), First), Service(building(), Second)]
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "NRM_SECOND__PORT"}
    with pytest.raises(SettingsWrong, match="NRM_SECOND__PORT"):
        await node.build("ngo-brest", services, environment)


async def test_services_are_built_one_after_the_other() -> None:
    """What one computes while another waits for the database would let its time run out."""
    order: list[str] = []

    def noting(name: str) -> Callable[[ServiceSettings], Awaitable[Runnable]]:
        async def build(settings: ServiceSettings) -> Runnable:
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} is built")
            return Runnable(name, (Speaking(name),))

        return build

    await node.build(
        "ngo-brest", [Service(noting("a"), First), Service(noting("b"), Second)], ENVIRONMENT
    )
    assert order == ["a begins", "a is built", "b begins", "b is built"]


def test_a_whole_node_is_one_process_with_all_services_of_the_node() -> None:
    topology = read_topology()
    alone, whole = (topology.processes(whole_nodes=each) for each in (False, True))
    assert [process.units for process in alone] == [(unit,) for unit in topology.units]
    assert [process.name for process in whole] == list(topology.file.nodes)
    assert [unit for process in whole for unit in process.units] == list(topology.units)
