"""What this agency gives: people that it took on, visits and other units, and how it ended."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, asked, read
from console.pages.asking import read_task, requests_of
from console.pages.lasting import somebody_lasts
from console.pages.offers import tasks_of
from console.pages.onward import ONWARD_FORMS
from console.pages.plans import plans_of
from console.pages.sheets import groups_of
from console.pages.stay_forms import HELP_FORMS, clocks_of_help, read_help
from console.telling import Telling
from services.chassis.clock import new_id

TAKEN_ON: Final = ("accepting", "accepted", "in-progress", "on-hold")
GIVING: Final = ("accepted", "in-progress")
TAKEN_BACK: Final = ("cancelled", "expired")
SUSPENDED: Final = "suspended"
RUNS_ON: Final = ("active", SUSPENDED)
"""Of an episode whose task was taken back: somebody here asks the person, and ends it."""
AT_ONCE: Final = 100
"""So many tasks are named in one address."""
PAGE: Final = 200
"""So many episodes are shown at once."""
PAUSE: Final = Field(name="reason", kind=Kind.CHOICE, code_list="pause-reason", nothing="choose")
UNIT_OF: Final[Mapping[str, str]] = {
    "nursing-visit": "visit",
    "vocational": "session",
    "psychological": "session",
    "crisis-room": "night",
    "shelter": "night",
}
"""What is counted for a service before anybody chose."""


async def list_help(request: Request) -> Response:
    """Everybody whom this agency takes care of, also if nobody asks for it now; what is stuck."""
    visit = visit_of(request)
    running = await _running(visit)
    taken_on = [task for state in TAKEN_ON for task in await tasks_of(visit, "provider", state)]
    ids = [task["task_id"] for task in taken_on]
    tasks = [*await _taken_back(visit, sorted(running.keys() - set(ids))), *taken_on]
    episodes = running | await _episodes(visit, [each for each in ids if each not in running])
    lasting = await somebody_lasts(visit)
    return page(visit, "help.html", tasks=tasks, episodes=episodes, lasting=lasting)


async def _running(visit: Visit) -> dict[str, Mapping[str, Any]]:
    """Every episode that runs, by task: of nobody else is anything asked, because whoever is asked
    for is recorded as read.
    """
    found: list[Mapping[str, Any]] = []
    for state in RUNS_ON:
        begin: dict[str, str] = {}
        while True:
            asked_for = {"state": state, "limit": str(PAGE), **begin}
            rows = listed(await visit.ask("assistance", "/v1/episodes", **asked_for))
            found += rows
            if len(rows) < PAGE:
                break
            begin = {"after": rows[-1]["episode_id"]}
    return {row["task_id"]: row for row in found if row["task_id"]}


async def _taken_back(visit: Visit, task_ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Those of these tasks that nobody asks for any more."""
    found = await asyncio.gather(
        *(
            visit.ask("referral", "/v1/tasks", side="provider", state=state, task_id=part)
            for state in TAKEN_BACK
            for part in _parts(task_ids)
        )
    )
    return [task for rows in found for task in listed(rows)]


def _runs_on(task: Mapping[str, Any], episode: Mapping[str, Any] | None) -> bool:
    """Whether help goes on that nobody asks for any more."""
    return task["state"] in TAKEN_BACK and episode is not None and episode["state"] in RUNS_ON


async def show_help(request: Request, task_id: UUID) -> Response:
    """One person's help, and the form for what was given."""
    visit = visit_of(request)
    return await _shown(visit, task_id, ())


async def record_help(request: Request, task_id: UUID) -> Response:
    """Units were given; an outcome ends it."""
    visit = visit_of(request)
    task = await read_task(visit, task_id)
    body, objections = read(visit, _fields(task))
    if objections:
        return await _shown(visit, task_id, objections)
    told = await visit.tell(
        Telling(
            happened="service-delivered",
            subject=UUID(task["case_id"]),
            body={"task_id": task["task_id"], **body},
            form_id=visit.form_id() or new_id(),
        )
    )
    if told.accepted is False:
        return await _shown(visit, task_id, told.reasons)
    visit.session.said = "help-recorded" if told.accepted else "on-its-way"
    return back_to(f"/help/{task_id}")


