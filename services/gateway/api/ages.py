"""Routes that answer with bands of age: codes and counts alone, no date and no year."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.chassis.identity import Caller
from services.chassis.web import caller
from services.gateway.domain.ages import BANDINGS, PLACEMENT
from services.gateway.handlers.ages import COUNTED_AT_ONCE, CountedCase, count_bands, read_bands
from services.gateway.handlers.context import GatewayContext

Asking = Annotated[Caller, Depends(caller)]


class BandShown(BaseModel):
    """A code of a list of bands; not certain: a year alone fits an older band, too."""

    code: str
    certain: bool


class CountedAsked(BaseModel):
    """A case that counts in a table, and when what is counted happened."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    case_id: UUID
    table: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,39}$")]
    happened_at: AwareDatetime


class CountsAsked(BaseModel):
    """Which cases are counted; each once in a table."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    counted: Annotated[tuple[CountedAsked, ...], Field(max_length=COUNTED_AT_ONCE)]


def age_routes(context: GatewayContext) -> APIRouter:
    """Bands of one person, and of how many."""
    routes = APIRouter()

    @routes.get("/v1/persons/{case_id}/age-bands")
    async def get_bands(case_id: UUID, asking: Asking) -> dict[str, BandShown]:
        """In which bands of age the person is today, as codes by list; recorded; 404: nothing is
        in the safe; 409: the case is frozen.
        """
        return await _shown(context, asking, case_id, BANDINGS)

    @routes.get("/v1/persons/{case_id}/placement-class")
    async def get_placement_class(case_id: UUID, asking: Asking) -> dict[str, BandShown]:
        """Which class of age places the person today, for whoever gives a place; recorded; 404:
        nothing is in the safe; 409: the case is frozen.
        """
        return await _shown(context, asking, case_id, (PLACEMENT,))

    @routes.post("/v1/age-counts")
    async def count_ages(asked: CountsAsked, asking: Asking) -> dict[str, dict[str, int]]:
        """How many of these cases are in each band on the day that counts, by table; each person
        looked at is recorded; exact: never to leave the node.
        """
        return await count_bands(
            context, asking, [CountedCase(**each.model_dump()) for each in asked.counted]
        )

    return routes


async def _shown(
    context: GatewayContext, asking: Caller, case_id: UUID, bandings: tuple[str, ...]
) -> dict[str, BandShown]:
    bands = await read_bands(context, asking, case_id, bandings)
    return {name: BandShown(code=one.code, certain=one.certain) for name, one in bands.items()}
