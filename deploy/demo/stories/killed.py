"""`killed`: services die in the middle (SIGKILL); nothing is lost, nothing happens twice."""

from __future__ import annotations

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.demo.world import world_of

NAME = "killed"


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.say("another man, another day; this time processes die while they work")
    _, at_interior = loop.hand_over(stage, NAME)
    interior = stage.agency(loop.INTERIOR)
    interior.tells(
        "consent-recorded", at_interior, loop.consent(stage, ["referral"], [loop.REDCROSS])
    )
    need_id = new_id()
    asked = interior.event(
        "referral-requested", at_interior, loop.request({need_id: "nursing-visit"}, "routine")
    )
    interior.post(asked)
    kill(stage, "interior-brest.gateway")
    kill(stage, "interior-brest.referral")
    interior.accepted(asked["id"], "the request")
    kill(stage, "redcross-vitebsk.referral")
    task = loop.accept(stage, NAME, (loop.INTERIOR, loop.REDCROSS), "nursing-visit")
    kill(stage, "redcross-vitebsk.assistance")
    loop.deliver(stage, loop.REDCROSS, task, ("visit", 3))
    loop.loop_closed(stage, loop.INTERIOR, need_id)
    stage.say("the loop is closed all the same")


def kill(stage: Stage, name: str) -> None:
    """As a crash would: SIGKILL; what watches over it starts it again."""
    world_of(stage.state).kill(name)
    stage.say(f"SIGKILL {name}")
