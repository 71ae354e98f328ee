"""HTTP of a custodian: how many reported. No decisions."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI

from services.chassis.identity import Caller
from services.chassis.web import caller
from services.statistics.custodian import handlers

Who = Annotated[Caller, Depends(caller)]


def add_routes(app: FastAPI, context: handlers.Context) -> None:
    """Add the routes that the access table opens."""

    @app.get("/v1/plans")
    async def plans(who: Who) -> list[dict[str, Any]]:
        """The plans that name this custodian; how many nodes have sent, never which; recorded."""
        return [
            {
                "plan_id": str(row["plan_id"]),
                "nodes_received": row["received"],
                "closed": row["closed_at"] is not None,
            }
            for row in await handlers.list_plans(context, who)
        ]

    @app.get("/v1/manifests")
    async def manifests(who: Who) -> list[dict[str, Any]]:
        """The closed plans: how many nodes were counted, how many are missing; recorded."""
        return [
            {
                "plan_id": str(row["plan_id"]),
                "nodes_counted": row["counted"],
                "nodes_missing": row["missing"],
                "closed_at": row["closed_at"].isoformat(),
            }
            for row in await handlers.list_manifests(context, who)
        ]
