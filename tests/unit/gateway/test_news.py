"""What an agency's system hears without asking for each case."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import identification
from contracts.catalogue import type_of
from contracts.envelope import Contract
from services.gateway.domain.news import emergencies_first, it_cannot_wait
from services.gateway.handlers.feeds import feed_subscriptions

HEARD = feed_subscriptions(cast(Any, None)).handlers


@pytest.mark.parametrize(
    "model",
    [
        identification.ChildNotificationReceived,
        identification.RemovalForbidden,
        identification.RemovalNotForbidden,
    ],
)
def test_what_another_agency_tells_by_law_is_news_where_it_arrives(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


@pytest.mark.parametrize(
    "model",
    [
        identification.ChildNotificationFailed,
        identification.ChildNotificationOverdue,
        identification.NoRemovalTold,
        identification.NoRemovalNotSent,
    ],
)
def test_that_an_authority_was_told_or_could_not_be_is_news(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


@pytest.mark.parametrize("model", [identification.ChildMissing, identification.ChildFound])
def test_that_a_child_is_missing_or_was_found_is_news(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


def an_entry(case_id: str, word: str = "org.nrm.referral.task-seen.v1", **facts: Any) -> Any:
    return {"case_id": case_id, "type": word, "facts": facts}


MISSING = "org.nrm.identification.child-missing.v1"
FOUND = "org.nrm.identification.child-found.v1"


def test_a_missing_child_and_what_cannot_wait_come_first_on_a_page() -> None:
    plain, blank = an_entry("one"), an_entry("two", "")
    danger, soon = an_entry("three", immediate_danger=True), an_entry("four", urgency="emergency")
    child, safe = an_entry("five", MISSING), an_entry("six", immediate_danger=False)
    page = [plain, blank, danger, safe, soon, child]
    assert emergencies_first(page) == [danger, soon, child, plain, blank, safe]


def test_within_a_case_nothing_overtakes_anything() -> None:
    plain = an_entry("one")
    opened, away = an_entry("girl"), an_entry("girl", MISSING)
    back, again = an_entry("girl", FOUND), an_entry("girl", MISSING)
    later = an_entry("girl", FOUND)
    page = [plain, opened, away, back, again, plain, later]
    assert emergencies_first(page) == [opened, away, back, again, plain, plain, later]


@given(
    st.lists(
        st.builds(
            an_entry,
            st.sampled_from("abc"),
            st.sampled_from([MISSING, FOUND, "org.nrm.referral.offer-received.v1"]),
            urgency=st.sampled_from(["emergency", "routine"]),
        ),
        max_size=12,
    )
)
def test_no_order_loses_an_entry_or_the_order_of_a_case(page: list[Any]) -> None:
    for place, entry in enumerate(page):
        entry["facts"]["place"] = place
    ordered = emergencies_first(page)
    assert sorted(each["facts"]["place"] for each in ordered) == list(range(len(page)))
    for case_id in "abc":
        own = [each["facts"]["place"] for each in ordered if each["case_id"] == case_id]
        assert own == sorted(own)
    last = max((n for n, each in enumerate(ordered) if it_cannot_wait(each)), default=-1)
    for place, entry in enumerate(ordered[: last + 1]):
        later = ordered[place : last + 1]
        assert any(it_cannot_wait(each) and each["case_id"] == entry["case_id"] for each in later)
