"""`again`: half a year after his case was closed he is found once more, by another agency.

The authority recognises him and links the new case with the old one: a reference inside its own
node. Who met or helped him the first time hears nothing of the second, and who does so now hears
nothing of the first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "again"
FIRST, SECOND = "nursing-visit", "psychological"
KIND = "retrafficked"
LATER = timedelta(days=180)


def tell(stage: Stage) -> None:
    """Tell it."""
    interior = stage.agency(loop.INTERIOR)
    _, first = loop.hand_over(stage, NAME)
    loop.identify(stage, first)
    helped(stage, first, loop.REDCROSS, (FIRST, "visit"))
    interior.tells("case-closed", first, {"reason": "needs-met"})
    stage.say("a man from a construction site was identified and helped; his case is closed")
    stage.move_clock(LATER)
    _, second = loop.hand_over(stage, NAME, a_man_on_the_street(), at=loop.NGO)
    stage.say("a social worker of the NGO meets somebody who was made to beg, and hands over")
    interior.tells("case-linked", second, {"linked_case": first, "kind": KIND})
    stage.say("the authority recognises him: a new case, linked with the old one inside its node")
    interior.tells("screening-recorded", second, {"result": "indicators-found"})
    interior.tells("decision-recorded", second, loop.decision("reasonable-grounds"))
    helped(stage, second, loop.NGO, (SECOND, "session"))
    late = interior.event("screening-recorded", first, {"result": "indicators-found"})
    stage.must("case-closed" in loop.refused(stage, loop.INTERIOR, late), "the old case goes on")
    stage.say("the NGO helps in the new case; the old one stays as it was")


def a_man_on_the_street() -> dict[str, Any]:
    """What the NGO knows of him; that he was met before is not among it."""
    return loop.detection(
        loop.NGO,
        oblast="BY-BR",
        citizenship="BY",
        exploitation=["forced-begging"],
        consent_outcome="given",
        language="ru",
        audience_class="men",
    )


def helped(stage: Stage, case_id: str, provider: str, what: tuple[str, str]) -> None:
    """He agrees to this agency; it helps once."""
    interior, need_id, (service, unit) = stage.agency(loop.INTERIOR), new_id(), what
    interior.tells("consent-recorded", case_id, loop.consent(stage, ["referral"], [provider]))
    request = loop.request({need_id: service}, "routine", language="ru")
    interior.tells("referral-requested", case_id, request)
    task = loop.accept(stage, NAME, (loop.INTERIOR, provider), service)
    loop.deliver(stage, provider, task, (unit, 1))
    loop.loop_closed(stage, loop.INTERIOR, need_id)
