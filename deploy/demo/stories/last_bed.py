"""`last-bed`: two ask for the last place at the same time; one gets it, the other is told at once.

The place is for a carer with children, at the NGO's crisis room. Both agencies were told that
there is one, as there was; who accepts first holds it. When it is free again, the second comes.
"""

from __future__ import annotations

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "last-bed"
SERVICE, AUDIENCE = "crisis-room", "carer-with-children"
POOL_SIZE = 1


def tell(stage: Stage) -> None:
    """Tell it."""
    ngo, pool_id = stage.agency(loop.NGO), new_id()
    pool = {"pool_id": pool_id, "service_type": SERVICE, "audience_class": AUDIENCE}
    ngo.tells("capacity-reported", pool_id, {**pool, "maximum": POOL_SIZE, "out_of_service": 0})
    stage.say("one place for a carer with children is left; two mothers need it tonight")
    asked = {node: ask(stage, node) for node in (loop.REDCROSS, loop.NGO)}
    tasks = {node: offer(stage, node) for node in asked}
    for node, (task_id, case_id) in tasks.items():
        ngo.tells("offer-answered", case_id, {"task_id": task_id, "answer": "accepted"})
        stage.say(f"the crisis room says yes to {node}")
    won = stage.until("the first answer of the beds", lambda: winner(stage, tasks))
    lost = next(node for node in tasks if node != won)
    ngo.news("referral.task-declined", lambda news: news["facts"]["task_id"] == tasks[lost][0])
    stage.must(beds(stage, pool_id) == (0, 1, 0), "the last place was not held exactly once")
    stage.say(f"{won} has it; {lost} is told that it is gone, at once")
    loop.deliver(stage, loop.NGO, tasks[won], ("night", 1))
    loop.loop_closed(stage, won, asked[won][1])
    stage.until("the place to be free", lambda: beds(stage, pool_id) == (POOL_SIZE, 0, 0))
    second(stage, lost, asked[lost])
    ngo.tells("capacity-reported", pool_id, {**pool, "maximum": POOL_SIZE, "out_of_service": 1})


def ask(stage: Stage, node: str) -> tuple[str, str, str]:
    """A mother at this agency asks; (case id, need id, request id)."""
    agency, case_id, need_id = stage.agency(node), stage.new_case(NAME, node), new_id()
    if node != loop.NGO:
        agency.tells("consent-recorded", case_id, loop.consent(stage, ["referral"], [loop.NGO]))
    agency.tells("restriction-recorded", case_id, loop.restriction(agency_type="interior-affairs"))
    codes = {"audience_class": AUDIENCE, "language": "be"}
    met = loop.detection(
        node, oblast="BY-BR", citizenship="BY", consent_outcome="refused", dependants=1, **codes
    )
    agency.tells("person-detected", case_id, met)
    request = loop.request({need_id: SERVICE}, "urgent", dependants=1, **codes)
    agency.tells("referral-requested", case_id, request)
    return case_id, need_id, str(request["request_id"])


def offer(stage: Stage, sender: str) -> tuple[str, str]:
    """The crisis room opens the offer of this agency, and says nothing yet."""
    return loop.open_offer(stage, NAME, (sender, loop.NGO), SERVICE)


def winner(stage: Stage, tasks: dict[str, tuple[str, str]]) -> str | None:
    """Whose task has the place."""
    accepted = {
        news["facts"]["task_id"]
        for news in stage.agency(loop.NGO).heard("referral.task-accepted")
        if news["facts"]["side"] == "provider"
    }
    return next((node for node, (task_id, _) in tasks.items() if task_id in accepted), None)


def beds(stage: Stage, pool_id: str) -> tuple[int, int, int]:
    """How many places are available, held, occupied."""
    pools = stage.get(f"{loop.NGO}.assistance", "/v1/pools", "capacity-clerk").json()
    pool = next(each for each in pools if each["pool_id"] == pool_id)
    return pool["available"], pool["held"], pool["occupied"]


def second(stage: Stage, node: str, asked: tuple[str, str, str]) -> None:
    """The other mother's worker is told that nobody is left, phones, and chooses by hand."""
    case_id, need_id, request_id = asked
    agency = stage.agency(node)
    agency.news("referral.provider-not-found", lambda news: news["facts"]["need_id"] == need_id)
    chosen = {"request_id": request_id, "need_id": need_id, "provider": loop.NGO}
    agency.tells("provider-chosen", case_id, chosen)
    task = loop.accept(stage, NAME, (node, loop.NGO), SERVICE)
    loop.deliver(stage, loop.NGO, task, ("night", 1))
    loop.loop_closed(stage, node, need_id)
    stage.say(f"the next night the place is free: {node}'s worker phones and chooses it by hand")
