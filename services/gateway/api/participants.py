"""The route that says who takes part."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.gateway.handlers.context import GatewayContext
from services.gateway.handlers.participants import list_participants


class ParticipantShown(BaseModel):
    """One agency of the registry."""

    node: str
    name: str | None
    """As the directory has it, in whatever language; nothing where it has none."""
    names: dict[str, str]
    """By language (en, ru, be), those that the directory has."""
    agency_type: str
    sector: str
    status: str
    powers: tuple[str, ...]
    oblasts: tuple[str, ...]


def participant_routes(context: GatewayContext) -> APIRouter:
    """Who takes part."""
    routes = APIRouter()

    @routes.get("/v1/participants")
    async def get_participants() -> list[ParticipantShown]:
        """Every agency of the registry with its type, powers and oblasts, and its names where the
        directory has any; nothing of a case."""
        rows = await list_participants(context)
        return [
            ParticipantShown(**{name: row[name] for name in ParticipantShown.model_fields})
            for row in rows
        ]

    return routes
