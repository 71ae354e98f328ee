"""A page says why a task came to nothing or rests, by the list of its state, and whom to ask."""

from html import unescape
from typing import Any

import pytest

from console.words import WHY
from contracts.vocabulary import LANGUAGES, code_lists
from tests.support.console_bench import (
    CASE,
    HELPED,
    POOL,
    TASK,
    Bench,
    a_need,
    a_request,
    a_sent_task,
    a_task,
    told,
)
from tests.support.console_news import NEWS, a_page, of_a_task

REASONS = {
    "declined": ("decline-reason", "at-capacity"),
    "on-hold": ("pause-reason", "person-away"),
    "not-sent": ("not-sent-reason", "consent-expired"),
}
NEWS_OF = {"declined": "task-declined", "on-hold": "task-paused", "not-sent": "task-not-sent"}


def asked_of_others(bench: Bench, **task: Any) -> None:
    """One request with one task that came to this."""
    request = a_request(tasks=[a_sent_task(**task)])
    bench.node.shows["referral/v1/requests"] = [request]
    bench.node.shows[f"referral/v1/requests/{TASK}"] = request


async def pages_of(bench: Bench, language: str, *paths: str) -> list[str]:
    await bench.send("/language", {"to": language})
    return [unescape((await bench.browser.get(path)).text) for path in paths]


def test_each_reason_is_a_code_of_the_list_that_is_shown() -> None:
    assert {state: WHY[state] for state in REASONS} == {
        state: name for state, (name, _) in REASONS.items()
    }
    assert all(code in code_lists()[name] for name, code in REASONS.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", REASONS)
async def test_who_asked_reads_why_on_the_case_and_on_the_request(
    bench: Bench, state: str, language: str
) -> None:
    name, code = REASONS[state]
    asked_of_others(bench, state=state, reason=code)
    await bench.sign_in("case-worker")
    why = code_lists()[name].label(code, language)
    for page in await pages_of(bench, language, f"/cases/{CASE}", f"/requests/{TASK}"):
        assert f"<strong>{why}</strong>" in page


async def test_help_that_has_ended_stands_there_as_ended(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    for state, said in (("in-progress", "With a provider"), ("loop-closed", "Help has ended")):
        asked_of_others(bench, state=state)
        for page in await pages_of(bench, "en", f"/cases/{CASE}", f"/requests/{TASK}"):
            assert f">{said}</span>" in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["declined", "on-hold"])
async def test_who_was_asked_reads_why_by_the_same_list(
    bench: Bench, state: str, language: str
) -> None:
    name, code = REASONS[state]
    bench.node.shows[f"referral/v1/tasks/{TASK}"] = [a_task(state=state, reason=code)]
    await bench.sign_in("nurse")
    (page,) = await pages_of(bench, language, f"/offers/{TASK}")
    assert f"<dd>{code_lists()[name].label(code, language)}</dd>" in page


async def test_whoever_gives_help_reads_why_it_rests(bench: Bench) -> None:
    resting = a_task(task_id=HELPED, state="on-hold", reason="waiting-for-papers")
    bench.node.shows[f"referral/v1/tasks/{HELPED}"] = [resting]
    await bench.sign_in("nurse")
    (page,) = await pages_of(bench, "en", f"/help/{HELPED}")
    assert "Waiting for papers" in page


async def test_of_a_task_that_goes_on_no_reason_is_said(bench: Bench) -> None:
    asked_of_others(bench, state="in-progress", reason="person-away")
    await bench.sign_in("case-worker")
    for page in await pages_of(bench, "en", f"/cases/{CASE}", f"/requests/{TASK}"):
        assert "Reason" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", REASONS)
async def test_the_news_say_why_by_the_same_list(bench: Bench, state: str, language: str) -> None:
    name, code = REASONS[state]
    piece = of_a_task(NEWS_OF[state], TASK, side="sender", request_id=TASK, reason=code)
    bench.node.shows[NEWS] = a_page(piece)
    await bench.sign_in("case-worker")
    (page,) = await pages_of(bench, language, "/news")
    assert f"<strong>{code_lists()[name].label(code, language)}</strong>" in page


CONTACT = code_lists()["escalation-contact"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("contact", "agency"),
    [("supervisor", None), ("oblast-coordinator", "executive-brest"), ("nobody-allowed", None)],
)
async def test_a_need_that_nobody_takes_says_whom_to_turn_to(
    bench: Bench, contact: str, agency: str | None, language: str
) -> None:
    need = a_need(
        need_id=POOL,
        service_type="shelter",
        state="escalated",
        round=2,
        told=contact,
        told_agency=agency,
    )
    bench.node.shows[f"referral/v1/requests/{TASK}"] = a_request(needs=[told(need)])
    await bench.sign_in("case-worker")
    (page,) = await pages_of(bench, language, f"/requests/{TASK}")
    assert f"{CONTACT.title.in_language(language)}: " in page
    assert f"<strong>{CONTACT.label(contact, language)}</strong>" in page
    assert ("executive-brest" in page) == (agency is not None)


async def test_of_a_need_that_somebody_has_nobody_is_named(bench: Bench) -> None:
    need = a_need(need_id=POOL, service_type="shelter", state="offered", round=2, told="supervisor")
    bench.node.shows[f"referral/v1/requests/{TASK}"] = a_request(needs=[told(need)])
    await bench.sign_in("case-worker")
    (page,) = await pages_of(bench, "en", f"/requests/{TASK}")
    assert CONTACT.title.in_language("en") not in page
