"""Forms of a case that are their contracts' own questions: decisions, time, everyday, the child.

Each is a few codes; what a code list does not hold goes into the safe, never into a form.
"""

from collections.abc import Mapping
from typing import Any, Final

from console.desk import Visit
from console.forms import NO
from console.pages.asking import id_of_officer
from console.pages.fields import Fields, choice
from console.pages.sheets import A_CASE, Ask, Body, Sheet, Thing, asks, out_of_contract
from contracts.vocabulary import code_lists

NEXT: Final = "next-steps"
RECOVERY: Final = "recovery"
CHILD: Final = "child-route"
EVERYDAY: Final = "everyday"
CORRECTIONS: Final = "corrections"
QUESTIONS: Final = "question"
OPEN: Final = ("detected", "screening", "helped-without-identification")
"""States in which nobody has decided yet."""
NAMED: Final[Mapping[str, Any]] = {"required": True}


def plain(word: str, happened: str, group: str, fields: Ask | None = None, **more: Any) -> Sheet:
    """A sheet of a case; its questions are the contract's where none are given."""
    ask = fields or out_of_contract(happened)
    return Sheet(word=word, happened=happened, about=A_CASE, group=group, fields=ask, **more)


def _is_in(*states: str) -> Any:
    return lambda case: case["state"] in states


def _is_child(case: Thing) -> bool:
    return case["child"] is not None


def _may_be_decided(case: Thing) -> bool:
    """In a case of another harm a first decision is refused: its form is not in the way."""
    return not case["not_of_trafficking"]


def _may_choose_help_alone(case: Thing) -> bool:
    """Nothing is decided, no child, no offer waits elsewhere, and the choice is not made yet.

    Of one that was taken elsewhere the service knows whether it was let go again.
    """
    with_others = any(
        one["direction"] == "outgoing" and one["state"] == "offered" for one in case["hand_overs"]
    )
    chosen = case["help_reason"] == "person-chose"
    return case["state"] in OPEN and not (_is_child(case) or with_others or chosen)


def _came_of_age(case: Thing) -> bool:
    return "placement-review" in case["to_dos"]


def _body_of_answers(visit: Visit, _case: Thing, body: Body) -> Body:
    """The answers that were given, in the order of the list; open ones are left out."""
    said = [
        {"question": code, "answer": body.pop(code)}
        for code in code_lists()[QUESTIONS].codes
        if code in body
    ]
    return body | {"form_version": visit.desk.settings.questions_version, "answers": said}


async def _questionnaire(visit: Visit, case: Thing) -> Fields:
    """Every question of the list, answered by yes, no or not yet known."""
    asked = (
        choice(code, "yes-no", named=(QUESTIONS, code)) for code in code_lists()[QUESTIONS].codes
    )
    around = await out_of_contract("questionnaire-recorded")(visit, case)
    return (around[0], *asked, *around[1:])


def _taken_over(visit: Visit, _case: Thing, body: Body) -> Body:
    return body | {"officer_id": str(id_of_officer(visit.session.caller.name))}


DECISIONS: Final[tuple[Sheet, ...]] = (
    plain(
        "screening",
        "screening-recorded",
        NEXT,
        out_of_contract(
            "screening-recorded", also_found={"text": "also-found", "hint": "also-found-hint"}
        ),
    ),
    plain(
        "decision",
        "decision-recorded",
        NEXT,
        out_of_contract(
            "decision-recorded",
            reasons={"hint": "reasons-hint"},
            person_asked_early={"text": "asked-early", "given": (NO,)},
        ),
        fits=_may_be_decided,
        clocks=(
            "reasonable_grounds_due_at",
            "no_decision_before",
            "conclusive_due_at",
            "reconsideration_due_at",
        ),
    ),
    plain(
        "help-only",
        "identification-declined",
        NEXT,
        fits=_may_choose_help_alone,
        clocks=("reasonable_grounds_due_at",),
        stops=True,
    ),
)
TIME: Final[tuple[Sheet, ...]] = (
    plain(
        "more-time",
        "reflection-extended",
        RECOVERY,
        fits=_is_in("reflection"),
        clocks=("reflection_review_at", "reflection_ends_at", "conclusive_due_at"),
    ),
    plain(
        "less-time",
        "reflection-ended-early",
        RECOVERY,
        fits=_is_in("reflection"),
        clocks=("reflection_ends_at", "conclusive_due_at"),
        stops=True,
    ),
    plain(
        "second-look",
        "reconsideration-asked",
        RECOVERY,
        fits=_is_in("not-presumed", "not-identified"),
        clocks=("reconsider_until",),
    ),
    plain(
        "revoke",
        "identification-revoked",
        RECOVERY,
        fits=_is_in("identified"),
        stops=True,
    ),
)
THE_CHILD: Final[tuple[Sheet, ...]] = (
    plain(
        "missing",
        "child-missing",
        CHILD,
        out_of_contract("child-missing", missing={"text": "is-missing"}),
        fits=_is_child,
    ),
    plain(
        "child-authority",
        "child-authority-told",
        CHILD,
        fits=_is_child,
        clocks=("child_notification_due_at",),
    ),
    plain(
        "guardian",
        "case-corrected",
        CHILD,
        asks(choice("guardian_status", "guardian-status", required=True)),
        fits=_is_child,
    ),
    plain("best-interests", "best-interests-recorded", CHILD, fits=_is_child),
    plain("childs-view", "childs-view-recorded", CHILD, fits=_is_child),
    plain("protection", "protection-measure-taken", CHILD, fits=_is_child),
    plain("guardian-told", "guardian-notified", CHILD, fits=_is_child),
    plain(
        "age",
        "case-corrected",
        CHILD,
        out_of_contract(
            "case-corrected",
            only=("majority", "majority_reasons"),
            majority=NAMED,
            majority_reasons={"hint": "majority-reasons-hint"},
        ),
        clocks=("majority_review_at",),
    ),
    plain("of-age", "majority-reached", CHILD, fits=_is_child),
    plain("placement", "placement-reviewed", CHILD, fits=_came_of_age),
)
DAYS: Final[tuple[Sheet, ...]] = (
    plain("contact", "contact-changed", EVERYDAY),
    plain("safe-contact", "safe-contact-changed", EVERYDAY),
    plain("dependants-came", "dependants-added", EVERYDAY),
    plain(
        "representative",
        "representative-appointed",
        EVERYDAY,
        out_of_contract("representative-appointed", guardian_status={"hint": "guardian-hint"}),
    ),
    plain("person-told", "person-told", EVERYDAY),
    plain("return", "return-recorded", EVERYDAY),
    plain(
        "questionnaire", "questionnaire-recorded", EVERYDAY, _questionnaire, body=_body_of_answers
    ),
    plain("link", "case-linked", EVERYDAY),
    plain("take-over", "ownership-transferred", EVERYDAY, body=_taken_over),
)
ENDS: Final[tuple[Sheet, ...]] = (
    plain("died", "person-died", CORRECTIONS, stops=True),
    plain("duplicate", "duplicate-found", CORRECTIONS, stops=True),
    plain("close", "case-closed", CORRECTIONS, stops=True),
    plain("in-error", "case-entered-in-error", CORRECTIONS, stops=True),
)
