"""`girl-of-fifteen`: a girl whose guardian is suspected; he is neither told nor asked.

A social worker of the NGO meets her. No consent opens the route: the law does. The child
authorities hear that there is a child, and the guardianship body whom it is asked to appoint;
neither hears where she is or what was done to her. She is placed where the profile places her age,
after her best interests were recorded and she was asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "girl-of-fifteen"
EDUCATION = "education-brest"
BY_PHONE = "local-executive"
SERVICE = "child-3-17"
IDENTITY = {"names": [{"full": "Alesia Invented-Sakalouskaja", "script": "Latn"}]}
POOL = {"service_type": SERVICE, "audience_class": "any-child", "maximum": 4, "out_of_service": 0}
BEFORE_A_DECISION = timedelta(days=31)
UNTIL_THE_ALARM = timedelta(days=125)
"""More than five months of her stay with the days before the decision; the limit is six."""


def tell(stage: Stage) -> None:
    """Tell it."""
    at_ngo = meet(stage)
    at_interior = by_law(stage, at_ngo)
    told_of_her(stage, at_ngo)
    protect(stage, at_interior)
    need_id = new_id()
    task = place(stage, at_interior, need_id)
    decide(stage, at_interior)
    stay(stage, task)
    loop.loop_closed(stage, loop.INTERIOR, need_id)
    stage.say("she goes to live with her aunt; the loop is closed")


def meet(stage: Stage) -> str:
    """The NGO detects her; her stepfather may have taken part."""
    ngo, case_id = stage.agency(loop.NGO), stage.new_case(NAME, loop.NGO)
    stage.say("a girl of fifteen talks to an NGO's social worker; her stepfather is suspected")
    ngo.put_person(case_id, IDENTITY)
    codes = {
        "case_type": "trafficking",
        "majority": "child",
        "oblast": "BY-BR",
        "citizenship": "BY",
        "exploitation": ["sexual"],
        "consent_outcome": "not-asked-unsafe",
        "guardian_status": "suspected",
        "language": "be",
        "audience_class": "girls",
    }
    ngo.tells("person-detected", case_id, loop.detection(loop.NGO, **codes))
    signed = by_guardian(stage, loop.INTERIOR, "suspected")
    for event in (
        ngo.event("guardian-notified", case_id, {}),
        ngo.event("consent-recorded", case_id, signed),
    ):
        stage.must(
            loop.refused(stage, loop.NGO, event) == ["guardian-not-safe"],
            "a suspected guardian was told, or asked for consent",
        )
    stage.say("he is not told, and what he would sign is no consent")
    return case_id


def by_guardian(stage: Stage, recipient: str, status: str) -> dict[str, Any]:
    """A consent that a guardian gives for her."""
    signed = loop.consent(stage, ["hand-over", "referral"], [recipient])
    return {**signed, "given_by": "guardian", "guardian_status": status}


def by_law(stage: Stage, at_ngo: str) -> str:
    """Handed over without consent, and she is told so; the case id at the interior authority."""
    ngo, interior = stage.agency(loop.NGO), stage.agency(loop.INTERIOR)
    ngo.news("identification.hand-over-confirmed", lambda news: news["case_id"] == at_ngo)
    taken = {case_id for _, case_id in stage.cases[NAME]}
    news = interior.news(
        "identification.case-opened",
        lambda news: (
            news["facts"]["counted_by"] == loop.NGO
            and news["facts"]["majority"] == "child"
            and news["case_id"] not in taken
        ),
    )
    stage.remember(NAME, loop.INTERIOR, news["case_id"])
    ngo.tells("person-told", at_ngo, {"about": "hand-over-by-law"})
    stage.say("the child route needs no consent: handed over by law, and she is told so")
    return str(news["case_id"])


def told_of_her(stage: Stage, at_ngo: str) -> None:
    """One authority by a message, the other by telephone: both within the profile's hours."""
    ngo, education = stage.agency(loop.NGO), stage.agency(EDUCATION)
    news = education.news("identification.child-notification-received")
    stage.remember(NAME, EDUCATION, news["case_id"])
    stage.must(
        news["facts"]["guardian_request"] == "temporary-guardian",
        "the guardianship body was asked for somebody else",
    )
    stage.say("the guardianship body hears: a child, and a temporary guardian is asked for")
    ngo.tells("child-authority-told", at_ngo, {"agency_type": BY_PHONE})
    stage.say("the local executive has no node: told by telephone, on the same day")
    education.tells("representative-appointed", news["case_id"], TEMPORARY)


