"""The officer for data protection reads who looked at a case and who was told what of it."""

import re
from urllib.parse import parse_qs

import pytest

from console.access import PAGES
from console.pages.looking import SERVICES as ASKED
from console.words import texts
from contracts.vocabulary import LANGUAGES, code_lists
from services.assistance.access import ROUTES as ASSISTANCE
from services.gateway.access.basis import BASIS, Subject
from services.gateway.access.routes import ROUTES as GATEWAY
from services.identification.access import ROUTES as IDENTIFICATION
from services.referral.access import ACCESS as REFERRAL
from tests.support.console_bench import CASE, TASK, Bench
from tests.support.console_looking import (
    SERVICES,
    a_disclosure,
    an_act,
    an_audit,
    looking_shown,
)
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT

AUDIT, DISCLOSURES = f"/holds/{CASE}/audit", f"/holds/{CASE}/disclosures"
ROUTE = ("GET", "/v1/cases/{case_id}/audit")


def label(action: str) -> str:
    return code_lists()["audit-action"].label(action, "en")


async def as_officer(bench: Bench, language: str = "en") -> None:
    bench.node.shows |= looking_shown()
    await bench.sign_in("privacy-officer")
    await bench.send("/language", {"to": language})


def test_the_audit_is_for_the_officer_alone_in_every_service_and_page() -> None:
    assert set(ASKED) == set(SERVICES)
    allowed = {table[ROUTE] for table in (GATEWAY, IDENTIFICATION, REFERRAL, ASSISTANCE)}
    assert allowed == {frozenset({"data-protection-officer"})}
    assert PAGES["GET", "/holds/{case_id}/audit"] == frozenset({"data-protection-officer"})
    route = GATEWAY["GET", "/v1/cases/{case_id}/disclosures"]
    assert PAGES["GET", "/holds/{case_id}/disclosures"] == route


@pytest.mark.parametrize("language", LANGUAGES)
async def test_full_pages_are_small_and_in_one_language(bench: Bench, language: str) -> None:
    await as_officer(bench, language)
    longest = max(code_lists()["audit-action"].codes, key=len)
    acts = [an_act(longest, n, subject=str(TASK), reason="court-order") for n in range(1, 41)]
    for service in SERVICES:
        bench.node.shows[f"{service}/v1/cases/{CASE}/audit"] = an_audit(*acts, older=1)
    rows = [a_disclosure("org.nrm.identification.hand-over-offered.v1") for _ in range(1000)]
    bench.node.shows[f"gateway/v1/cases/{CASE}/disclosures"] = {"disclosures": rows}
    for path in (AUDIT, DISCLOSURES, f"/holds/{CASE}"):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text


async def test_each_row_says_who_did_what_when_and_why(bench: Bench) -> None:
    await as_officer(bench)
    text = (await bench.browser.get(AUDIT)).text
    for action in ("person-exported", "person-read", "read-case", "list-task"):
        assert text.count(f"<strong>{label(action)}</strong>") == 1, action
    assert '<span class="mark">A court ordered it: The case is frozen</span>' in text
    assert '<span class="mark">The case is frozen</span>' in text
    assert text.count("redcross-vitebsk.case-worker") == 5
    assert re.search(rf"<strong>{label('other')}</strong> <span[^>]*>hold-confirmed</span>", text)
    assert 'href="/holds/' in (await bench.browser.get(f"/holds/{CASE}")).text
    assert f'<a href="{AUDIT}">' in (await bench.browser.get(f"/holds/{CASE}")).text


async def test_older_rows_are_asked_of_the_one_service_that_has_them(bench: Bench) -> None:
    await as_officer(bench)
    text = (await bench.browser.get(AUDIT)).text
    (older,) = re.findall(r'href="([^"]*before=[^"]*)"', text)
    bench.node.addresses.clear()
    assert (await bench.browser.get(older.replace("&amp;", "&"))).status_code == 200
    asked = [url for url in bench.node.addresses if url.path.endswith("/audit")]
    assert [(url.host, parse_qs(url.query.decode())["before"]) for url in asked] == [
        ("gateway", ["2"])
    ]
    for wrong in ("?of=gateway&before=x", "?of=nobody&before=1", f"?of=gateway&before={'9' * 40}"):
        bench.node.addresses.clear()
        assert (await bench.browser.get(AUDIT + wrong)).status_code == 200
        assert not any(b"before" in url.query for url in bench.node.addresses)


async def test_a_service_that_cannot_say_now_is_named_and_the_others_are_shown(
    bench: Bench,
) -> None:
    await as_officer(bench)
    bench.node.shows[f"referral/v1/cases/{CASE}/audit"] = 503
    text = (await bench.browser.get(AUDIT)).text
    assert label("list-task") not in text
    assert label("read-case") in text
    assert text.count('role="alert"') == 1


async def test_disclosures_say_which_agency_was_told_what_and_on_what_basis(bench: Bench) -> None:
    await as_officer(bench)
    text = (await bench.browser.get(DISCLOSURES)).text
    assert text.index("That there is a child") < text.index("Help was asked for")
    assert "a law" in text
    assert "the person consented" in text


def test_whatever_may_leave_about_a_case_has_words_and_so_has_every_basis() -> None:
    leaves = {kind for kind, row in BASIS.items() if row.subject is Subject.CASE}
    words = {f"disclosed-{kind.split('.')[3]}" for kind in leaves}
    assert words == {name for name in texts() if name.startswith("disclosed-")}
    bases = {f"basis-{basis}" for basis in ("consent", "grant", "law", "ledger", "pair")}
    assert bases == {name for name in texts() if name.startswith("basis-")}


@pytest.mark.parametrize("person", ["case-worker", "supervisor", "nurse"])
async def test_nobody_else_reads_the_audit(bench: Bench, person: str) -> None:
    bench.node.shows |= looking_shown()
    await bench.sign_in(person)
    assert (await bench.browser.get(AUDIT)).status_code == 403
    assert not any(url.path.endswith("/audit") for url in bench.node.addresses)


@pytest.mark.parametrize("person", ["case-worker", "supervisor"])
async def test_who_leads_cases_is_led_from_the_case_to_who_was_told_and_back(
    bench: Bench, person: str
) -> None:
    bench.node.shows |= looking_shown()
    await bench.sign_in(person)
    assert f'<a href="{DISCLOSURES}">' in (await bench.browser.get(f"/cases/{CASE}")).text
    text = (await bench.browser.get(DISCLOSURES)).text
    assert f'href="/cases/{CASE}"' in text
    assert "ngo-brest" in text
    bench.node.shows[f"gateway/v1/cases/{CASE}/disclosures"] = 409
    assert (await bench.browser.get(DISCLOSURES)).status_code == 409
