"""Drafts: what may wait unsent, for how long, and what a request becomes of one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts import referral
from contracts.vocabulary import Profile, load_profile
from services.referral import disclosure
from services.referral.domain import drafts
from services.referral.domain.cases import CaseStatus
from services.referral.domain.drafts import Draft, keep_draft, next_notice
from services.referral.domain.facts import DraftEnded, DraftEndsSoon
from services.referral.domain.refusals import Refused
from tests.unit.referral.builders import NOW, a_case, a_need, a_request, an_id

PROFILE = load_profile("BY-draft")


def profile_with(**values: int) -> Profile:
    return replace(PROFILE, values={**PROFILE.values, **values})


def kept(profile: Profile = PROFILE, **changes: Any) -> Draft:
    asked = a_request(a_need(), **changes)
    draft = keep_draft(asked, a_case(), profile, already_there=False)
    assert isinstance(draft, Draft)
    return draft


def test_a_draft_is_kept_and_warned_of_as_long_as_the_profile_says() -> None:
    draft = kept(profile_with(draft_warning_days=5, draft_kept_days=9))
    assert (draft.warn_at, draft.ends_at) == (NOW + timedelta(days=5), NOW + timedelta(days=9))
    united_kingdom = kept(load_profile("UK"))
    assert united_kingdom.warn_at == NOW + timedelta(days=21)
    assert united_kingdom.ends_at == NOW + timedelta(days=28)


@pytest.mark.parametrize("name", ["BY-draft", "BG", "UK"])
def test_of_an_urgent_draft_people_are_told_when_an_agency_would_have_answered(name: str) -> None:
    profile = load_profile(name)
    draft = kept(profile, urgency="urgent")
    assert draft.warn_at == NOW + timedelta(hours=24)
    a_day, three_weeks = NOW + timedelta(hours=24), NOW + timedelta(days=21)
    assert next_notice(draft, a_day, profile) == kept(profile).warn_at == three_weeks
    assert next_notice(draft, three_weeks, profile) is None


def test_an_urgent_draft_that_is_gone_within_a_day_is_told_of_by_its_end_alone() -> None:
    short = profile_with(draft_warning_days=21, draft_kept_days=1)
    assert kept(short, urgency="urgent").warn_at is None


@pytest.mark.parametrize("warning", [9, 10])
def test_nobody_is_warned_of_an_end_when_it_is_there_already(warning: int) -> None:
    assert kept(profile_with(draft_warning_days=warning, draft_kept_days=9)).warn_at is None


AGAINST: list[tuple[dict[str, Any], dict[str, Any], bool, tuple[str, str | None]]] = [
    ({"urgency": "emergency"}, {}, False, ("not-as-a-draft", "urgency")),
    ({"needs": ()}, {}, False, ("needs-missing", "needs")),
    ({"needs": (a_need(), a_need())}, {}, False, ("need-repeated", "needs")),
    ({}, {"frozen": True}, False, ("case-frozen", None)),
    ({}, {"status": CaseStatus.CLOSED}, False, ("case-closed", None)),
    ({}, {}, True, ("request-exists", "request_id")),
]


@pytest.mark.parametrize(("request_", "case", "there", "against"), AGAINST)
def test_each_rule_alone_refuses_a_draft(
    request_: dict[str, Any], case: dict[str, Any], there: bool, against: tuple[str, str | None]
) -> None:
    asked = replace(a_request(a_need()), **request_)
    refused = keep_draft(asked, a_case(**case), PROFILE, already_there=there)
    assert isinstance(refused, Refused)
    assert [(reason.code, reason.field) for reason in refused.reasons] == [against]


@pytest.mark.parametrize("number", range(len(drafts.DRAFT_RULES)))
def test_without_a_rule_its_draft_would_be_kept(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = list(drafts.DRAFT_RULES)
    gone = rules.pop(number)
    monkeypatch.setattr(drafts, "DRAFT_RULES", tuple(rules))
    loaded = [
        changes
        for changes, case, there, _ in AGAINST
        if not case and not there
        if isinstance(
            keep_draft(
                replace(a_request(a_need()), **changes), a_case(), PROFILE, already_there=False
            ),
            Draft,
        )
    ]
    assert len(loaded) == 1, gone.__name__


def test_what_holds_a_request_back_holds_no_draft_back() -> None:
    place = a_need(service_type="shelter")
    asked = a_request(place, dependants=0)
    child = a_case(majority="child", best_interests_open=True, dependants=2)
    assert isinstance(keep_draft(asked, child, PROFILE, already_there=False), Draft)


def test_a_draft_becomes_the_request_that_was_written_of_the_case_that_goes_on() -> None:
    draft = kept(preferred=("ngo-brest",), access_needs=("step-free",))
    later, goes_on = NOW + timedelta(days=3), an_id("goes on")
    opened = draft.opened(goes_on, later)
    (need,) = opened.needs
    assert (opened.case_id, need.case_id, opened.opened_at) == (goes_on, goes_on, later)
    first = draft.request
    same = replace(opened, case_id=first.case_id, opened_at=first.opened_at, needs=first.needs)
    assert same == first


def test_what_is_told_of_a_draft_is_its_number_and_a_time() -> None:
    soon = DraftEndsSoon(request_id=an_id("draft"), ends_at=NOW)
    assert disclosure.body_of_fact(soon) == referral.DraftEndNear(
        request_id=an_id("draft"), ends_at=NOW
    )
    ended = DraftEnded(request_id=an_id("draft"), at=NOW)
    assert disclosure.body_of_fact(ended) == referral.DraftEnded(
        request_id=an_id("draft"), happened_at=NOW
    )
    told = (referral.DraftEndNear, referral.DraftEnded)
    assert {name for model in told for name in model.model_fields} == {
        *("request_id", "ends_at", "happened_at")
    }
