"""Steps that several stories take: a man is detected, identified, referred, helped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from deploy.demo.stage import Stage, new_id

BORDER, INTERIOR, REDCROSS, NGO = (
    "border-brest",
    "interior-brest",
    "redcross-vitebsk",
    "ngo-brest",
)


def consent(stage: Stage, purposes: list[str], recipients: list[str]) -> dict[str, Any]:
    """What an agency records when the person agreed."""
    return {
        "consent_id": new_id(),
        "purposes": purposes,
        "categories": ["coded-case", "needs"],
        "recipients": recipients,
        "expires_at": stage.in_days(365),
        "text_version": "2026.1",
        "language": "ru",
        "interpreter": False,
        "given_by": "person",
    }


def restriction(**never: str) -> dict[str, Any]:
    """Never to this agency, or this type of agency."""
    return {"restriction_id": new_id(), "recorded_for": "person", **never}


def detection(node: str, **codes: Any) -> dict[str, Any]:
    """The four codes that every detection has, and whatever else is known."""
    return {
        "detecting_agency": node,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
        "safe_channel": "in-person",
        **codes,
    }


def a_man_from_a_construction_site() -> dict[str, Any]:
    """His codes; who he is goes into the safe."""
    return detection(
        BORDER,
        oblast="BY-BR",
        citizenship="BY",
        country_of_exploitation="RU",
        exploitation=["forced-labour"],
        industry="F",
        still_in_situation="no",
        consent_outcome="given",
        language="ru",
        audience_class="men",
    )


def hand_over(
    stage: Stage, story: str, codes: Mapping[str, Any] | None = None, at: str = BORDER
) -> tuple[str, str]:
    """Somebody is detected and handed over; returns the case ids there and at interior.

    ``codes``: what is known of somebody else than the man from a construction site.
    """
    finder, interior = stage.agency(at), stage.agency(INTERIOR)
    case_id = stage.new_case(story, at)
    known = {news["case_id"] for news in taken_over(stage)}
    agreed = finder.event("consent-recorded", case_id, consent(stage, ["hand-over"], [INTERIOR]))
    met = codes or a_man_from_a_construction_site()
    detected = finder.event("person-detected", case_id, met)
    for intake_id, what in zip(
        finder.post(agreed, detected), ("consent", "detection"), strict=True
    ):
        finder.accepted(intake_id, what)
    finder.news("identification.hand-over-confirmed", lambda news: news["case_id"] == case_id)
    news = interior.news("identification.case-opened", lambda news: news["case_id"] not in known)
    stage.remember(story, INTERIOR, news["case_id"])
    return case_id, news["case_id"]


def taken_over(stage: Stage) -> list[dict[str, Any]]:
    """Cases that the interior node took over so far."""
    return stage.agency(INTERIOR).heard("identification.case-opened")


def refused(stage: Stage, node: str, event: Mapping[str, Any]) -> list[str]:
    """Tell a node what it must refuse; the codes of its reasons."""
    agency = stage.agency(node)
    answer = agency.answer(agency.send(event))
    stage.must(not answer["accepted"], f"{node} took what it must refuse")
    return [reason["code"] for reason in answer["reasons"]]


def identify(stage: Stage, case_id: str) -> None:
    """Screening, reasonable grounds, thirty days of reflection, conclusive decision."""
    interior = stage.agency(INTERIOR)
    interior.tells(
        "screening-recorded",
        case_id,
        {
            "result": "indicators-found",
            "exploitation": ["forced-labour"],
            "means": ["withholds-documents", "takes-earnings"],
        },
    )
    interior.tells("decision-recorded", case_id, decision("reasonable-grounds"))
    stage.move_clock(timedelta(days=31))
    interior.news("identification.reflection-ended", lambda news: news["case_id"] == case_id)
    interior.tells("decision-recorded", case_id, decision("conclusive"))


def decision(kind: str) -> dict[str, Any]:
    """A positive decision."""
    return {"decision": kind, "outcome": "positive", "reasons": ["act-shown", "means-shown"]}


def request(needs: Mapping[str, str], urgency: str, **codes: Any) -> dict[str, Any]:
    """A referral for needs: need id -> service type."""
    return {
        "request_id": new_id(),
        "needs": [
            {"need_id": need_id, "service_type": service} for need_id, service in needs.items()
        ],
        "urgency": urgency,
        **codes,
    }


def accept(stage: Stage, story: str, route: tuple[str, str], service: str) -> tuple[str, str]:
    """A person at the provider opens the offer and takes it; returns (task id, case id there).

    ``route``: (sender, provider).
    """
    task_id, case_id = answer(stage, story, route, service, answer="accepted")
    provider = stage.agency(route[1])
    provider.news("referral.task-accepted", lambda news: news["facts"]["task_id"] == task_id)
    return task_id, case_id


def expected_by(stage: Stage, route: tuple[str, str], task_id: str) -> str:
    """Until when the person is expected: whoever asked knows it before it is over, as the provider.

    ``route``: (sender, provider).
    """

    def shown() -> set[str | None] | None:
        found = {
            each["arrive_by"]
            for node in route
            for each in stage.get(f"{node}.referral", f"/v1/tasks/{task_id}", "case-officer").json()
        }
        return found if len(found) == 1 and None not in found else None

    (told,) = stage.until("one time to arrive on both sides", shown)
    return str(told)


def answer(
    stage: Stage, story: str, route: tuple[str, str], service: str, **said: str
) -> tuple[str, str]:
    """A person at the provider opens the offer and says this to it; (task id, case id there)."""
    task_id, case_id = open_offer(stage, story, route, service)
    stage.agency(route[1]).tells("offer-answered", case_id, {"task_id": task_id, **said})
    return task_id, case_id


def open_offer(stage: Stage, story: str, route: tuple[str, str], service: str) -> tuple[str, str]:
    """A person at the provider opens the offer; (task id, case id there)."""
    sender, node = route
    provider = stage.agency(node)
    done = {task for task, _ in stage.taken}
    offer = provider.news(
        "referral.offer-received",
        lambda news: (
            news["facts"]["service_type"] == service
            and news["facts"]["other_agency"] == sender
            and news["facts"]["task_id"] not in done
        ),
    )
    task_id, case_id = offer["facts"]["task_id"], offer["case_id"]
    stage.taken.add((task_id, case_id))
    stage.remember(story, node, case_id)
    provider.tells("offer-answered", case_id, {"task_id": task_id, "answer": "seen"})
    return task_id, case_id


def deliver(stage: Stage, node: str, task: tuple[str, str], units: tuple[str, int]) -> None:
    """Units of the service are given one by one; the last ends the episode with an outcome."""
    provider = stage.agency(node)
    task_id, case_id = task
    unit, number = units
    for each in range(1, number + 1):
        body: dict[str, Any] = {"task_id": task_id, "unit": unit, "quantity": 1}
        if each == number:
            body["outcome"] = "need-met"
        provider.tells("service-delivered", case_id, body)


def considered(stage: Stage, node: str, request_id: str) -> dict[str, list[str]]:
    """Service -> why it was or was not offered, as the last round of the search found."""
    path = f"/v1/requests/{request_id}/explanation"
    told = stage.get(f"{node}.referral", path, "case-officer").json()
    return {each["service_id"]: list(each["verdicts"]) for each in told}


def loop_closed(stage: Stage, node: str, need_id: str) -> None:
    """The sender knows the outcome of a need."""
    stage.agency(node).news(
        "referral.loop-closed", lambda news: news["facts"]["need_id"] == need_id
    )
