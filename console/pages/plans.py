"""Assistance plans of a person whom this agency helps: written, agreed, moved on, asked after."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind
from console.pages.asking import agencies, read_task
from console.pages.fields import Fields, as_given, choice, many
from console.pages.sheets import About, Body, Ids, Sheet, Thing, groups_of, out_of_contract
from console.pages.stay_forms import A_HELP
from console.telling import id_within
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "draft": ("agreed", "closed"),
    "agreed": ("active", "draft", "closed"),
    "active": ("reintegration", "closed"),
    "reintegration": ("follow-up", "active", "closed"),
    "follow-up": ("closed", "active"),
    "closed": ("active",),
}
"""What is offered from each state; assistance decides."""


async def plans_of(visit: Visit, case_id: str) -> list[Mapping[str, Any]]:
    """The plans of a case; nothing where there are none."""
    return listed(await visit.ask("assistance", f"/v1/cases/{case_id}/plans"))


async def _read(visit: Visit, ids: Ids) -> Thing:
    task = await read_task(visit, ids["task_id"])
    for plan in await plans_of(visit, task["case_id"]):
        if plan["plan_id"] == str(ids["plan_id"]):
            return {**task, **plan, "case_id": task["case_id"]}
    raise NotFound("the case has no such plan")


def _clocks(plan: Thing) -> list[tuple[str, str]]:
    due = [("follow_up_due", each["due_at"]) for each in _open(plan)]
    until = plan["monitored_until"]
    return sorted([*due, *([("monitored_until", until)] if until else [])], key=lambda one: one[1])


def _open(plan: Thing) -> list[Mapping[str, Any]]:
    return [each for each in plan["follow_ups"] if each["done_at"] is None]


A_PLAN: Final = About(
    place="/help/{task_id}/plans/{plan_id}",
    read=_read,
    called=lambda words, _plan: words.text("plan"),
    clocks=_clocks,
    given=("plan_id",),
)


async def show_plan(request: Request, task_id: UUID, plan_id: UUID) -> Response:
    """One plan: what it says, who does what, when somebody asks after the person."""
    visit = visit_of(request)
    plan = await _read(visit, {"task_id": task_id, "plan_id": plan_id})
    path = A_PLAN.place.format(task_id=task_id, plan_id=plan_id)
    forms = groups_of(PLAN_FORMS, plan)[""]
    return page(visit, "plan.html", plan=plan, path=path, clocks=_clocks(plan), forms=forms)


async def _content(visit: Visit, thing: Thing) -> Fields:
    """What a plan says; what it said before is offered again."""
    fields = await out_of_contract("plan-drafted")(visit, thing)
    own = visit.desk.settings.node
    parts = [part for part in thing.get("parts", ()) if part["agreed"]]
    ours = tuple(part["service_type"] for part in parts if part["agency"] == own)
    theirs = [part for part in parts if part["agency"] != own]
    other = Field(
        name="other_agency",
        kind=Kind.CHOICE,
        text="other-agency",
        options=await agencies(visit),
        given=tuple(part["agency"] for part in theirs[:1]),
    )
    of_others = tuple(part["service_type"] for part in theirs)
    return (
        *(replace(field, given=as_given(thing.get(field.name))) for field in fields),
        many("own_parts", "service-type", text="own-parts", hint="parts-hint", given=ours),
        other,
        many("other_parts", "service-type", text="other-parts", given=of_others),
    )


def _parts(visit: Visit, thing: Thing, body: Body) -> Body:
    """The parts that the person agreed to; a part that was there keeps its id."""
    own, other = visit.desk.settings.node, body.pop("other_agency", None)
    asked = [(own, service) for service in body.pop("own_parts", ())]
    asked += [(other, service) for service in body.pop("other_parts", ()) if other is not None]
    known = {
        (part["agency"], part["service_type"]): part["part_id"] for part in thing.get("parts", ())
    }
    form_id = visit.form_id() or new_id()
    parts = [
        {
            "part_id": known.get((agency, service)) or str(id_within(form_id, "part", n)),
            "service_type": service,
            "agency": agency,
            "agreed": True,
        }
        for n, (agency, service) in enumerate(asked)
    ]
    return body | {"parts": parts}


def _new_plan(visit: Visit, thing: Thing, body: Body) -> Body:
    plan_id = str(id_within(visit.form_id() or new_id(), "plan"))
    return {"plan_id": plan_id, **_parts(visit, thing, body)}


async def _steps(visit: Visit, plan: Thing) -> Fields:
    words = visit.words
    ways = tuple((code, words.label("plan-state", code)) for code in NEXT[plan["state"]])
    to, reason = await out_of_contract("plan-advanced", reason={"hint": "plan-end-hint"})(
        visit, plan
    )
    return (replace(to, options=ways), reason)


async def _asking(visit: Visit, plan: Thing) -> Fields:
    words = visit.words
    due = tuple((each["follow_up_id"], words.moment_of(each["due_at"])) for each in _open(plan))
    which = choice("follow_up_id", "", text="which-follow-up", required=True, options=due)
    return (which, *await out_of_contract("follow-up-done")(visit, plan))


def _new_follow_up(visit: Visit, _plan: Thing, body: Body) -> Body:
    return body | {"follow_up_id": str(id_within(visit.form_id() or new_id(), "follow-up"))}


NEW_PLAN: Final = Sheet(
    word="plan",
    happened="plan-drafted",
    about=replace(A_HELP, given=()),
    fields=_content,
    body=_new_plan,
)
PLAN_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="redraft",
        happened="plan-drafted",
        about=A_PLAN,
        fields=_content,
        body=_parts,
        fits=lambda plan: plan["state"] == "draft",
    ),
    Sheet(word="advance", happened="plan-advanced", about=A_PLAN, fields=_steps),
    Sheet(
        word="follow-up",
        happened="follow-up-planned",
        about=A_PLAN,
        fields=out_of_contract("follow-up-planned"),
        body=_new_follow_up,
    ),
    Sheet(
        word="asked-after",
        happened="follow-up-done",
        about=A_PLAN,
        fields=_asking,
        fits=lambda plan: bool(_open(plan)),
        clocks=("follow_up_due",),
    ),
)
