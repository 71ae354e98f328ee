"""The pages on a bench: a node whose services are played, people with tokens, time that stands.

What a played service answers is made with the service's own models, so that a page which reads a
property that no service shows fails here. What a form told the door is kept to be looked at.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel

from console.access import PAGES
from console.agencies import Agencies
from console.app import make_app
from console.calling import Services
from console.desk import Desk
from console.sessions import Limits, Sessions
from console.settings import Settings
from console.telling import Teller
from services.assistance.api import EpisodeShown, PoolShown
from services.chassis.clock import FrozenClock
from services.chassis.identity import Caller, Tokens, digest_of_token
from services.chassis.messaging.unfinished import Unfinished
from services.chassis.web import check_access
from services.identification.api.shown import CaseShown, ClocksShown, HandOverShown
from services.referral.api import ConsiderationShown, NeedShown, RequestShown, TaskShown
from tests.support.console_people import PEOPLE, may_call
from tests.support.console_registers import (
    CODES,
    CONSENT,
    COUNTS_FROM,
    PARTICIPANT,
    PERSON,
    RESTRICTION,
    VERSION,
    a_draft,
)

NODE = "redcross-vitebsk"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TASKS_PAGE = 200
TASK, CASE, POOL, HELPED, RESTRICTED = (UUID(int=n, version=4) for n in (11, 12, 13, 15, 17))
BROWSER = {"sec-fetch-site": "same-origin", "origin": "http://node"}


def a_task(**changes: Any) -> dict[str, Any]:
    """An offer that waits at this node."""
    task = TaskShown(
        task_id=TASK,
        side="provider",
        case_id=CASE,
        other_agency="interior-brest",
        service_type="nursing-visit",
        urgency="routine",
        majority="adult",
        audience_class="men",
        language="ru",
        state="delivered",
        answer_by=NOW + timedelta(days=2),
        seen_by=NOW + timedelta(hours=8),
        hold_until=None,
        start_by=None,
        dependants=None,
        offered_at=NOW,
        changed_at=NOW,
        reason=None,
        hand_over_reference=None,
        outcome=None,
        unit=None,
        quantity=None,
        request_id=None,
        need_id=None,
        unfinished=Unfinished(),
    )
    return told(task.model_copy(update=changes))


def an_episode(**changes: Any) -> dict[str, Any]:
    """Help that is planned for the task."""
    episode = EpisodeShown(
        episode_id=UUID(int=14, version=4),
        frozen_at=None,
        case_id=CASE,
        task_id=TASK,
        service_type="nursing-visit",
        state="planned",
        total=0,
        planned_at=NOW,
        changed_at=NOW,
        unfinished=Unfinished(),
    )
    return told(episode.model_copy(update=changes))


def a_pool() -> dict[str, Any]:
    """A pool of the agency."""
    return told(
        PoolShown(
            pool_id=POOL,
            service_type="crisis-room",
            audience_class="women",
            status="capacity",
            maximum=4,
            available=2,
            held=1,
            occupied=1,
            out_of_service=0,
            reported_at=NOW,
            suits=["dependants"],
        )
    )


def a_case(**changes: Any) -> dict[str, Any]:
    """A case that was detected here, of which much is not yet known."""
    case = CaseShown(
        case_id=CASE,
        frozen_at=None,
        state="reflection",
        origin="hand-over",
        counted_by="border-brest",
        occurred_at=NOW,
        recorded_at=NOW,
        codes=dict(CODES),
        to_dos=("exploitation", "consent-outcome"),
        clocks=ClocksShown(
            reasonable_grounds_due_at=NOW - timedelta(days=1),
            reflection_ends_at=NOW + timedelta(days=30),
            conclusive_due_at=None,
            reflection_review_at=None,
            no_decision_before=None,
            reconsider_until=None,
            reconsideration_due_at=None,
            child_notification_due_at=None,
            majority_review_at=None,
            counts_from=COUNTS_FROM,
        ),
        hand_overs=(
            HandOverShown(
                offer_id=TASK,
                direction="incoming",
                agency="border-brest",
                state="confirmed",
                reason=None,
                hand_over_reference=POOL,
                changed_at=NOW,
                sender_not_told=True,
            ),
        ),
        unfinished=Unfinished(),
    )
    return told(case.model_copy(update=changes))


def a_need(**given: Any) -> NeedShown:
    """One need of a request."""
    return NeedShown(**{"told": None, "due_at": None, **given})


def a_request(**changes: Any) -> dict[str, Any]:
    """A request with one need that somebody was offered and one that nobody takes."""
    needs = (
        a_need(need_id=TASK, service_type="nursing-visit", state="offered", round=1),
        a_need(need_id=POOL, service_type="crisis-room", state="not-found", round=2),
    )
    request = RequestShown(
        request_id=TASK,
        case_id=CASE,
        urgency="routine",
        opened_at=NOW,
        dependants=None,
        separation_reason=None,
        return_of=None,
        needs=needs,
        tasks=(),
        unfinished=Unfinished(),
    )
    return {**told(request), "tasks": [a_sent_task()], **changes}


def a_sent_task(**changes: Any) -> dict[str, Any]:
    """What this node asked of another."""
    given = {"side": "sender", "other_agency": "ngo-brest", "request_id": TASK, "need_id": TASK}
    return a_task(**given | {"duty_phone": "+375 00 000-02-02"} | changes)


def an_explanation() -> list[dict[str, Any]]:
    """Why one service was offered and another was not."""
    return [
        told(
            ConsiderationShown(
                need_id=TASK,
                round=1,
                service_id=f"{agency}.nursing-visit",
                agency=agency,
                verdicts=verdicts,
                considered_at=NOW,
            )
        )
        for agency, verdicts in (("ngo-brest", ("capacity", "offered")), ("x", ("out-of-area",)))
    ]


def everything_shown() -> dict[str, Any]:
    """A node with something on every page."""
    tasks = [
        a_task(task_id=POOL, urgency="emergency", state="seen", service_type="crisis-room"),
        a_task(),
        a_task(task_id=HELPED, state="in-progress"),
        a_task(task_id=CASE, state="declined", reason="at-capacity"),
    ]
    case = f"v1/cases/{CASE}"
    return {
        "referral/v1/tasks": [*tasks, a_sent_task(task_id=RESTRICTED)],
        f"referral/v1/tasks/{TASK}": [a_task()],
        f"referral/v1/tasks/{HELPED}": [tasks[2]],
        f"referral/v1/tasks/{POOL}": [tasks[0]],
        "referral/v1/requests": [a_request()],
        f"referral/v1/requests/{TASK}": a_request(),
        f"referral/v1/requests/{TASK}/explanation": an_explanation(),
        f"referral/{case}/drafts": [a_draft(CASE, TASK, NOW)],
        "assistance/v1/episodes": [
            an_episode(task_id=HELPED, state="active", unit="visit", total=2)
        ],
        "assistance/v1/pools": [a_pool()],
        f"assistance/{case}/plans": [],
        "assistance/v1/contracts": [],
        "identification/v1/cases": [a_case(), a_case(case_id=TASK, unfinished=STUCK)],
        f"identification/{case}": a_case(),
        f"gateway/{case}/consents": {"consents": [CONSENT]},
        f"gateway/{case}/restrictions": {"restrictions": [RESTRICTION]},
        "gateway/v1/participants": [PARTICIPANT],
        f"gateway/v1/persons/{CASE}": PERSON,
    }


STUCK: Any = Unfinished(stuck=True, parked=1)


def told(model: BaseModel) -> dict[str, Any]:
    """What a service sends of it."""
    return dict(json.loads(model.model_dump_json()))


@dataclass
class Node:
    """The services of a node as they are played: what each shows, and what the door was told."""

    shows: dict[str, Any] = field(default_factory=dict)
    """By service and path: ``referral/v1/tasks``; a function is asked, a text is a file."""
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """What the door says, one after the other; afterwards it accepts everything."""
    events: list[dict[str, Any]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    """What was put into the safe."""
    replaced: list[str | None] = field(default_factory=list)
    """Which version each of them replaces, as far as it was said."""
    refuses_to_keep: tuple[int, str] | None = None
    """Status and type with which the safe refuses."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, service and path, token."""
    addresses: list[httpx.URL] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """As the services would."""
        place = f"{request.url.host}{request.url.path}"
        if not may_call(request):
            return httpx.Response(403, json={"type": "urn:nrm:problem:not-allowed"})
        self.addresses.append(request.url)
        self.asked.append((request.method, place, request.headers["authorization"]))
        if place == "gateway/v1/intake":
            self.events.append(json.loads(request.content))
            status, body = self.answers.pop(0) if self.answers else (200, {"accepted": True})
            return httpx.Response(status, json={"reasons": [], **body})
        if request.method == "PUT":
            return self._put(request)
        shown = self.shows.get(place, 404)
        shown = shown(request.url.params) if callable(shown) else shown
        if isinstance(shown, str):
            return httpx.Response(200, text=shown)
        if isinstance(shown, int | tuple):
            status, body = shown if isinstance(shown, tuple) else (shown, {})
            return httpx.Response(status, json=body)
        if state := request.url.params.get("state"):
            shown = [each for each in shown or () if each["state"] == state]
        shown = shown[:TASKS_PAGE] if isinstance(shown, list) else shown
        return httpx.Response(200, json=shown, headers={"etag": VERSION})

    def _put(self, request: httpx.Request) -> httpx.Response:
        if self.refuses_to_keep is not None:
            status, kind = self.refuses_to_keep
            return httpx.Response(status, json={"type": f"urn:nrm:problem:{kind}"})
        self.kept.append(json.loads(request.content))
        self.replaced.append(request.headers.get("if-match"))
        return httpx.Response(204)

    def refuses(self, *reasons: tuple[str, str | None]) -> None:
        """The next event is refused."""
        told_so = [{"code": code, "field": place} for code, place in reasons]
        self.answers.append((422, {"accepted": False, "reasons": told_so}))


