"""`at-home`: the questions about her work abroad show that she is beaten at home, too.

That is a case of its own, opened by her node and linked with the first: another harm, with another
consent, and nobody decides in it whether she was trafficked. What she forbade in the first case
holds in the second at once, although nobody records it again.
"""

from __future__ import annotations

from typing import Any

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "at-home"
SERVICE, FORBIDDEN = "psychological", f"{loop.REDCROSS}.psychological"
FOUND = "found-while-screening"
SESSIONS = 2


def tell(stage: Stage) -> None:
    """Tell it."""
    _, case_id = loop.hand_over(stage, NAME, a_woman())
    stage.say("a woman back from abroad; her husband's sister works for the Red Cross")
    interior = stage.agency(loop.INTERIOR)
    interior.tells("restriction-recorded", case_id, loop.restriction(agency=loop.REDCROSS))
    at_home = found(stage, case_id)
    stage.say("asked about her work, she tells of home: a second case, linked with the first")
    interior.tells("decision-recorded", case_id, loop.decision("reasonable-grounds"))
    agreed = loop.consent(stage, ["referral"], [loop.REDCROSS, loop.NGO])
    interior.tells("consent-recorded", at_home, agreed)
    need_id = new_id()
    asked = loop.request({need_id: SERVICE}, "routine", language="be")
    interior.tells("referral-requested", at_home, asked)
    task = loop.accept(stage, NAME, (loop.INTERIOR, loop.NGO), SERVICE)
    verdicts = loop.considered(stage, loop.INTERIOR, asked["request_id"])
    stage.must(verdicts[FORBIDDEN] == ["restricted"], "the sister's agency was asked")
    stage.say("her worker ticks both agencies; the one she forbade in the first case is not asked")
    loop.deliver(stage, loop.NGO, task, ("session", SESSIONS))
    loop.loop_closed(stage, loop.INTERIOR, need_id)
    stage.say("who helps knows that she needs somebody to talk to, and nothing of either harm")


def a_woman() -> dict[str, Any]:
    """Her codes, as the border guard knows them."""
    return loop.detection(
        loop.BORDER,
        oblast="BY-BR",
        citizenship="BY",
        country_of_exploitation="PL",
        exploitation=["servitude"],
        consent_outcome="given",
        language="be",
        audience_class="women",
    )


def found(stage: Stage, case_id: str) -> str:
    """The screening finds another kind of harm; the id of the case that her node opens."""
    interior = stage.agency(loop.INTERIOR)
    screening = {
        "result": "indicators-found",
        "exploitation": ["servitude"],
        "means": ["withholds-documents"],
        "also_found": ["domestic-violence"],
    }
    interior.tells("screening-recorded", case_id, screening)
    news = interior.news(
        "identification.case-linked",
        lambda news: (news["facts"]["linked_case"], news["facts"]["kind"]) == (case_id, FOUND),
    )
    stage.remember(NAME, loop.INTERIOR, news["case_id"])
    return str(news["case_id"])