async def pause_help(request: Request, task_id: UUID) -> Response:
    """Help rests for a time."""
    visit = visit_of(request)
    body, _ = read(visit, (PAUSE,))
    return await _rests(visit, task_id, ("help-paused", body))


async def resume_help(request: Request, task_id: UUID) -> Response:
    """Help goes on."""
    return await _rests(visit_of(request), task_id, ("help-resumed", {}))


async def _rests(visit: Visit, task_id: UUID, what: tuple[str, Mapping[str, Any]]) -> Response:
    happened, body = what
    task = await read_task(visit, task_id)
    told = await visit.tell(
        Telling(
            happened=happened,
            subject=UUID(task["case_id"]),
            body={"task_id": task["task_id"], **body},
            form_id=visit.form_id() or new_id(),
        )
    )
    if told.accepted is False:
        return await _shown(visit, task_id, told.reasons)
    visit.session.said = "help-recorded" if told.accepted else "on-its-way"
    return back_to(f"/help/{task_id}")


async def _shown(
    visit: Visit, task_id: UUID, reasons: Sequence[Mapping[str, str | None]]
) -> Response:
    task = await read_help(visit, task_id)
    runs_on = _runs_on(task, task["episode"])
    rests = runs_on and task["episode"]["state"] == SUSPENDED
    acts = task["state"] in GIVING or runs_on
    gives = visit.may_open("POST", "/help/{task_id}")
    return page(
        visit,
        "giving.html",
        422 if reasons else 200,
        task=task,
        episode=task["episode"],
        clocks=clocks_of_help(task),
        groups=groups_of((*HELP_FORMS, *ONWARD_FORMS), task),
        plans=await plans_of(visit, task["case_id"]),
        requests=await _requests(visit, task["case_id"]),
        gives=gives,
        runs_on=runs_on,
        can_act=acts and gives,
        can_record=acts and gives and not rests,
        asks_others=visit.may_open("POST", "/help/{task_id}/onward"),
        fields=asked(visit, _fields(task), reasons),
        pause=asked(visit, (PAUSE,))[0],
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )


async def _requests(visit: Visit, case_id: str) -> list[Mapping[str, Any]]:
    """What we asked others for the person; for whoever may open a request."""
    may = visit.may_open("GET", "/requests/{request_id}")
    return await requests_of(visit, UUID(case_id)) if may else []


async def _episodes(visit: Visit, task_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The episodes under these tasks; those of frozen cases are not among them."""
    found = await asyncio.gather(
        *(visit.ask("assistance", "/v1/episodes", task_id=part) for part in _parts(task_ids))
    )
    return {row["task_id"]: row for rows in found for row in listed(rows) if row["task_id"]}


def _parts(task_ids: Sequence[str]) -> list[Sequence[str]]:
    return [task_ids[n : n + AT_ONCE] for n in range(0, len(task_ids), AT_ONCE)]


def _fields(task: Mapping[str, Any]) -> tuple[Field, ...]:
    unit = UNIT_OF.get(task["service_type"])
    return (
        Field(
            name="unit",
            kind=Kind.CHOICE,
            code_list="unit",
            required=True,
            given=(unit,) if unit else (),
        ),
        Field(name="quantity", kind=Kind.NUMBER, text="how-many", required=True, given=("1",)),
        Field(name="occurred_at", kind=Kind.MOMENT, text="when", hint="when-hint"),
        Field(
            name="outcome",
            kind=Kind.CHOICE,
            code_list="outcome",
            hint="outcome-hint",
            nothing="goes-on",
        ),
    )