@dataclass
class Bench:
    """One process of pages and a browser."""

    node: Node
    desk: Desk
    clock: FrozenClock
    browser: httpx.AsyncClient

    async def sign_in(self, person: str) -> httpx.Response:
        """As somebody of the agency."""
        return await self.browser.post("/sign-in", data={"token": f"token-of-{person}"})

    async def send(
        self, path: str, fields: Mapping[str, str | Sequence[str]], secret: str | None = None
    ) -> httpx.Response:
        """Send a form as the page would, with its session's secret."""
        given = self.secret() if secret is None else secret
        return await self.browser.post(path, data={"secret": given, **dict(fields)})

    def secret(self) -> str:
        """What the signed-in browser's forms carry."""
        session = self.desk.sessions.find(self.browser.cookies["session"])
        assert session is not None
        return session.secret


@asynccontextmanager
async def a_console(folder: Path, **settings: Any) -> AsyncIterator[Bench]:
    """The pages of a node, and a browser that is not signed in."""
    node, clock = Node(), FrozenClock(NOW)
    desk = a_desk(node, clock, folder, settings)
    app = make_app(desk)
    check_access(app, app.state.access_table)
    web = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=web, base_url="http://node", headers=BROWSER) as browser:
        yield Bench(node=node, desk=desk, clock=clock, browser=browser)


def a_desk(node: Node, clock: FrozenClock, folder: Path, changes: Mapping[str, Any]) -> Desk:
    """The surroundings of the pages."""
    settings = Settings(
        node=NODE,
        port=0,
        state_dir=folder,
        addresses={name: f"http://{name}" for name in NAMES},
        **{"secure_cookie": False, **changes},
    )
    client = httpx.AsyncClient(transport=httpx.MockTransport(node.answer))
    services = Services(settings.addresses, client)
    limits = Limits(settings.idle_minutes * 60.0, settings.session_hours * 3600.0, 200)
    return Desk(
        settings=settings,
        clock=clock,
        tokens=Tokens(
            {
                digest_of_token(f"token-of-{name}"): Caller(f"{NODE}.{name}", roles, NODE)
                for name, roles in PEOPLE.items()
            }
        ),
        sessions=Sessions(clock, limits),
        services=services,
        agencies=Agencies(services, clock),
        teller=Teller(services, clock, NODE, 1),
        roles_of_pages=PAGES,
    )


NAMES = ("gateway", "identification", "referral", "assistance")
