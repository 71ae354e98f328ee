"""HTTP of the contributor: the node's own exact counts, and what was contributed. No decisions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query
from pydantic import AwareDatetime

from services.chassis.identity import Caller
from services.chassis.web import caller
from services.statistics.contributor import handlers

Who = Annotated[Caller, Depends(caller)]
CountedTable = Literal["detected-total", "identified-total"]
After = Annotated[str, Query(max_length=36)]


def add_routes(app: FastAPI, context: handlers.Context) -> None:
    """Add the routes that the access table opens."""

    @app.get("/v1/contributions")
    async def contributions(who: Who) -> list[dict[str, Any]]:
        """What this node sent or refused for each plan, and what it spent; recorded; no noise."""
        rows = await handlers.list_contributions(context, who)
        return [_contribution(dict(row)) for row in rows]

    @app.get("/v1/counts")
    async def counts(who: Who, start: AwareDatetime, end: AwareDatetime) -> dict[str, Any]:
        """This node's own exact counts from ``start`` to ``end``; recorded; never to leave it."""
        tables = await handlers.exact_counts(context, who, start, end)
        return {"stamp": "internal, exact: never to leave this node", "tables": tables}

    @app.get("/v1/counted/{table}")
    async def counted(
        table: CountedTable, who: Who, start: AwareDatetime, end: AwareDatetime, after: After = ""
    ) -> list[dict[str, str]]:
        """Which cases ``/v1/counts`` counts in a table, by id, and when it happened: a page; ask
        again ``after`` the last; recorded; never to leave the node.
        """
        rows = await handlers.counted_cases(context, who, table, (start, end), after)
        return [
            {"case_id": row["case_id"], "happened_at": row["happened_at"].isoformat()}
            for row in rows
        ]


def _contribution(row: dict[str, Any]) -> dict[str, Any]:
    made_at: datetime | None = row["made_at"]
    return {
        "plan_id": str(row["plan_id"]),
        "refused": row["refused"],
        "submission_id": str(row["submission_id"]) if row["submission_id"] else None,
        "made_at": made_at.isoformat() if made_at else None,
        "rho": f"{row['rho_top']}/{row['rho_below']}" if row["rho_top"] else None,
    }
