"""Which page is for whom. What is not listed is shut, and fails the start.

The services decide once more, with the person's own token: this table keeps people from doors that
would not open. Pure: no request, no session.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ANYBODY: Final = frozenset({"anybody"})
SIGNED_IN: Final = frozenset({"signed-in"})
COVERED: Final = frozenset({"signed-in", "covered"})
"""Also while the screen is covered."""

DETECTORS: Final = frozenset({"detector", "case-officer"})
PRIVACY_OFFICERS: Final = frozenset({"data-protection-officer"})
OFFICERS: Final = frozenset({"case-officer"})
SUPERVISORS: Final = frozenset({"supervisor"})
READERS: Final = frozenset({"case-officer", "supervisor"})
PROVIDERS: Final = frozenset({"provider-intake", "duty-officer"})
NURSES: Final = frozenset({"provider-intake"})
HELPERS: Final = NURSES | OFFICERS
"""Who sees what is given here: a case officer asks others for the person (onward)."""
CLERKS: Final = frozenset({"capacity-clerk"})
CAPACITY_READERS: Final = frozenset({"capacity-clerk", "provider-intake", "supervisor"})

CASE_FORMS: Final = (
    *("consent", "referral", "screening", "decision", "help-only"),
    *("restriction", "refusal", "withdrawal"),
    *("more-time", "less-time", "second-look", "revoke"),
    *("missing", "child-authority", "guardian", "best-interests", "childs-view", "protection"),
    *("guardian-told", "age", "of-age", "placement"),
    *("contact", "safe-contact", "dependants-came", "representative", "person-told", "return"),
    *("questionnaire", "link", "take-over"),
    *("correct", "died", "duplicate", "close", "in-error"),
)
"""The forms about one case, by the last word of the address."""
HELP_FORMS: Final = (
    *("arrived", "departed", "extend", "place-assigned", "no-show", "schedule", "end-early"),
    *("leave", "plan"),
)
DRAFT_FORMS: Final = ("send-draft", "drop-draft")
SECOND_FORMS: Final = ("unlink",)
"""What a supervisor says as the second person."""
ONWARD_FORMS: Final = ("onward-consent", "onward")
PLAN_FORMS: Final = ("redraft", "advance", "follow-up", "asked-after")
LASTING_FORMS: Final = ("departed",)
NEW_CONTRACT_FORMS: Final = ("record-contract",)
CONTRACT_FORMS: Final = ("change-contract",)
POOL_FORMS: Final = ("close-places",)
HOLDERS: Final = PRIVACY_OFFICERS | SUPERVISORS
HOLD_FORMS: Final = ("place-hold", "confirm-hold")
SECOND_HOLD_FORMS: Final = ("lift-hold",)
"""What a supervisor says of a legal hold: whoever destroys afterwards is somebody else."""
FORMS: Final[Mapping[str, tuple[tuple[str, ...], frozenset[str]]]] = MappingProxyType(
    {
        "/cases/{case_id}": (CASE_FORMS, OFFICERS),
        "/cases/{case_id}/drafts/{request_id}": (DRAFT_FORMS, OFFICERS),
        "/help/{task_id}": (HELP_FORMS, NURSES),
        "/help/{task_id}/plans/{plan_id}": (PLAN_FORMS, NURSES),
        "/stays/{task_id}": (LASTING_FORMS, NURSES),
        "/capacity/{pool_id}": (POOL_FORMS, CLERKS),
        "/contracts": (NEW_CONTRACT_FORMS, SUPERVISORS),
        "/contracts/{contract_id}": (CONTRACT_FORMS, SUPERVISORS),
        "/holds/{case_id}": (HOLD_FORMS, HOLDERS),
    }
)
"""Where a thing stands -> the forms about it, by the last word of the address, and whose."""

PAGES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("GET", "/health/live"): ANYBODY,
        ("GET", "/health/ready"): ANYBODY,
        ("GET", "/assets/{name}"): ANYBODY,
        ("GET", "/sign-in"): ANYBODY,
        ("POST", "/sign-in"): ANYBODY,
        ("GET", "/leave"): ANYBODY,
        ("GET", "/locked"): COVERED,
        ("POST", "/locked"): COVERED,
        ("POST", "/sign-out"): COVERED,
        ("POST", "/language"): COVERED,
        ("GET", "/"): SIGNED_IN,
        ("GET", "/news"): READERS | PROVIDERS | PRIVACY_OFFICERS,
        ("GET", "/offers"): PROVIDERS,
        ("POST", "/offers/{task_id}/open"): PROVIDERS,
        ("GET", "/offers/{task_id}"): PROVIDERS,
        ("POST", "/offers/{task_id}/accept"): PROVIDERS,
        ("GET", "/offers/{task_id}/decline"): PROVIDERS,
        ("POST", "/offers/{task_id}/decline"): PROVIDERS,
        ("GET", "/help"): HELPERS,
        ("GET", "/help/{task_id}"): HELPERS,
        ("POST", "/help/{task_id}"): NURSES,
        ("POST", "/help/{task_id}/pause"): NURSES,
        ("POST", "/help/{task_id}/resume"): NURSES,
        ("GET", "/help/{task_id}/plans/{plan_id}"): NURSES,
        ("GET", "/stays"): NURSES,
        ("GET", "/contracts"): CAPACITY_READERS,
        ("GET", "/contracts/{contract_id}/statement"): SUPERVISORS,
        ("POST", "/contracts/{contract_id}/statement"): SUPERVISORS,
        ("GET", "/capacity"): CAPACITY_READERS,
        ("GET", "/capacity/new"): CLERKS,
        ("POST", "/capacity/new"): CLERKS,
        ("GET", "/capacity/{pool_id}"): CLERKS,
        ("POST", "/capacity/{pool_id}"): CLERKS,
        ("GET", "/detect"): DETECTORS,
        ("POST", "/detect"): DETECTORS,
        ("GET", "/cases"): READERS,
        ("GET", "/cases/{case_id}"): READERS,
        ("GET", "/notices"): READERS,
        ("GET", "/cases/{case_id}/letter"): OFFICERS,
        ("GET", "/cases/{case_id}/letter/decision"): OFFICERS,
        ("POST", "/cases/{case_id}/person"): OFFICERS,
        ("POST", "/cases/{case_id}/person/keep"): OFFICERS,
        ("GET", "/holds"): HOLDERS,
        ("POST", "/holds"): HOLDERS,
        ("POST", "/holds/{case_id}/destroy"): PRIVACY_OFFICERS,
        ("GET", "/holds/{case_id}"): READERS | PRIVACY_OFFICERS,
        ("GET", "/holds/{case_id}/audit"): PRIVACY_OFFICERS,
        ("GET", "/holds/{case_id}/disclosures"): READERS | PRIVACY_OFFICERS,
        ("GET", "/requests/{request_id}"): READERS,
        ("GET", "/requests/{request_id}/{need_id}/choose"): OFFICERS,
        ("POST", "/requests/{request_id}/{need_id}/choose"): OFFICERS,
        ("GET", "/requests/{request_id}/{need_id}/cancel"): OFFICERS,
        ("POST", "/requests/{request_id}/{need_id}/cancel"): OFFICERS,
        ("GET", "/requests/{request_id}/{need_id}/leave"): OFFICERS,
        ("POST", "/requests/{request_id}/{need_id}/leave"): OFFICERS,
        **{
            (method, f"{place}/{word}"): allowed
            for place, (words, allowed) in FORMS.items()
            for word in words
            for method in ("GET", "POST")
        },
        **{
            (method, f"/cases/{{case_id}}/{word}"): SUPERVISORS
            for word in SECOND_FORMS
            for method in ("GET", "POST")
        },
        **{
            (method, f"/holds/{{case_id}}/{word}"): SUPERVISORS
            for word in SECOND_HOLD_FORMS
            for method in ("GET", "POST")
        },
        **{
            (method, f"/help/{{task_id}}/{word}"): OFFICERS
            for word in ONWARD_FORMS
            for method in ("GET", "POST")
        },
    }
)


def is_open_to(allowed: frozenset[str], roles: frozenset[str]) -> bool:
    """Whether somebody who is signed in with these roles may open a page."""
    return bool(allowed & (ANYBODY | SIGNED_IN | roles))
