"""A whole node in one process, for a small agency: its services side by side, composed only here.

Each service keeps its own settings, database role, port, logs and telemetry; none knows of the
others. What one costs all: a service whose part fails ends the process, and all start again.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.chassis.environment import ServiceSettings, load
from services.chassis.logs import configure_logs
from services.chassis.runnable import Build, Readiness, Runnable, run_process

STOP_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Service:
    """What a service's ``main`` offers."""

    build: Build[Any]
    settings_class: type[ServiceSettings]


class _Beside:
    """One service as a part: what it starts is logged under its own name."""

    def __init__(self, runnable: Runnable, context: contextvars.Context) -> None:
        self._runnable = runnable
        self._context = context

    @property
    def name(self) -> str:
        """The service's."""
        return self._runnable.name

    def readiness(self) -> Readiness:
        """Ready when all its parts are."""
        return self._runnable.readiness()

    async def run(self, stop: asyncio.Event) -> None:
        """Run it as it would run alone."""
        running = self._runnable.run(stop)
        await asyncio.get_running_loop().create_task(running, context=self._context)


async def build(node: str, services: Sequence[Service], environment: Mapping[str, str]) -> Runnable:
    """The node as one runnable; SettingsWrong, or whatever a service raises when it is built.

    One after the other: what one service reads and computes would let the time run out in which
    another one has to reach the database.
    """
    settings = [load(each.settings_class, environment) for each in services]
    contexts = [_context_of(each) for each in settings]
    loop = asyncio.get_running_loop()
    runnables = [
        await loop.create_task(_built(service, given), context=context)
        for service, given, context in zip(services, settings, contexts, strict=True)
    ]
    parts = [_Beside(*each) for each in zip(runnables, contexts, strict=True)]
    return Runnable(node, parts, stop_seconds=STOP_SECONDS)


def _context_of(settings: ServiceSettings) -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(configure_logs, settings)
    return context


async def _built(service: Service, settings: ServiceSettings) -> Runnable:
    return await service.build(settings)


def run(node: str, services: Sequence[Service], environment: Mapping[str, str]) -> None:
    """The body of the process: until a signal, or until a service cannot go on."""
    run_process(lambda: build(node, services, environment))
