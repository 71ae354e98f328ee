"""People who are still here although sharing was stopped, and the form that says that one left.

Their cases may be frozen: then referral shows no task and nothing of a case is read. Assistance
shows that somebody is here and since when; that is all that stands here.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of
from console.pages.asking import id_or_nothing
from console.pages.sheets import About, Ids, Sheet, Thing, out_of_contract
from console.words import Words
from services.chassis.errors import NotFound

PAGE: Final = 100
PLACE: Final = "/v1/lasting-stays"


async def list_lasting(request: Request) -> Response:
    """Everybody whose stay goes on after a stop: a number, the place, since when."""
    visit = visit_of(request)
    stays = await _stays(visit, PAGE, id_or_nothing(request.query_params.get("after", "")))
    return page(
        visit,
        "stays.html",
        stays=stays,
        audiences=await _audiences(visit) if stays else {},
        following=stays[-1]["task_id"] if len(stays) == PAGE else None,
    )


async def somebody_lasts(visit: Visit) -> bool:
    """Whether there is anybody to list, for whoever may open the list."""
    may = visit.may_open("GET", "/stays") and visit.desk.services.has("assistance")
    return may and bool(await _stays(visit, 1))


async def _stays(visit: Visit, many: int, after: str = "") -> list[Mapping[str, Any]]:
    query = {"limit": str(many)} | ({"after": after} if after else {})
    return listed(await visit.ask("assistance", PLACE, **query))


async def _audiences(visit: Visit) -> dict[str, str]:
    """What each pool is for: which of the places of a service somebody is in."""
    pools = listed(await visit.ask("assistance", "/v1/pools"))
    return {pool["pool_id"]: pool["audience_class"] for pool in pools}


async def _read(visit: Visit, ids: Ids) -> Thing:
    task_id = str(ids["task_id"])
    for stay in listed(await visit.ask("assistance", PLACE, task_id=task_id)):
        if stay["task_id"] == task_id:
            return stay
    raise NotFound("nobody is here under this task any more")


def _called(words: Words, stay: Thing) -> str:
    return words.text("stay-called", short=stay["task_id"][:8])


A_LASTING_STAY: Final = About(
    place="/stays/{task_id}",
    read=_read,
    called=_called,
    clocks=lambda _stay: [],
    given=("task_id",),
    home="/stays",
    gone="stay-is-gone",
)
LASTING_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="departed",
        happened="person-departed",
        about=A_LASTING_STAY,
        fields=out_of_contract("person-departed"),
    ),
)
