"""`no-removal`: a foreign citizen, until she is identified; who could remove her hears just that.

The interior authority presumes her. Until she agrees, the agency for citizenship and migration
hears nothing; then "no removal" under a reference of its own, and that it ended. It never learns
who she is, what happened, who helps her, or that there was a decision.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from deploy.demo.databases import Databases
from deploy.demo.observer import databases_of
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop

NAME = "no-removal"
MIGRATION = "migration-minsk"
SERVICE = "nursing-visit"
A_NAME = "Ileana Invented-Cojocaru"
IDENTITY = {"names": [{"full": A_NAME, "script": "Latn"}], "birth_year": 1995}
CODES = {
    "oblast": "BY-BR",
    "citizenship": "MD",
    "country_of_exploitation": "BY",
    "exploitation": ["forced-labour"],
    "industry": "C",
    "consent_outcome": "given",
    "language": "ru",
    "audience_class": "women",
}
UNTIL_THE_END = timedelta(days=31)


def tell(stage: Stage) -> None:
    """Tell it."""
    interior, migration = stage.agency(loop.INTERIOR), stage.agency(MIGRATION)
    case_id = presumed(stage)
    before = {news["case_id"] for news in migration.heard("identification.removal-forbidden")}
    help_her(stage, case_id)
    stage.must(
        not heard_of(stage, case_id), "migration heard something before she had agreed to it"
    )
    stage.say("she has a nurse and time to recover; migration has heard nothing of her")
    interior.tells("consent-recorded", case_id, only_that(stage))
    news = migration.news(
        "identification.removal-forbidden", lambda news: news["case_id"] not in before
    )
    stage.remember(NAME, MIGRATION, news["case_id"])
    interior.news("identification.no-removal-told", lambda news: news["case_id"] == case_id)
    stage.say(f"she agrees that {MIGRATION} hears one thing: no removal")
    stage.move_clock(UNTIL_THE_END)
    interior.news("identification.reflection-ended", lambda news: news["case_id"] == case_id)
    stage.say("her time to recover is over; nobody has decided, so she still may not be removed")
    interior.tells("decision-recorded", case_id, loop.decision("conclusive"))
    migration.news(
        "identification.removal-not-forbidden",
        lambda ended: ended["case_id"] == news["case_id"],
    )
    stage.say("she is identified, and that is over")
    found = heard_of(stage, case_id)
    stage.must(not found, f"migration holds more of her: {', '.join(found)}")
    stage.say("no id, code or name of her is in migration's databases")


def presumed(stage: Stage) -> str:
    """Met and presumed by the interior authority: the reflection period runs."""
    interior, case_id = stage.agency(loop.INTERIOR), stage.new_case(NAME, loop.INTERIOR)
    stage.say("a woman from abroad leaves a workshop without her papers; she is presumed")
    interior.put_person(case_id, IDENTITY)
    interior.tells("person-detected", case_id, loop.detection(loop.INTERIOR, **CODES))
    interior.tells("decision-recorded", case_id, loop.decision("reasonable-grounds"))
    return case_id


def help_her(stage: Stage, case_id: str) -> None:
    """Help waits neither for a decision nor for the other authority."""
    interior, need_id = stage.agency(loop.INTERIOR), new_id()
    agreed = loop.consent(stage, ["referral"], [loop.REDCROSS])
    interior.tells("consent-recorded", case_id, agreed)
    interior.tells("referral-requested", case_id, loop.request({need_id: SERVICE}, "routine"))
    task = loop.accept(stage, NAME, (loop.INTERIOR, loop.REDCROSS), SERVICE)
    loop.deliver(stage, loop.REDCROSS, task, ("visit", 2))
    loop.loop_closed(stage, loop.INTERIOR, need_id)


def only_that(stage: Stage) -> dict[str, Any]:
    """A consent for this one purpose and category, to this one agency."""
    agreed = loop.consent(stage, ["no-removal"], [MIGRATION])
    return {**agreed, "categories": ["no-removal"]}


def heard_of(stage: Stage, case_id: str) -> list[str]:
    """Tables of migration's node that hold her name, her case elsewhere, or a code of it."""
    elsewhere = [each for node, each in stage.cases[NAME] if node != MIGRATION]
    words = [A_NAME, "forced-labour", SERVICE, "reasonable-grounds", *elsewhere, case_id]
    return Databases(stage.state).tables_that_hold(databases_of(stage)[MIGRATION], words)
