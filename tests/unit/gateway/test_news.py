"""What an agency's system hears without asking for each case."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import assistance, identification
from contracts.catalogue import type_of
from contracts.envelope import Contract
from services.gateway.disclosure.news import news_shown, news_told
from services.gateway.domain.news import emergencies_first, it_cannot_wait
from services.gateway.handlers.feeds import NO_NEWS_AFTER, feed_subscriptions, note_news

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


NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Told:
    """A feed that remembers what was put into it; the machine's clock stands at ``NOW``."""

    def __init__(self) -> None:
        self.feeds, self.clock = self, self
        self.entries: list[dict[str, Any]] = []

    def wall(self) -> datetime:
        return NOW

    async def append(self, _tx: object, _feed: str, entry: dict[str, Any]) -> None:
        self.entries.append(entry)


async def told_after(age: timedelta, business: timedelta = timedelta(0)) -> int:
    """How many news come of a follow-up that fell due so long before business time."""
    context, now = Told(), NOW + business
    envelope = SimpleNamespace(id="1", type="follow-up-due", time=now - age, subject="case")
    body = SimpleNamespace(model_dump=lambda mode: {"mode": mode})
    received = SimpleNamespace(envelope=envelope, body=body)
    work = SimpleNamespace(transaction=None, now=now)
    await note_news(cast(Any, context), cast(Any, received), cast(Any, work))
    return len(context.entries)


async def test_what_was_recorded_long_ago_rings_at_nobody_when_a_topic_is_read_afresh() -> None:
    assert await told_after(timedelta(days=400)) == 0
    assert await told_after(NO_NEWS_AFTER + timedelta(seconds=1)) == 0
    assert await told_after(NO_NEWS_AFTER) == 1


async def test_a_demonstration_that_lets_weeks_pass_makes_no_news_old() -> None:
    assert await told_after(timedelta(days=60), business=timedelta(days=90)) == 1
    assert await told_after(timedelta(hours=1), business=timedelta(days=-90)) == 1
    assert await told_after(timedelta(days=60), business=timedelta(days=-90)) == 0


@pytest.mark.parametrize("model", [identification.CaseEnded, identification.CaseVoided])
def test_the_gateway_hears_that_a_case_is_over(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


CONTRACT = "00000000-0000-4000-8000-000000000077"


@pytest.mark.parametrize("model", [assistance.ContractExhausted, assistance.ContractExceeded])
def test_news_of_a_contract_name_the_contract_and_no_case(model: type[Contract]) -> None:
    kind = type_of("assistance", model)
    assert kind in HEARD
    envelope = SimpleNamespace(id="1", type=kind, time=NOW, subject=CONTRACT)
    body = SimpleNamespace(
        model_dump=lambda mode: {"contract_id": CONTRACT, "service_type": "shelter", "funded": 3}
    )
    entry = news_told(cast(Any, envelope), cast(Any, body))
    assert entry["case_id"] is None
    shown = news_shown(entry, led_here=False)
    named = {name: told for name, told in shown.items() if told and name not in ("id", "told_at")}
    assert named == {
        "kind": kind.split(".")[3],
        "contract_id": CONTRACT,
        "service_type": "shelter",
    }
    late = type_of("assistance", assistance.ArrivalOverdue)
    of_a_case = SimpleNamespace(id="1", type=late, time=NOW, subject=CONTRACT)
    assert news_told(cast(Any, of_a_case), cast(Any, body))["case_id"] == CONTRACT


def test_numbers_that_another_agency_tells_are_news_of_no_case() -> None:
    kind = type_of("identification", identification.AnonymousNotificationReceived)
    assert kind in HEARD
    envelope = SimpleNamespace(id="1", type=kind, time=NOW, subject=CONTRACT)
    facts = {"notification_id": CONTRACT, "agency": "ngo-brest", "counts": []}
    body = SimpleNamespace(model_dump=lambda mode: facts)
    entry = news_told(cast(Any, envelope), cast(Any, body))
    shown = news_shown(entry, led_here=False)
    assert (entry["case_id"], shown["case_id"], shown["agency"]) == (None, None, "ngo-brest")
    assert CONTRACT not in str(shown)
