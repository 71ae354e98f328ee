"""The page of news: what rang, newest first, with the way to what it is about; nothing is kept."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from console.access import PAGES
from console.ringing import WORTH
from contracts.vocabulary import LANGUAGES, code_lists
from services.gateway.access.routes import ROUTES
from tests.support.console_bench import (
    CASE,
    HELPED,
    NOW,
    POOL,
    TASK,
    Bench,
    a_task,
)
from tests.support.console_help import (
    PLAN,
)
from tests.support.console_news import (
    NEWS,
    OLDER,
    a_page,
    news_shown,
    of_a_task,
)

PAGE_LIMIT = 100_000
LATE = NOW - timedelta(hours=1)


async def see(bench: Bench, *pieces: Any, person: str = "nurse", query: str = "") -> str:
    """The page as somebody sees it in English."""
    bench.node.shows[NEWS] = a_page(*pieces)
    await bench.sign_in(person)
    await bench.send("/language", {"to": "en"})
    answer = await bench.browser.get(f"/news{query}")
    assert answer.status_code == 200
    return answer.text


def label(kind: str) -> str:
    return code_lists()["news-kind"].label(kind, "en")


def asked_for(bench: Bench) -> list[dict[str, list[str]]]:
    """What the gateway was asked about news."""
    news = (url for url in bench.node.addresses if url.path == "/v1/news")
    return [parse_qs(url.query.decode()) for url in news]


def test_news_are_for_those_whom_the_gateway_shows_any() -> None:
    assert PAGES["GET", "/news"] == ROUTES["GET", "/v1/news"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", ["nurse", "case-worker", "supervisor"])
async def test_a_full_page_is_small_and_in_the_language_of_whoever_looks(
    bench: Bench, language: str, person: str
) -> None:
    words = code_lists()["news-kind"]
    bench.node.shows[NEWS] = a_page(*(of_a_task(kind, due_at=LATE) for kind in words.codes))
    await bench.sign_in(person)
    await bench.send("/language", {"to": language})
    answer = await bench.browser.get("/news?since=all")
    assert len(answer.content) < PAGE_LIMIT
    assert f'<html lang="{language}">' in answer.text
    assert all(words.label(kind, language) in answer.text for kind in words.codes)


async def test_a_nurse_is_led_to_the_offers_the_help_and_the_plan_and_reads_no_case(
    bench: Bench,
) -> None:
    bench.node.shows |= news_shown() | {
        "referral/v1/tasks": [a_task(task_id=HELPED, state="in-progress")],
    }
    await bench.sign_in("nurse")
    text = (await bench.browser.get("/news")).text
    for path in ("/offers", f"/help/{HELPED}", f"/help/{HELPED}/plans/{PLAN}"):
        assert f'<div><a href="{path}"' in text
    assert str(TASK) not in text
    assert "/cases/" not in text
    assert "/requests/" not in text
    assert "Случай" not in text
    assert str(CASE) not in text


async def test_who_is_on_duty_is_led_to_the_offers_and_to_no_help(bench: Bench) -> None:
    offered, began = of_a_task("offer-received", TASK), of_a_task("task-started")
    text = await see(bench, offered, began, person="on-duty")
    assert '<div><a href="/offers"' in text
    assert f'<div><a href="/offers/{HELPED}"' in text
    assert "/help" not in text


async def test_a_case_worker_is_led_to_the_request_and_the_case(bench: Bench) -> None:
    bench.node.shows |= news_shown()
    await bench.sign_in("case-worker")
    text = (await bench.browser.get("/news")).text
    assert f'<a href="/requests/{TASK}"' in text
    assert f'<a href="/cases/{CASE}"' in text
    assert f"/cases/{POOL}" not in text


@pytest.mark.parametrize(("person", "leads"), [("nurse", True), ("case-worker", False)])
async def test_of_what_is_frozen_only_who_is_still_here_opens(
    bench: Bench, person: str, leads: bool
) -> None:
    piece = of_a_task("own-consent-needed")
    text = await see(bench, piece, person=person)
    assert label("own-consent-needed") in text
    assert str(HELPED) not in text
    assert ('<a href="/stays">' in text) is leads


async def test_the_address_holds_a_choice_and_a_place_and_nothing_else(bench: Bench) -> None:
    bench.node.shows |= news_shown()
    await bench.sign_in("nurse")
    bench.node.addresses.clear()
    text = (await bench.browser.get("/news?since=today&only=waits&more=ivan")).text
    assert f"/news?since=today&amp;only=waits&amp;before={OLDER}" in text
    assert "ivan" not in text
    await bench.browser.get(f"/news?since=today&only=waits&before={OLDER}")
    first, older = asked_for(bench)
    assert first["kind"] == sorted(WORTH)
    assert first["since"] == ["2026-03-02T00:00:00+03:00"]
    assert older == {**first, "before": [OLDER]}


@pytest.mark.parametrize(
    ("query", "since"),
    [
        ("", "2026-02-23T00:00:00+03:00"),
        ("?since=week", "2026-02-23T00:00:00+03:00"),
        ("?since=ivan", "2026-02-23T00:00:00+03:00"),
        ("?since=all", None),
    ],
)
async def test_news_are_of_a_week_unless_somebody_wants_others(
    bench: Bench, query: str, since: str | None
) -> None:
    bench.node.shows[NEWS] = a_page()
    await bench.sign_in("nurse")
    bench.node.addresses.clear()
    await bench.browser.get(f"/news{query}")
    (news,) = asked_for(bench)
    assert news.get("since") == ([since] if since else None)
    assert "kind" not in news


async def test_looking_at_news_tells_nobody_anything(bench: Bench) -> None:
    bench.node.shows |= news_shown()
    await bench.sign_in("nurse")
    for path in ("/", "/news", "/news?only=waits"):
        await bench.browser.get(path)
    assert bench.node.events == []


async def test_the_first_page_opens_and_says_so_when_news_cannot_be_read(bench: Bench) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    bench.node.shows[NEWS] = 500
    text = (await bench.browser.get("/")).text
    assert "cannot be said just now" in text
    assert 'href="/offers"' in text
    assert (await bench.browser.get("/news")).status_code == 503


async def test_who_may_read_no_news_is_shown_none_and_asks_for_none(bench: Bench) -> None:
    await bench.sign_in("guard")
    text = (await bench.browser.get("/")).text
    assert "/news" not in text
    assert not [place for _, place, _ in bench.node.asked if place == NEWS]
