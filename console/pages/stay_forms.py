"""Forms of help that is given here: who came, stays, leaves; another place; a beginning, an end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from console.answers import listed
from console.desk import Visit
from console.forms import Kind
from console.pages.asking import bands_of, read_task
from console.pages.fields import Fields, choice
from console.pages.referrals import PERSON_LEFT
from console.pages.sheets import About, Ids, Sheet, Thing, out_of_contract
from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.errors import NotFound

PLACEMENT: Final = "placement-class"
STAY: Final = "stay"
COURSE: Final = "course"
CLOCKS: Final = ("arrive_by", "ends_at", "starts_at", "start_by")
EXPECTED: Final = ("confirmed",)
HERE: Final = ("checked-in",)
RUNNING: Final = ("planned", "scheduled", "active", "suspended")


async def read_help(visit: Visit, task_id: UUID) -> dict[str, Any]:
    """The task that came here, with its episode and, where somebody lives here, their place."""
    task = await read_task(visit, task_id)
    rows = listed(await visit.ask("assistance", "/v1/episodes", task_id=str(task_id)))
    episode = next((row for row in rows if row["task_id"] == task["task_id"]), None)
    kept = episode["stay"] if episode is not None else None
    return {**task, "episode": episode, "stay": kept if kept and kept["is_a_stay"] else None}


def clocks_of_help(task: Thing) -> list[tuple[str, str]]:
    """(name, due) of what runs: until somebody comes, until the agreed end, until a beginning."""
    told = {**task, **(task["episode"] or {}), **(task["stay"] or {})}
    running = [(name, told[name]) for name in CLOCKS if told.get(name)]
    return sorted(running, key=lambda clock: clock[1])


async def _read(visit: Visit, ids: Ids) -> Thing:
    return await read_help(visit, ids["task_id"])


async def _pool(visit: Visit, ids: Ids) -> Thing:
    for pool in listed(await visit.ask("assistance", "/v1/pools")):
        if pool["pool_id"] == str(ids["pool_id"]):
            return pool
    raise NotFound("no such pool")


A_HELP: Final = About(
    place="/help/{task_id}",
    read=_read,
    called=lambda words, task: words.label("service-type", task["service_type"]),
    clocks=clocks_of_help,
    given=("task_id",),
)
A_POOL: Final = About(
    place="/capacity/{pool_id}",
    read=_pool,
    called=lambda words, pool: words.label("service-type", pool["service_type"]),
    clocks=lambda _pool: [],
    given=("pool_id",),
    subject="pool_id",
)


def _stays(*states: str) -> Any:
    return lambda task: bool(task["stay"] and task["stay"]["state"] in states)


def _runs(*states: str) -> Any:
    return lambda task: bool(task["episode"] and task["episode"]["state"] in states)


async def _places(visit: Visit, task: Thing) -> Fields:
    """Where the service has places; what each pool is for, and how many are free."""
    words = visit.words
    pools = tuple(
        (
            pool["pool_id"],
            f"{words.label('audience-class', pool['audience_class'])} – "
            f"{words.text('places-free')}: {pool['available']}",
        )
        for pool in listed(await visit.ask("assistance", "/v1/pools"))
        if pool["service_type"] == task["service_type"]
    )
    proposed = await _proposed_class(visit, task)
    changes = {**_ASSIGNED, "placement_class": proposed}
    others = await out_of_contract("place-assigned", **changes)(visit, task)
    where = replace(choice("pool_id", "", text="place"), required=True, options=pools)
    return (where, *others)


async def _proposed_class(visit: Visit, task: Thing) -> dict[str, Any]:
    """What a person here said before; else the class that the safe's date of birth gives."""
    said = task["stay"]["placement_class"] if task["stay"] else NOT_YET_KNOWN
    if said != NOT_YET_KNOWN:
        return {"given": (said,)}
    bands = await bands_of(visit, task["case_id"], PLACEMENT)
    code = bands.get(PLACEMENT, {}).get("code", NOT_YET_KNOWN)
    return {} if code == NOT_YET_KNOWN else {"given": (code,), "hint": "placement-proposed"}


_ASSIGNED: Final[Mapping[str, Mapping[str, Any]]] = {"reason": {"hint": "placement-reason-hint"}}


def _of_help(word: str, happened: str, **more: Any) -> Sheet:
    fields = more.pop("fields", None) or out_of_contract(happened)
    return Sheet(word=word, happened=happened, about=A_HELP, fields=fields, **more)


HELP_FORMS: Final[tuple[Sheet, ...]] = (
    _of_help(
        "arrived", "person-arrived", group=STAY, fits=_stays(*EXPECTED), clocks=("arrive_by",)
    ),
    _of_help("departed", "person-departed", group=STAY, fits=_stays(*HERE), clocks=("ends_at",)),
    _of_help(
        "extend",
        "stay-extended",
        group=STAY,
        fits=_stays(*HERE),
        clocks=("ends_at",),
        fields=out_of_contract(
            "stay-extended", ends_at={"kind": Kind.DAY, "text": "until"}, **_ASSIGNED
        ),
    ),
    _of_help(
        "place-assigned",
        "place-assigned",
        group=STAY,
        fits=_stays("held", *EXPECTED, *HERE),
        fields=_places,
    ),
    _of_help(
        "no-show",
        "no-show-recorded",
        group=STAY,
        fits=_stays(*EXPECTED),
        clocks=("arrive_by",),
        stops=True,
    ),
    _of_help(
        "schedule",
        "service-scheduled",
        group=COURSE,
        fits=_runs("planned", "scheduled"),
        clocks=("start_by", "starts_at"),
    ),
    _of_help("end-early", "service-ended-early", group=COURSE, fits=_runs(*RUNNING), stops=True),
    _of_help(
        "leave",
        "service-ended-early",
        group=COURSE,
        fits=_runs(*RUNNING),
        stops=True,
        fields=out_of_contract("service-ended-early", only=("occurred_at",)),
        body=lambda _visit, _task, body: {**body, **dict(PERSON_LEFT)},
    ),
)
POOL_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="close-places",
        happened="places-closed",
        about=A_POOL,
        fields=out_of_contract("places-closed", out_of_service={"text": "places-out"}),
    ),
)
