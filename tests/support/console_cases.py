"""Cases with much on record, and forms filled in, as the pages' tests need them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.identification.api.shown import (
    ChildShown,
    LetterShown,
    LinkShown,
    NoticeShown,
    QuestionnaireShown,
    RecordShown,
)
from tests.support.console_bench import NOW, a_case, told
from tests.support.console_registers import CODES, CONSENT

CHILD = UUID(int=0xC41D << 96 | 21, version=4)
"""A case of a child."""
SHORT = str(CHILD)[:8]
KNOWN: Mapping[str, Any] = {"majority": "believed-child", "majority_reasons": ["looks-young"]}


def a_child() -> ChildShown:
    """What is on record about a child."""
    return ChildShown(
        guardian_status="suspected",
        guardian_may_be_told=False,
        guardian_notified_at=None,
        best_interests="in-care",
        best_interests_at=NOW,
        childs_view="agrees",
        childs_view_at=NOW,
        measure="child-centre",
        measure_at=NOW,
        authorities_told=("education",),
        authorities_to_tell=("interior-affairs",),
    )


def a_record() -> RecordShown:
    """What else is on record."""
    return RecordShown(
        representative="temporary-guardian",
        representative_at=NOW,
        contact_lost_at=NOW,
        missing_at=NOW,
        officer_id=UUID(int=22, version=4),
        return_channel="consular",
        majority_reached_at=NOW,
    )


def notices_of_all_kinds() -> tuple[NoticeShown, ...]:
    """What was told by law or with consent."""
    return tuple(
        NoticeShown(
            notification_id=UUID(int=23 + n, version=4),
            case_id=CHILD,
            kind=kind,
            direction=direction,
            agency="ngo-brest",
            state=state,
            changed_at=NOW,
        )
        for n, (kind, direction, state) in enumerate(NOTICES)
    )


def a_childs_case(**changes: Any) -> dict[str, Any]:
    """A child who is missing, of which much is on record."""
    whole = a_case(
        case_id=CHILD,
        state="child-protection",
        codes={**CODES, **KNOWN},
        to_dos=("child-authority", "find-child", "oblast"),
        child=a_child(),
        record=a_record(),
        links=(LinkShown(case_id=UUID(int=12, version=4), kind="family"),),
        notices=notices_of_all_kinds(),
        questionnaires=(
            QuestionnaireShown(
                form="child-indicators",
                form_version="2026.1",
                recorded_at=NOW,
                answers={"debt": "yes"},
            ),
        ),
    )
    due = {
        "child_notification_due_at": (NOW - timedelta(hours=1)).isoformat(),
        "majority_review_at": (NOW + timedelta(days=20)).isoformat(),
        "no_decision_before": (NOW + timedelta(days=30)).isoformat(),
    }
    return {**whole, "clocks": {**whole["clocks"], **due}, **changes}


LETTERS = f"identification/v1/cases/{CHILD}/letters"
LETTERS_SAY = ("presumed", "identified", "not-presumed", "not-identified", "revoked")


def a_letter(**changes: Any) -> dict[str, Any]:
    """What a letter for the person says."""
    letter = LetterShown(
        kind="decision",
        says="presumed",
        until=None,
        decision_by=None,
        reconsider_until=None,
        reconsideration_working_days=None,
    )
    return told(letter.model_copy(update=changes))


def letters() -> dict[str, Any]:
    """Both letters of the child's case, by their places."""
    until = NOW + timedelta(days=30)
    return {
        f"{LETTERS}/stay": a_letter(kind="stay", says="stay", until=until),
        f"{LETTERS}/decision": a_letter(until=until, decision_by=until),
    }


NOTICES = (
    ("child-notification", "outgoing", "sent"),
    ("no-removal", "outgoing", "delivered"),
    ("no-removal", "incoming", "ended"),
    ("child-notification", "incoming", "received"),
    ("anonymous-notification", "outgoing", "failed"),
)
FILLED: Mapping[str, dict[str, str | list[str]]] = {
    "correct": {"exploitation": ["forced-labour"], "dependants": "2", "majority": "adult"},
    "screening": {
        "result": "indicators-found",
        "means": ["threats"],
        "sexual_forms": ["prostitution"],
        "recruiter_relation": "friend",
    },
    "decision": {"decision": "reasonable-grounds", "outcome": "positive"},
    "consent": {
        "purposes": ["referral"],
        "categories": ["coded-case", "needs"],
        "recipients": ["ngo-brest"],
        "expires_at": "2027-03-02",
        "language": "ru",
        "interpreter": "no",
        "given_by": "person",
    },
    "help-only": {"occurred_at": "2026-03-01T10:00"},
    "withdrawal": {"consent_id": CONSENT["consent_id"]},
    "restriction": {"recorded_for": "person", "agency_type": "interior-affairs"},
    "referral": {"needs": ["nursing-visit", "vocational"], "urgency": "routine"},
    "refusal": {"provider": "ngo-brest"},
    "more-time": {"reason": "serious-health"},
    "less-time": {"reason": "person-asked", "occurred_at": "2026-03-02T09:00"},
    "second-look": {"ground": "new-facts"},
    "revoke": {"ground": "obtained-by-deception", "second_authority": "ngo-brest"},
    "missing": {"missing": "yes"},
    "child-authority": {"agency_type": "education"},
    "guardian": {"guardian_status": "checked-and-safe"},
    "best-interests": {"outcome": "in-care"},
    "childs-view": {"view": "agrees"},
    "protection": {"measure": "child-centre", "emergency": "yes"},
    "guardian-told": {"occurred_at": "2026-03-02T09:00"},
    "age": {"majority": "believed-child", "majority_reasons": ["looks-young", "own-words"]},
    "of-age": {},
    "placement": {"outcome": "moves"},
    "contact": {"reachable": "no", "occurred_at": "2026-03-01T18:00"},
    "safe-contact": {"safe_channel": "in-person"},
    "dependants-came": {"added": "2"},
    "representative": {"kind": "guardian", "guardian_status": "suspected"},
    "person-told": {"about": "hand-over-by-law"},
    "return": {"channel": "consular"},
    "questionnaire": {"form": "first-questions", "debt": "yes", "threatened": "no"},
    "link": {"linked_case": str(CHILD), "kind": "family"},
    "take-over": {"reason": "workload"},
    "died": {"occurred_at": "2026-03-01T18:00"},
    "duplicate": {"into_case": SHORT},
    "close": {"reason": "other"},
    "in-error": {"reason": "other"},
}
"""By the form's word: what a case worker fills in."""
