"""Offers to this agency: delivered, opened by a person (and so seen), accepted or declined.

Opening is a form and not a link, because it tells the other agency that a person looked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, asked, read
from console.pages.asking import read_task
from console.telling import Telling, Told
from services.chassis.clock import new_id

WAITING: Final = ("delivered", "seen")
UNDER_WAY: Final = ("accepting",)
REASON: Final = Field(name="reason", kind=Kind.CHOICE, code_list="decline-reason", required=True)
URGENCIES: Final = ("emergency", "urgent", "routine")
LOOKS: Final = 20
LOOK_SECONDS: Final = 0.25


async def list_offers(request: Request) -> Response:
    """Every offer that waits for this agency, the most urgent and the earliest due first."""
    visit = visit_of(request)
    tasks = await tasks_of(visit, "provider")
    waiting = [task for state in WAITING for task in await tasks_of(visit, "provider", state)]
    waiting.sort(key=lambda task: (URGENCIES.index(task["urgency"]), task["answer_by"]))
    answered = [task for task in tasks if task["state"] not in WAITING][:10]
    return page(visit, "offers.html", waiting=waiting, answered=answered, form_id=new_id())


async def open_offer(request: Request, task_id: UUID) -> Response:
    """A person looks: the sender learns that it was seen."""
    visit = visit_of(request)
    task = await read_task(visit, task_id)
    if task["state"] == "delivered":
        await _answer(visit, task, {"answer": "seen"})
    return back_to(f"/offers/{task_id}")


async def show_offer(request: Request, task_id: UUID) -> Response:
    """One offer: what is asked, by when, by whom, and what became of it."""
    visit = visit_of(request)
    return _shown(visit, await read_task(visit, task_id), ())


async def accept_offer(request: Request, task_id: UUID) -> Response:
    """Take the person on; a place is kept first."""
    visit = visit_of(request)
    task = await read_task(visit, task_id)
    told = await _answer(visit, task, {"answer": "accepted"})
    if told.accepted is False:
        return _shown(visit, await read_task(visit, task_id), told.reasons)
    visit.session.said = "offer-accepted"
    await _until_a_place_is_kept(visit, task_id)
    return back_to(f"/offers/{task_id}")


async def decline_form(request: Request, task_id: UUID) -> Response:
    """Ask why."""
    visit = visit_of(request)
    return _asked_why(visit, await read_task(visit, task_id), ())


async def decline_offer(request: Request, task_id: UUID) -> Response:
    """Decline, with a reason: the need goes to somebody else."""
    visit = visit_of(request)
    task = await read_task(visit, task_id)
    body, objections = read(visit, (REASON,))
    if objections:
        return _asked_why(visit, task, objections)
    told = await _answer(visit, task, {"answer": "declined", **body})
    if told.accepted is False:
        return _asked_why(visit, task, told.reasons)
    visit.session.said = "offer-declined"
    return back_to("/offers")


async def tasks_of(visit: Visit, side: str, state: str = "") -> list[Mapping[str, Any]]:
    """The tasks of one side, of one state if wanted, those changed last first, a page of them."""
    asked_for = {"side": side} | ({"state": state} if state else {})
    return listed(await visit.ask("referral", "/v1/tasks", **asked_for))


def _shown(
    visit: Visit, task: Mapping[str, Any], reasons: Sequence[Mapping[str, str | None]]
) -> Response:
    return page(
        visit,
        "offer.html",
        422 if reasons else 200,
        task=task,
        can_answer=task["state"] in WAITING,
        reasons=reasons,
        form_id=new_id(),
    )


def _asked_why(
    visit: Visit, task: Mapping[str, Any], reasons: Sequence[Mapping[str, str | None]]
) -> Response:
    return page(
        visit,
        "decline.html",
        422 if reasons else 200,
        task=task,
        fields=asked(visit, (REASON,), reasons),
        reasons=reasons,
        form_id=visit.form_id() or new_id(),
    )


async def _until_a_place_is_kept(visit: Visit, task_id: UUID) -> None:
    """Wait a little, so that whoever accepted sees at once what came of it."""
    for _ in range(LOOKS):
        if (await read_task(visit, task_id))["state"] not in UNDER_WAY:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _answer(visit: Visit, task: Mapping[str, Any], body: Mapping[str, str]) -> Told:
    return await visit.tell(
        Telling(
            happened="offer-answered",
            subject=UUID(task["case_id"]),
            body={"task_id": task["task_id"], **body},
            form_id=visit.form_id() or new_id(),
        )
    )
