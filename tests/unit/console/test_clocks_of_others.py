"""A page shows each clock that runs at another agency, by when it is due, and nothing beside it."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from console.words import Words
from contracts.vocabulary import LANGUAGES, code_lists
from services.identification.api.shown import HandOverShown
from tests.support.console_bench import (
    CASE,
    NOW,
    TASK,
    Bench,
    a_case,
    a_request,
    a_sent_task,
    a_task,
)

DUE = NOW + timedelta(days=3)
MINSK = ZoneInfo("Europe/Minsk")
STATES = code_lists()["identification-state"]


def handed_over(direction: str, status: str | None, **changes: Any) -> dict[str, Any]:
    """A case that was detected here and works on elsewhere, or the other way round."""
    hand_over = HandOverShown(
        offer_id=TASK,
        direction=direction,
        agency="interior-brest",
        state="confirmed",
        reason=None,
        hand_over_reference=None,
        changed_at=NOW,
        sender_not_told=False,
        decision_clock=status,
        decision_due_at=DUE if status in ("running", "passed") else None,
    )
    return a_case(state="detected", origin="detected", hand_overs=(hand_over,), **changes)


async def case_page(bench: Bench, language: str = "en") -> str:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    return (await bench.browser.get(f"/cases/{CASE}")).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ["running", "passed", "over", "not-told"])
async def test_who_handed_a_case_over_sees_the_clock_of_the_first_decision(
    bench: Bench, status: str, language: str
) -> None:
    shown = handed_over("outgoing", status)
    bench.node.shows[f"identification/v1/cases/{CASE}"] = {**shown, "clocks": None}
    page = await case_page(bench, language)
    listed = code_lists()["clock-status"]
    assert listed.label(status, language) in page
    assert listed.title.in_language(language) in page
    due = Words(language, MINSK).moment(DUE)
    assert (due in page) == (status in ("running", "passed"))
    for decided in ("presumed", "not-presumed", "identified", "not-identified"):
        assert f">{STATES.label(decided, language)}<" not in page


async def test_who_took_it_over_sees_what_the_other_agency_was_told(bench: Bench) -> None:
    bench.node.shows[f"identification/v1/cases/{CASE}"] = handed_over("incoming", "over")
    page = await case_page(bench)
    assert "They were told of the first decision" in page
    assert code_lists()["clock-status"].label("over", "en") in page


async def test_a_hand_over_without_a_clock_says_nothing_of_one(bench: Bench) -> None:
    bench.node.shows[f"identification/v1/cases/{CASE}"] = handed_over("outgoing", None)
    page = await case_page(bench)
    assert code_lists()["clock-status"].title.in_language("en") not in page


async def test_who_asked_sees_until_when_the_provider_looks_for_a_place(bench: Bench) -> None:
    looking = a_sent_task(state="accepting", hold_until=NOW + timedelta(minutes=15))
    request = a_request(tasks=[looking])
    bench.node.shows["referral/v1/requests"] = [request]
    bench.node.shows[f"referral/v1/requests/{TASK}"] = request
    pages = [await case_page(bench), (await bench.browser.get(f"/requests/{TASK}")).text]
    for page in pages:
        assert "A place is kept or not by" in page
        assert "Answer by" in page
        assert "Being accepted" in page


EXPECTED = {"arrive_by": DUE, "starts_at": DUE - timedelta(days=1)}


def says_when(page: str, language: str) -> set[str]:
    """Which of the provider's clocks the page names, with its time."""
    words = Words(language, MINSK)
    named = {name: words.text(name.replace("_", "-")) for name in EXPECTED}
    return {
        name for name, at in EXPECTED.items() if named[name] in page and words.moment(at) in page
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["accepted", "in-progress"])
async def test_who_asked_sees_until_when_somebody_is_expected_and_when_help_begins(
    bench: Bench, state: str, language: str
) -> None:
    request = a_request(tasks=[a_sent_task(state=state, **EXPECTED)])
    bench.node.shows["referral/v1/requests"] = [request]
    bench.node.shows[f"referral/v1/requests/{TASK}"] = request
    pages = [await case_page(bench, language), (await bench.browser.get(f"/requests/{TASK}")).text]
    for page in pages:
        assert says_when(page, language) == (set(EXPECTED) if state == "accepted" else set())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("state", "named", "clock"),
    [
        ("offered", "they-open-by", "seen_by"),
        ("delivered", "they-open-by", "seen_by"),
        ("seen", None, "seen_by"),
        ("accepted", "start-by", "start_by"),
        ("in-progress", None, "start_by"),
    ],
)
async def test_who_asked_sees_by_when_it_is_to_be_opened_and_help_to_begin(
    bench: Bench, state: str, named: str | None, clock: str, language: str
) -> None:
    both: dict[str, Any] = {"seen_by": None, "start_by": None}
    request = a_request(tasks=[a_sent_task(state=state, **both | {clock: DUE})])
    bench.node.shows["referral/v1/requests"] = [request]
    bench.node.shows[f"referral/v1/requests/{TASK}"] = request
    words = Words(language, MINSK)
    texts = {name: words.text(name) for name in ("they-open-by", "start-by")}
    pages = [await case_page(bench, language), (await bench.browser.get(f"/requests/{TASK}")).text]
    for page in pages:
        assert [name for name, text in texts.items() if text in page] == ([named] if named else [])
        assert (words.moment(DUE) in page) == bool(named)


@pytest.mark.parametrize("state", ["accepted", "in-progress"])
async def test_who_was_asked_sees_the_same_times(bench: Bench, state: str) -> None:
    bench.node.shows[f"referral/v1/tasks/{TASK}"] = [a_task(state=state, **EXPECTED)]
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    page = (await bench.browser.get(f"/offers/{TASK}")).text
    assert says_when(page, "en") == (set(EXPECTED) if state == "accepted" else set())
