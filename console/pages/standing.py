"""Whether what a piece of news told may still stand, as far as the services show this person.

Nothing is kept: each look asks. What cannot be known, or may not be read, counts as standing:
better to look once more at something that is done than to overlook anything.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from console.answers import listed, moment_of
from console.calling import CaseFrozen
from console.desk import Visit
from console.pages.asking import OVER
from services.chassis.errors import InfrastructureFailure, NotAllowed, NotFound

Piece = Mapping[str, Any]
Place = tuple[str, str, str]
"""Service, path, and the task if one is asked for."""
NOWHERE: Final = ("", "", "")
"""Nobody is asked: the piece says it itself."""
Over = Callable[[Piece, Any, datetime], bool]
"""(piece, what the service showed, now) -> whether it is known to be done."""
UNREADABLE: Final = (NotAllowed, NotFound, CaseFrozen, InfrastructureFailure)
UNDECIDED: Final = ("detected", "screening")
BELIEVED_CHILD: Final = "believed-child"
PASSED: Final = "passed"
"""Of ``clock-status``: the first decision of another agency is late."""


def _task(piece: Piece) -> Place:
    return ("referral", f"/v1/tasks/{piece['task_id']}", "")


def _request(piece: Piece) -> Place:
    return ("referral", f"/v1/requests/{piece['request_id']}", "")


def _drafts(piece: Piece) -> Place:
    return ("referral", f"/v1/cases/{piece['case_id']}/drafts", "")


def _episode(piece: Piece) -> Place:
    return ("assistance", "/v1/episodes", str(piece["task_id"]))


def _plans(piece: Piece) -> Place:
    return ("assistance", f"/v1/cases/{piece['case_id']}/plans", "")


def _case(piece: Piece) -> Place:
    return ("identification", f"/v1/cases/{piece['case_id']}", "")


def _contracts(_piece: Piece) -> Place:
    return ("assistance", "/v1/contracts", "")


def _lasting(piece: Piece) -> Place:
    return ("assistance", "/v1/lasting-stays", str(piece["task_id"]))


def _itself(_piece: Piece) -> Place:
    return NOWHERE


def _task_is_not(*states: str) -> Over:
    def over(piece: Piece, sides: Any, _now: datetime) -> bool:
        ours = (task for task in listed(sides) if task["side"] == piece["side"])
        return any(task["state"] not in states for task in ours)

    return over


def _need_is_not(*states: str) -> Over:
    def over(piece: Piece, request: Any, _now: datetime) -> bool:
        needs = (need for need in request["needs"] if need["need_id"] == piece["need_id"])
        return any(need["state"] not in states for need in needs)

    return over


def _stopped(piece: Piece) -> Place:
    """Of an offer that we made its need goes on; of help that was given here nothing is left."""
    return _request(piece) if piece["request_id"] else NOWHERE


def _somebody_went_on(piece: Piece, request: Any, now: datetime) -> bool:
    """The need is with somebody again, or over; where it was given here nobody can tell."""
    return bool(request) and _need_is_not("not-found", "escalated")(piece, request, now)


def _no_draft_any_more(piece: Piece, drafts: Any, _now: datetime) -> bool:
    """It was sent or dropped, or its days are over."""
    return all(each["request_id"] != piece["request_id"] for each in listed(drafts))


def _stay_is_not(*states: str) -> Over:
    def over(piece: Piece, episodes: Any, _now: datetime) -> bool:
        return any(
            row["stay"] and row["stay"]["state"] not in states for row in _of(piece, episodes)
        )

    return over


def _nobody_stays_too_long(piece: Piece, episodes: Any, now: datetime) -> bool:
    """Who was here left, or stays longer by an agreement."""
    stays = [row["stay"] for row in _of(piece, episodes) if row["stay"]]
    return any(
        stay["state"] != "checked-in" or (stay["ends_at"] and moment_of(stay["ends_at"]) > now)
        for stay in stays
    )


def _it_began(piece: Piece, episodes: Any, now: datetime) -> bool:
    """It runs, is over, or was put off."""
    return any(
        row["state"] not in ("planned", "scheduled")
        or (row["starts_at"] and moment_of(row["starts_at"]) > now)
        for row in _of(piece, episodes)
    )


def _it_ended(piece: Piece, episodes: Any, _now: datetime) -> bool:
    """Whoever helps ended it, and so told what came of it."""
    return any(row["state"] in ("completed", "ended-early") for row in _of(piece, episodes))


def _somebody_said_why(piece: Piece, episodes: Any, now: datetime) -> bool:
    placed = _stay_is_not("held", "confirmed", "checked-in")
    return placed(piece, episodes, now) or any(
        row["stay"] and row["stay"]["reason"] for row in _of(piece, episodes)
    )


def _person_was_asked(piece: Piece, plans: Any, _now: datetime) -> bool:
    asked = (each for plan in listed(plans) for each in plan["follow_ups"])
    return any(each["done_at"] for each in asked if each["follow_up_id"] == piece["follow_up_id"])


def _nobody_is_here_any_more(piece: Piece, stays: Any, _now: datetime) -> bool:
    """They left. That they agreed meanwhile is known to no service: so long it may still stand."""
    return isinstance(stays, list) and all(stay["task_id"] != piece["task_id"] for stay in stays)


def _gateway_knows(piece: Piece, _nothing: Any, _now: datetime) -> bool:
    """Somebody had the safe of the gateway destroy it, or it had nothing of it."""
    return bool(piece.get("done"))


def _of(piece: Piece, episodes: Any) -> list[Mapping[str, Any]]:
    return [row for row in listed(episodes) if row["task_id"] == piece["task_id"]]


def _case_is_over(_piece: Piece, case: Any, _now: datetime) -> bool:
    return case["state"] in OVER


def _of_a_case(done: Over) -> Over:
    """Done, or the case is; of a frozen case nothing is known."""

    def over(piece: Piece, case: Any, now: datetime) -> bool:
        known = case["frozen_at"] is None and case["state"] is not None
        return known and (_case_is_over(piece, case, now) or done(piece, case, now))

    return over


def _decided(piece: Piece, case: Any, now: datetime) -> bool:
    """No clock of a decision is over any more."""
    names = ["conclusive_due_at", "reconsideration_due_at"]
    names += ["reasonable_grounds_due_at"] if case["state"] in UNDECIDED else []
    return all(not case["clocks"][name] or moment_of(case["clocks"][name]) > now for name in names)


def _no_other_agency_is_late(_piece: Piece, case: Any, _now: datetime) -> bool:
    """Nobody who took the case over still has to decide first, as far as it is told here."""
    return all(each["decision_clock"] != PASSED for each in case["hand_overs"])


def _child_is_back(_piece: Piece, case: Any, _now: datetime) -> bool:
    return case["record"] is not None and not case["record"]["missing_at"]


def _authorities_know(_piece: Piece, case: Any, _now: datetime) -> bool:
    return case["child"] is not None and not case["child"]["authorities_to_tell"]


def _money_was_found(piece: Piece, contracts: Any, now: datetime) -> bool:
    """More is paid for than was given, or it runs no longer."""
    return any(
        bool(each["remaining"]) or moment_of(each["ends_at"]) <= now
        for each in listed(contracts)
        if each["contract_id"] == piece["contract_id"]
    )


def _nothing_is_beyond(piece: Piece, contracts: Any, now: datetime) -> bool:
    """What was given is paid for after all, or it runs no longer."""
    return any(
        not each["beyond"] or moment_of(each["ends_at"]) <= now
        for each in listed(contracts)
        if each["contract_id"] == piece["contract_id"]
    )


RULES: Final[Mapping[str, tuple[Callable[[Piece], Place], Over]]] = {
    "offer-received": (_task, _task_is_not("delivered", "seen")),
    "offer-unseen": (_task, _task_is_not("delivered", "offered")),
    "start-overdue": (_task, _task_is_not("accepted")),
    "person-not-arrived": (_task, _task_is_not("accepted")),
    "expected-earlier": (_task, _task_is_not("accepted")),
    "task-stopped": (_stopped, _somebody_went_on),
    "provider-not-found": (_request, _need_is_not("not-found", "escalated")),
    "need-escalated": (_request, _need_is_not("not-found", "escalated")),
    "draft-end-near": (_drafts, _no_draft_any_more),
    "arrival-overdue": (_episode, _stay_is_not("confirmed")),
    "stay-limit-near": (_episode, _stay_is_not("checked-in")),
    "stay-overdue": (_episode, _nobody_stays_too_long),
    "placement-to-review": (_episode, _somebody_said_why),
    "episode-not-begun": (_episode, _it_began),
    "help-called-off": (_episode, _it_ended),
    "follow-up-due": (_plans, _person_was_asked),
    "decision-overdue": (_case, _of_a_case(_decided)),
    "awaited-decision-overdue": (_case, _of_a_case(_no_other_agency_is_late)),
    "child-missing": (_case, _of_a_case(_child_is_back)),
    "child-notification-overdue": (_case, _of_a_case(_authorities_know)),
    "child-notification-failed": (_case, _of_a_case(_authorities_know)),
    "reflection-review-due": (
        _case,
        _of_a_case(lambda _, case, __: case["state"] != "reflection"),
    ),
    "reflection-ended": (
        _case,
        _of_a_case(lambda _, case, __: not case["clocks"]["conclusive_due_at"]),
    ),
    "majority-review-due": (
        _case,
        _of_a_case(lambda _, case, __: case["codes"]["majority"] != BELIEVED_CHILD),
    ),
    "contract-exhausted": (_contracts, _money_was_found),
    "contract-exceeded": (_contracts, _nothing_is_beyond),
    "own-consent-needed": (_lasting, _nobody_is_here_any_more),
    "destruction-due": (_itself, _gateway_knows),
    "consent-expired": (_case, _of_a_case(_case_is_over)),
    "consent-expiry-near": (_case, _of_a_case(_case_is_over)),
}
"""Kind -> what is asked, and when it is known to be done; of any other kind it never is."""


async def still_standing(visit: Visit, pieces: Sequence[Piece]) -> list[Piece]:
    """Those of these pieces that are not known to be done."""
    places = {_place(piece) for piece in pieces}
    asked = [place for place in places if place is not None and place != NOWHERE]
    answers = await asyncio.gather(*(_read(visit, place) for place in asked))
    shown = dict(zip(asked, answers, strict=True)) | {NOWHERE: {}}
    return [piece for piece in pieces if not _is_over(piece, shown, visit.now)]


def _place(piece: Piece) -> Place | None:
    rule = RULES.get(piece["kind"])
    return rule[0](piece) if rule is not None else None


def _is_over(piece: Piece, shown: Mapping[Place, Any], now: datetime) -> bool:
    place = _place(piece)
    found = shown.get(place) if place is not None else None
    return found is not None and RULES[piece["kind"]][1](piece, found, now)


async def _read(visit: Visit, place: Place) -> Any:
    service, path, task_id = place
    try:
        return await visit.ask(service, path, **({"task_id": task_id} if task_id else {}))
    except UNREADABLE:
        return None
