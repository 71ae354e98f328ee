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
OFFICERS: Final = frozenset({"case-officer"})
READERS: Final = frozenset({"case-officer", "supervisor"})
PROVIDERS: Final = frozenset({"provider-intake", "duty-officer"})
NURSES: Final = frozenset({"provider-intake"})
CLERKS: Final = frozenset({"capacity-clerk"})
CAPACITY_READERS: Final = frozenset({"capacity-clerk", "provider-intake", "supervisor"})

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
        ("GET", "/offers"): PROVIDERS,
        ("POST", "/offers/{task_id}/open"): PROVIDERS,
        ("GET", "/offers/{task_id}"): PROVIDERS,
        ("POST", "/offers/{task_id}/accept"): PROVIDERS,
        ("GET", "/offers/{task_id}/decline"): PROVIDERS,
        ("POST", "/offers/{task_id}/decline"): PROVIDERS,
        ("GET", "/help"): NURSES,
        ("GET", "/help/{task_id}"): NURSES,
        ("POST", "/help/{task_id}"): NURSES,
        ("POST", "/help/{task_id}/pause"): NURSES,
        ("POST", "/help/{task_id}/resume"): NURSES,
        ("GET", "/capacity"): CAPACITY_READERS,
        ("GET", "/capacity/new"): CLERKS,
        ("POST", "/capacity/new"): CLERKS,
        ("GET", "/capacity/{pool_id}"): CLERKS,
        ("POST", "/capacity/{pool_id}"): CLERKS,
        ("GET", "/detect"): DETECTORS,
        ("POST", "/detect"): DETECTORS,
        ("GET", "/cases"): READERS,
        ("GET", "/cases/{case_id}"): READERS,
        ("POST", "/cases/{case_id}/person"): OFFICERS,
        ("POST", "/cases/{case_id}/person/keep"): OFFICERS,
        ("GET", "/requests/{request_id}"): READERS,
        ("GET", "/requests/{request_id}/{need_id}/choose"): OFFICERS,
        ("POST", "/requests/{request_id}/{need_id}/choose"): OFFICERS,
        ("GET", "/requests/{request_id}/{need_id}/cancel"): OFFICERS,
        ("POST", "/requests/{request_id}/{need_id}/cancel"): OFFICERS,
        ("GET", "/cases/{case_id}/refusal"): OFFICERS,
        ("POST", "/cases/{case_id}/refusal"): OFFICERS,
        ("GET", "/cases/{case_id}/correct"): OFFICERS,
        ("POST", "/cases/{case_id}/correct"): OFFICERS,
        ("GET", "/cases/{case_id}/screening"): OFFICERS,
        ("POST", "/cases/{case_id}/screening"): OFFICERS,
        ("GET", "/cases/{case_id}/decision"): OFFICERS,
        ("POST", "/cases/{case_id}/decision"): OFFICERS,
        ("GET", "/cases/{case_id}/consent"): OFFICERS,
        ("POST", "/cases/{case_id}/consent"): OFFICERS,
        ("GET", "/cases/{case_id}/withdrawal"): OFFICERS,
        ("POST", "/cases/{case_id}/withdrawal"): OFFICERS,
        ("GET", "/cases/{case_id}/restriction"): OFFICERS,
        ("POST", "/cases/{case_id}/restriction"): OFFICERS,
        ("GET", "/cases/{case_id}/referral"): OFFICERS,
        ("POST", "/cases/{case_id}/referral"): OFFICERS,
        ("GET", "/cases/{case_id}/close"): OFFICERS,
        ("POST", "/cases/{case_id}/close"): OFFICERS,
        ("GET", "/cases/{case_id}/in-error"): OFFICERS,
        ("POST", "/cases/{case_id}/in-error"): OFFICERS,
    }
)


def is_open_to(allowed: frozenset[str], roles: frozenset[str]) -> bool:
    """Whether somebody who is signed in with these roles may open a page."""
    return bool(allowed & (ANYBODY | SIGNED_IN | roles))
