"""Who takes part, as the registry says, and what the directory calls each: agencies, never
persons; for forms that name an agency.
"""

from typing import Any

from services.chassis.errors import NotYetReady
from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.directory import NAMELESS, Called
from services.gateway.store import policy


async def list_participants(context: GatewayContext) -> list[dict[str, Any]]:
    """Every participant of the newest policy, with the names that the directory has; NotYetReady
    before any is known.
    """
    async with context.database.transaction() as tx:
        known = await policy.read_policy(tx)
    if known is None:
        raise NotYetReady("no registry is known yet")
    names = await context.directory.names()
    return [
        {**row, **_told(names.get(row["node"], NAMELESS))} for row in known.document["participants"]
    ]


def _told(called: Called) -> dict[str, Any]:
    return {"name": called.name, "names": dict(called.names)}
