"""`hospital`: a woman in hospital wants help, and no police.

A social worker of the NGO detects her. The interior authority's node must never hold a row, an
id or a code of her: not in its databases, its topics or its logs.
"""

from __future__ import annotations

from deploy.demo.observer import traces_of_case
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "hospital"
POOL = {
    "service_type": "crisis-room",
    "audience_class": "women",
    "maximum": 3,
    "out_of_service": 0,
}
IDENTITY = {"names": [{"full": "Volha Invented-Marozava", "script": "Latn"}], "birth_year": 1997}


def tell(stage: Stage) -> None:
    """Tell it."""
    ngo = stage.agency(loop.NGO)
    case_id = stage.new_case(NAME, loop.NGO)
    pool_id = new_id()
    ngo.tells("capacity-reported", pool_id, {"pool_id": pool_id, **POOL})
    stage.say("a woman in hospital tells an NGO's social worker: help yes, police no")
    ngo.put_person(case_id, IDENTITY)
    ngo.tells("restriction-recorded", case_id, loop.restriction(agency_type="interior-affairs"))
    ngo.tells(
        "person-detected",
        case_id,
        loop.detection(
            loop.NGO,
            oblast="BY-BR",
            citizenship="BY",
            exploitation=["sexual"],
            consent_outcome="refused",
            language="be",
            audience_class="women",
        ),
    )
    ngo.news(
        "identification.person-helped-without-identification",
        lambda news: news["case_id"] == case_id,
    )
    help_her(stage, case_id)
    nothing_at_interior(stage)


def help_her(stage: Stage, case_id: str) -> None:
    """The NGO's own crisis room tonight; the Red Cross's nurse, as she agrees to that."""
    ngo = stage.agency(loop.NGO)
    ngo.tells("consent-recorded", case_id, loop.consent(stage, ["referral"], [loop.REDCROSS]))
    needs = {new_id(): "crisis-room", new_id(): "nursing-visit"}
    ngo.tells(
        "referral-requested",
        case_id,
        loop.request(needs, "urgent", audience_class="women", language="be"),
    )
    for need_id, service in needs.items():
        node = loop.NGO if service == "crisis-room" else loop.REDCROSS
        task = loop.accept(stage, NAME, (loop.NGO, node), service)
        loop.deliver(stage, node, task, ("night" if node == loop.NGO else "visit", 2))
        loop.loop_closed(stage, loop.NGO, need_id)
        stage.say(f"{service}: given by {node}, the loop is closed")


def nothing_at_interior(stage: Stage) -> None:
    """The invariant of this story."""
    found = traces_of_case(stage, NAME, loop.INTERIOR)
    stage.must(not found, f"the interior node holds something of her: {', '.join(found)}")
    stage.say("interior-brest holds no row, id or code of her: databases, topics and logs searched")
