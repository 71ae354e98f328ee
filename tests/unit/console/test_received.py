"""What other agencies told is read by whoever leads cases; numbers lead to nobody."""

import re
from typing import Any

import pytest

from console.access import PAGES
from contracts.vocabulary import LANGUAGES, code_lists
from services.identification.access import ROUTES
from tests.support.console_bench import CASE, POOL, Bench
from tests.support.console_news import NEWS, a_page, a_piece
from tests.support.console_received import EVERYTHING, notices_shown
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT


def test_the_page_is_for_those_whom_the_service_shows_notices() -> None:
    assert PAGES["GET", "/notices"] == ROUTES["GET", "/v1/notices"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notices", [EVERYTHING, ()], ids=["everything", "nothing"])
async def test_the_page_is_small_and_in_the_language_of_whoever_looks(
    bench: Bench, language: str, notices: tuple[dict[str, Any], ...]
) -> None:
    bench.node.shows |= notices_shown(*notices)
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": language})
    answer = await bench.browser.get("/notices")
    assert answer.status_code == 200
    assert len(answer.content) < PAGE_LIMIT
    assert f'<html lang="{language}">' in answer.text
    assert '<a href="/notices"' in (await bench.browser.get("/")).text


async def test_each_says_who_told_it_and_what_and_bans_that_stand_are_apart(bench: Bench) -> None:
    bench.node.shows |= notices_shown(*EVERYTHING)
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/notices")).text
    standing, over = text.split("Said before and no longer (1)")
    assert f"Case {str(CASE)[:8]}" in standing
    assert "Case abcdef01" not in standing
    assert "Case abcdef01" in over
    assert "Case" not in over.partition("Numbers without a person")[2]
    assert text.count("interior-brest") == len(EVERYTHING)
    assert f'<a href="/cases/{POOL}">' in text
    assert "Who is asked for: Temporary guardian" in text
    marks = re.findall(r'<span class="mark">([^<]*: \d+)</span>', text)
    assert marks == ["Own citizen, Sexual exploitation: 2", "Foreign citizen, Forced labour: 11"]


async def test_who_leads_no_case_is_shown_none(bench: Bench) -> None:
    bench.node.shows |= notices_shown(*EVERYTHING)
    await bench.sign_in("nurse")
    assert (await bench.browser.get("/notices")).status_code == 403
    assert '"/notices"' not in (await bench.browser.get("/")).text
    assert not any(url.path == "/v1/notices" for url in bench.node.addresses)


@pytest.mark.parametrize(
    "kind", ["removal-forbidden", "removal-not-forbidden", "anonymous-notification-received"]
)
async def test_news_of_what_was_told_lead_there(bench: Bench, kind: str) -> None:
    case_id = None if kind.startswith("anonymous") else CASE
    bench.node.shows[NEWS] = a_page(a_piece(kind, case_id=case_id, agency="interior-brest"))
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/news")).text
    assert f'<a href="/notices">{code_lists()["news-kind"].label(kind, "en")}</a>' in text
    assert "interior-brest" in text