TEMPORARY = {"kind": "temporary-guardian", "guardian_status": "checked-and-safe"}


def protect(stage: Stage, at_interior: str) -> None:
    """Presumed: a measure protects her instead of a reflection period; first what is best."""
    interior = stage.agency(loop.INTERIOR)
    interior.tells("decision-recorded", at_interior, loop.decision("reasonable-grounds"))
    measure = {"measure": "child-centre"}
    too_early = interior.event("protection-measure-taken", at_interior, measure)
    stage.must(
        loop.refused(stage, loop.INTERIOR, too_early) == ["best-interests-missing"],
        "she could be placed before anybody asked what is best for her",
    )
    interior.tells("childs-view-recorded", at_interior, {"view": "agrees"})
    interior.tells("best-interests-recorded", at_interior, {"outcome": "in-care"})
    interior.tells("protection-measure-taken", at_interior, measure)
    stage.say("she was asked, her best interests are on record: then a measure protects her")
    interior.tells("representative-appointed", at_interior, TEMPORARY)
    interior.tells("guardian-notified", at_interior, {})


def place(stage: Stage, at_interior: str, need_id: str) -> tuple[str, str]:
    """The temporary guardian, who was checked, agrees; the centre for her age takes her."""
    interior, education = stage.agency(loop.INTERIOR), stage.agency(EDUCATION)
    pool_id = new_id()
    education.tells("capacity-reported", pool_id, {"pool_id": pool_id, **POOL})
    agreed = by_guardian(stage, EDUCATION, "checked-and-safe")
    interior.tells("consent-recorded", at_interior, agreed)
    asked = loop.request({need_id: SERVICE}, "urgent", audience_class="girls", language="be")
    interior.tells("referral-requested", at_interior, asked)
    task_id, case_id = loop.accept(stage, NAME, (loop.INTERIOR, EDUCATION), SERVICE)
    loop.expected_by(stage, (loop.INTERIOR, EDUCATION), task_id)
    stage.say("whoever asked sees until when she is expected, as the centre does")
    education.tells("person-arrived", case_id, {"task_id": task_id})
    interior.news("referral.task-started", lambda news: news["facts"]["need_id"] == need_id)
    stage.say("placed by age, 3 to 17: a socio-pedagogical centre has a bed, and she is there")
    return task_id, case_id


def decide(stage: Stage, at_interior: str) -> None:
    """Not sooner than for an adult."""
    stage.move_clock(BEFORE_A_DECISION)
    interior = stage.agency(loop.INTERIOR)
    interior.tells("decision-recorded", at_interior, loop.decision("conclusive"))


def stay(stage: Stage, task: tuple[str, str]) -> None:
    """A month before the limit of the profile a human is told; then she leaves."""
    task_id, case_id = task
    stage.move_clock(UNTIL_THE_ALARM)
    stage.until("the alarm of the stay", lambda: "stay-limit-near" in said(stage, case_id))
    stage.say("a month before the limit of six months the centre is told")
    education = stage.agency(EDUCATION)
    education.tells("person-departed", case_id, {"task_id": task_id})
    given = {"task_id": task_id, "unit": "night", "quantity": 156, "outcome": "need-met"}
    education.tells("service-delivered", case_id, given)


def said(stage: Stage, case_id: str) -> set[str]:
    """What the node said of a case, as an observer reads it."""
    return {
        record.attribute("type").removesuffix(".v1").rpartition(".")[2]
        for record in stage.bus.everything()
        if record.attribute("subject") == case_id
    }
