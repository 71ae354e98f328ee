"""Onward referral: who helps asks others for the person, by a request and a consent of its own.

Both are of the case that came here with the task, and for a case officer. Who referred the person
hears of it only where the consent names the category for that; no page tells it.
"""

from dataclasses import replace
from typing import Final

from console.desk import Visit
from console.pages.asking import read_task
from console.pages.case_forms.special import CONSENT, REFERRAL
from console.pages.fields import Fields, choice
from console.pages.sheets import About, Ids, Sheet, Thing

GROUP: Final = "onward"
RUNS: Final = ("accepted", "in-progress", "on-hold")
"""While a task is so, whoever has it may ask others for the person."""
ADULT: Final = "adult"
TOLD: Final = ("language", "audience_class", "dependants")
"""What came with the task and goes into a request of our own before anybody changed it."""


async def _read(visit: Visit, ids: Ids) -> Thing:
    task = await read_task(visit, ids["task_id"])
    return {**task, "codes": {name: task[name] for name in TOLD}}


def _runs(task: Thing) -> bool:
    return task["state"] in RUNS


async def _asked(visit: Visit, task: Thing) -> Fields:
    """As for a case of our own; for a child also what is best for it, as its record is not here."""
    fields = await REFERRAL.fields(visit, task)
    if task["majority"] == ADULT:
        return fields
    return (
        *fields,
        choice("best_interests", "best-interests", hint="onward-best-interests", nothing="choose"),
    )


A_TASK: Final = About(
    place="/help/{task_id}",
    read=_read,
    called=lambda words, task: words.label("service-type", task["service_type"]),
    clocks=lambda _task: [],
)
ONWARD_FORMS: Final[tuple[Sheet, ...]] = (
    replace(CONSENT, word="onward-consent", about=A_TASK, group=GROUP, fits=_runs),
    replace(
        REFERRAL,
        word="onward",
        about=A_TASK,
        group=GROUP,
        fits=_runs,
        fields=_asked,
        other_way="",  # a draft stands on the page of a case, and the sender's is not here
    ),
)
