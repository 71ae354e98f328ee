"""HTTP of the publisher: plans for statisticians, releases for everybody (JSON and CSV)."""

import csv
import io
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI
from starlette.responses import JSONResponse, Response

from contracts.statistics import PlanPublished
from services.chassis.identity import Caller
from services.chassis.web import caller, problem
from services.statistics.publisher import handlers

Who = Annotated[Caller, Depends(caller)]
CSV_HEADER = ("dataset", "vintage", "period_start", "period_end", "table", "cell")


def add_routes(app: FastAPI, context: handlers.Context) -> None:
    """Add the routes that the access table opens."""
    _add_plans(app, context)
    _add_releases(app, context)


def _add_plans(app: FastAPI, context: handlers.Context) -> None:
    @app.post("/v1/plans")
    async def publish_plan(who: Who, body: PlanPublished) -> Response:
        """Publish a plan; 201, or 409 with every objection as a code (``objections``)."""
        objections = await handlers.publish_plan(context, who, body)
        if objections:
            return JSONResponse({"objections": list(objections)}, status_code=409)
        return JSONResponse({"plan_id": str(body.plan_id)}, status_code=201)

    @app.get("/v1/plans/{plan_id}")
    async def plan(plan_id: UUID) -> Response:
        """One plan as it was published, and whether its sums are in; 404: there is none."""
        found = await handlers.find_plan(context, plan_id)
        return problem(404, "not-found") if found is None else JSONResponse(found)


def _add_releases(app: FastAPI, context: handlers.Context) -> None:
    @app.get("/v1/releases")
    async def releases() -> list[dict[str, Any]]:
        """Every release, newest first, without its tables."""
        return [
            {key: value for key, value in release.items() if key != "tables"}
            for release in await handlers.list_releases(context)
        ]

    @app.get("/v1/releases/{release_id}/tables/{table}.csv")
    async def table_as_csv(release_id: UUID, table: str) -> Response:
        """One table of a release as CSV, the interval before the number; 404: there is none."""
        found = await handlers.find_release(context, release_id)
        text = None if found is None else _csv(found, table)
        if text is None:
            return problem(404, "not-found")
        return Response(text, media_type="text/csv; charset=utf-8")

    @app.get("/v1/releases/{release_id}")
    async def release(release_id: UUID) -> Response:
        """One release with every table, the interval before the number; 404: there is none."""
        found = await handlers.find_release(context, release_id)
        if found is None:
            return problem(404, "not-found")
        return JSONResponse(handlers.read_aloud(found))


def _csv(release: dict[str, Any], table: str) -> str | None:
    cells = next((each["cells"] for each in release["tables"] if each["table"] == table), None)
    if cells is None:
        return None
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*CSV_HEADER, "low", "high", "value"])
    about = [release[name] for name in CSV_HEADER[:4]]
    for cell in cells:
        writer.writerow([*about, table, cell["cell"], cell["low"], cell["high"], cell["value"]])
    return written.getvalue()
