"""What several pages ask the node's services; nothing of an answer is kept."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from console.answers import listed
from console.calling import CaseFrozen
from console.desk import Visit
from console.telling import SYSTEM
from services.chassis.clock import derived_id
from services.chassis.errors import NotAllowed, NotFound

CLOCKS: Final = (
    *("reasonable_grounds_due_at", "reflection_review_at", "reflection_ends_at"),
    *("no_decision_before", "conclusive_due_at", "reconsider_until", "reconsideration_due_at"),
    *("child_notification_due_at", "majority_review_at"),
)
OVER: Final = frozenset({"closed", "entered-in-error"})
"""States of a case in which nothing more is done."""
SHORT: Final = 8
"""So many characters of a case's number stand on its page."""


async def read_case(visit: Visit, case_id: UUID) -> dict[str, Any]:
    """The case as identification shows it."""
    found = await visit.ask("identification", f"/v1/cases/{case_id}")
    return dict(found) if isinstance(found, Mapping) else {}


async def whole_number(visit: Visit, number: str) -> str | None:
    """The case of which people gave the number, short or whole; None: none, or more than one."""
    if len(number) > SHORT:
        return number
    query = {"limit": "2"}
    if int(number, 16):
        before = f"{int(number, 16) - 1:08x}"
        query["after"] = str(UUID(before + "f" * 24))
    cases = listed(await visit.ask("identification", "/v1/cases", **query))
    fitting = [case["case_id"] for case in cases if case["case_id"].startswith(number)]
    return fitting[0] if len(fitting) == 1 else None


def id_or_nothing(text: str) -> str:
    """An id of an address, as services write it; nothing where there is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""


def id_of_officer(name: str) -> UUID:
    """The node's own number of whoever leads a case: of the access key's name, and no name."""
    return derived_id(SYSTEM, name, "officer", 0)


async def register_of(visit: Visit, case_id: UUID, name: str) -> list[Mapping[str, Any]]:
    """A register of the gateway about the case; nothing where it never heard of it."""
    try:
        told = await visit.ask("gateway", f"/v1/cases/{case_id}/{name}")
    except NotFound:
        return []
    return listed(told.get(name)) if isinstance(told, Mapping) else []


async def bands_of(visit: Visit, case_id: str, which: str) -> Mapping[str, Mapping[str, Any]]:
    """Bands of age out of the safe, by list; nothing where the safe says nothing, or not to us."""
    try:
        told = await visit.ask("gateway", f"/v1/persons/{case_id}/{which}")
    except (NotFound, NotAllowed, CaseFrozen):
        return {}
    return told if isinstance(told, Mapping) else {}


async def requests_of(visit: Visit, case_id: UUID) -> list[Mapping[str, Any]]:
    """What was asked for the person and how far it is; nothing where this node asks nobody."""
    try:
        return listed(await visit.ask("referral", "/v1/requests", case_id=str(case_id)))
    except NotFound:
        return []


async def drafts_of(visit: Visit, case_id: UUID) -> list[Mapping[str, Any]]:
    """What was written for the person and is asked of nobody yet."""
    try:
        return listed(await visit.ask("referral", f"/v1/cases/{case_id}/drafts"))
    except NotFound:
        return []


async def read_task(visit: Visit, task_id: UUID) -> Mapping[str, Any]:
    """The provider's side of a task that came here."""
    for task in listed(await visit.ask("referral", f"/v1/tasks/{task_id}")):
        if task["side"] == "provider":
            return task
    raise NotFound("the task is not one that came here")


async def agencies(
    visit: Visit, *, active: bool = True, ours: bool = False
) -> tuple[tuple[str, str], ...]:
    """Whom the person may name: the participants of the registry, with what they are.

    Not only those who are active: who is suspended or signs later may be kept out beforehand. Our
    own is told nothing by another one, but the person may agree that it is the one that decides.
    """
    rows = listed(await visit.ask("gateway", "/v1/participants"))
    words, own, called = visit.words, visit.desk.settings.node, visit.desk.agencies
    return tuple(
        (
            row["node"],
            f"{words.label('agency-type', row['agency_type'])} – "
            f"{called.in_full(row['node'], words.language)}",
        )
        for row in rows
        if (ours or row["node"] != own) and (row["status"] == "active" or not active)
    )


def clocks_of(case: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, due) of every clock that runs, the next one first."""
    clocks = case["clocks"] or {}
    running = [(name, clocks[name]) for name in CLOCKS if clocks.get(name)]
    return sorted(running, key=lambda clock: clock[1])
