"""What other agencies told is read by whoever leads cases; numbers lead to nobody."""

import re
from html import unescape
from typing import Any

import pytest

from console.access import PAGES
from console.pages.received import PARTS
from contracts.vocabulary import LANGUAGES, code_lists
from services.identification.access import ROUTES
from tests.support.console_bench import CASE, POOL, Bench
from tests.support.console_news import NEWS, a_page, a_piece
from tests.support.console_received import (
    BAN,
    EVERYTHING,
    OVER,
    a_notice,
    many_notices,
    notices_shown,
)
from tests.support.console_registers import PARTICIPANT
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


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_page_of_many_is_small_in_every_language_and_each_part_goes_on(
    bench: Bench, language: str
) -> None:
    names = dict.fromkeys(LANGUAGES, "Учреждение с длинным названием, как их пишут в уставе" * 2)
    row = {**PARTICIPANT, "node": "interior-brest", "names": names}
    bench.node.shows |= notices_shown(*many_notices(200)) | {"gateway/v1/participants": [row]}
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": language})
    text = ""
    for path in ("", *(f"?of={part}" for part in PARTS)):
        answer = await bench.browser.get(f"/notices{path}")
        assert answer.status_code == 200
        assert len(answer.content) < PAGE_LIMIT, path
        text = text or answer.text
    assert names[language] in text
    assert set(re.findall(r'href="/notices\?of=(\w+)&amp;after=', text)) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
async def test_whoever_goes_on_through_a_part_sees_all_of_it_once(bench: Bench, part: str) -> None:
    many = many_notices(PARTS[part].rows * 2 + 1)
    bench.node.shows |= notices_shown(*many)
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": "en"})
    address, rows = "/notices", []
    for _ in range(4):
        text = (await bench.browser.get(address)).text
        rows.append(len(re.findall(r"<li>\s*<div><strong>", text)))
        onward = re.search(rf'href="(/notices\?of={part}&amp;after=[^"]*)"', text)
        if onward is None:
            break
        address = unescape(onward[1])
    assert rows[1:] == [PARTS[part].rows, 1]
    asked = [url.params for url in bench.node.addresses if url.path == "/v1/notices"]
    mine = [each for each in asked if each["kind"] == PARTS[part].kind]
    assert all(each.get("state", "") == PARTS[part].state for each in mine[-2:])


async def test_a_ban_that_stands_is_shown_however_many_came_later_or_ended(bench: Bench) -> None:
    old = a_notice(BAN, OVER)
    newer = (each for each in many_notices(300) if each["state"] == "ended")
    bench.node.shows |= notices_shown(*newer, old)
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    standing, _, over = (await bench.browser.get("/notices")).text.partition("no longer (20+)")
    assert "Case abcdef01" in standing
    assert "Case abcdef01" not in over


async def test_where_nothing_more_follows_it_is_said_and_not_that_nothing_was_told(
    bench: Bench,
) -> None:
    bench.node.shows |= notices_shown()
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": "en"})
    assert "Nothing was told." in (await bench.browser.get("/notices")).text
    for part in PARTS:
        text = (await bench.browser.get(f"/notices?of={part}&after={CASE}")).text
        assert "There is nothing more." in text
        assert "Nothing was told." not in text
    assert "Nothing was told." in (await bench.browser.get("/notices?of=nobody&after=x")).text


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
