"""Numbers of a service's own domain: told to the people of its node, never at ``/metrics``.

Whoever collects ``/metrics`` may be somebody who looks after several nodes. What a service declares
itself can be people; it has an address of its own, and the service's access table says for whom.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

from services.chassis.telemetry import Telemetry
from services.chassis.web import METRICS_MEDIA_TYPE

INSIDE_PATH: Final = "/metrics/inside"
Tell = Callable[[], Awaitable[None]]
"""Sets the declared numbers to what they are now."""


def add_inside(app: FastAPI, telemetry: Telemetry, tell: Tell) -> None:
    """Open the address; without a row in the access table the service does not start."""

    @app.get(INSIDE_PATH, include_in_schema=False)
    async def inside() -> Response:
        await tell()
        return Response(telemetry.render_inside(), media_type=METRICS_MEDIA_TYPE)
