"""`offline`: the Red Cross's node is cut off for six hours, and catches up.

Its gateway stands still, as behind a dead line. Whoever refers somebody goes on working; what was
said in the meantime waits in order, and no clock of the receiver makes anybody expire unheard.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.demo.world import world_of

NAME = "offline"
LINE = f"{loop.REDCROSS}.gateway"
CUT_OFF_FOR = timedelta(hours=6)


def tell(stage: Stage) -> None:
    """Tell it."""
    _, case_id = loop.hand_over(stage, NAME)
    interior, world = stage.agency(loop.INTERIOR), world_of(stage.state)
    interior.tells("consent-recorded", case_id, loop.consent(stage, ["referral"], [loop.REDCROSS]))
    world.cut_off(LINE)
    stage.say("the line to the Red Cross is dead; at the interior authority work goes on")
    needs = {new_id(): "nursing-visit", new_id(): "social-care"}
    try:
        interior.tells("referral-requested", case_id, loop.request(needs, "urgent"))
        stage.move_clock(CUT_OFF_FOR)
        for need_id in needs:
            stage.until("an offer in the queue", partial(offered, stage, need_id))
    finally:
        world.join(LINE)
    stage.say("six hours later the line is back: what was said meanwhile arrives, in order")
    for need_id, service in needs.items():
        task = loop.accept(stage, NAME, (loop.INTERIOR, loop.REDCROSS), service)
        loop.deliver(stage, loop.REDCROSS, task, ("visit", 1))
        loop.loop_closed(stage, loop.INTERIOR, need_id)
    mine = {each for node, each in stage.cases[NAME] if node == loop.REDCROSS}
    heard = stage.agency(loop.REDCROSS).heard("referral.offer-received")
    told = [news for news in heard if news["case_id"] in mine]
    stage.must(len(told) == len(needs), "an offer came twice, or not at all")
    stage.say("both needs are met, nobody was asked twice")


def offered(stage: Stage, need_id: str) -> bool:
    """Whether the interior authority's offer for the need stands in its outgoing queue."""
    tasks = stage.get(
        f"{loop.INTERIOR}.referral", "/v1/tasks", "case-officer", side="sender"
    ).json()
    return any(each["need_id"] == need_id and each["state"] == "offered" for each in tasks)
