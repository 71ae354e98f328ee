"""The one part of a stand-in: answers `/health/ready` on its port, nothing else."""

from __future__ import annotations

import asyncio
import json

from services.chassis.environment import ServiceSettings
from services.chassis.runnable import Readiness, Runnable


class StandingPart:
    """Listens until told to stop."""

    name = "standing"

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings

    def readiness(self) -> Readiness:
        """Always ready."""
        return Readiness(True, "stands")

    async def run(self, stop: asyncio.Event) -> None:
        """Answer every request with who this is."""
        server = await asyncio.start_server(self._answer, self._settings.host, self._settings.port)
        async with server:
            await stop.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        told = {"standing": {"ok": True}, "node": self._settings.node, "demo": self._settings.demo}
        body = json.dumps(told).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


async def build_standing(settings: ServiceSettings) -> Runnable:
    """What every stand-in builds."""
    return Runnable(settings.service, [StandingPart(settings)])
