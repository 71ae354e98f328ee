"""`two-declines`: both who could help decline; whom the worker may turn to avoids who is ruled out.

A man at the interior authority wants to talk to a psychologist, and nothing of him may come to the
local executive, where a neighbour works. Nobody outside learns that he is without help: only the
node's own people are told, and whom they may phone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from contracts.vocabulary import load_profile
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "two-declines"
SERVICE = "psychological"
RULED_OUT, NATIONAL = "executive-brest", "migration-minsk"
PROFILE: Final = "BY-draft"
NOT_LONG: Final = timedelta(minutes=10)
"""The longest from an escalation until the story looks at the next one's time."""
AN_HOUR: Final = timedelta(hours=1)


def tell(stage: Stage) -> None:
    """Tell it."""
    _, case_id = loop.hand_over(stage, NAME)
    interior = stage.agency(loop.INTERIOR)
    stage.say("he wants to talk to a psychologist; a neighbour of his works at the local executive")
    interior.tells("restriction-recorded", case_id, loop.restriction(agency_type="local-executive"))
    interior.tells(
        "consent-recorded", case_id, loop.consent(stage, ["referral"], [loop.REDCROSS, loop.NGO])
    )
    need_id = new_id()
    request = loop.request({need_id: SERVICE}, "routine", language="ru")
    interior.tells("referral-requested", case_id, request)
    both_decline(stage)
    interior.news("referral.provider-not-found", lambda news: news["facts"]["need_id"] == need_id)
    stage.say("nobody is left; a day later the supervisor is told, then whom they may turn to")
    told = [escalated(stage, request["request_id"], times) for times in (1, 2)]
    stage.must(
        told == [("supervisor", None), ("national-coordinator", NATIONAL)],
        "the need was escalated to somebody else",
    )
    by_hand(stage, case_id, request["request_id"], need_id)


def both_decline(stage: Stage) -> None:
    """In the order in which they are offered: the one in his oblast first."""
    route = (loop.INTERIOR, loop.NGO)
    loop.answer(stage, NAME, route, SERVICE, answer="declined", reason="at-capacity")
    stage.say(f"{loop.NGO} declines: at capacity; {loop.REDCROSS} is offered it next")
    route = (loop.INTERIOR, loop.REDCROSS)
    loop.answer(stage, NAME, route, SERVICE, answer="declined", reason="language")
    stage.say(f"{loop.REDCROSS} declines: language")


def patience(stage: Stage, request_id: str) -> timedelta:
    """How long the worker has from now, as the worker sees it."""
    path = f"/v1/requests/{request_id}"
    (need,) = stage.get(f"{loop.INTERIOR}.referral", path, "case-officer").json()["needs"]
    return datetime.fromisoformat(need["due_at"]) - stage.now()


def escalated(stage: Stage, request_id: str, times: int) -> tuple[str, str | None]:
    """Who is told after the profile's hours: the contact, and which agency it is."""
    hours = load_profile(PROFILE).hours("escalation_hours")
    left = patience(stage, request_id)
    stage.must(hours - NOT_LONG < left <= hours, "the next one is told at another time")
    stage.move_clock(hours + AN_HOUR)
    interior = stage.agency(loop.INTERIOR)

    def heard() -> list[tuple[str, str | None]]:
        return [
            (news["facts"]["contact"], news["facts"]["agency"])
            for news in interior.heard("referral.need-escalated")
            if news["facts"]["request_id"] == request_id
        ]

    found = stage.until("the escalation", lambda: heard() if len(heard()) == times else None)
    contact: tuple[str, str | None] = found[-1]
    stage.say(f"told: {contact[0]}" + (f" ({contact[1]})" if contact[1] else ""))
    return contact


def by_hand(stage: Stage, case_id: str, request_id: str, need_id: str) -> None:
    """A telephone call finds an interpreter: the worker chooses the Red Cross after all."""
    interior = stage.agency(loop.INTERIOR)
    chosen = {"request_id": request_id, "need_id": need_id, "provider": loop.REDCROSS}
    interior.tells("provider-chosen", case_id, chosen)
    task = loop.accept(stage, NAME, (loop.INTERIOR, loop.REDCROSS), SERVICE)
    loop.deliver(stage, loop.REDCROSS, task, ("session", 1))
    loop.loop_closed(stage, loop.INTERIOR, need_id)
    stage.say("after a telephone call the worker chooses by hand; the loop is closed")
