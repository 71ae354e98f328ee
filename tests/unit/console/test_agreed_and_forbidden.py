"""The case's page says all of what the person agreed to and forbade: to whom, what, until when."""

import re
from datetime import timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from console.words import Words
from contracts.vocabulary import LANGUAGES, code_lists
from services.gateway.store.tables import CONSENT as CONSENT_TABLE
from services.gateway.store.tables import RESTRICTION as RESTRICTION_TABLE
from tests.support.console_bench import CASE, NOW, TASK, Bench, a_request
from tests.support.console_cases import FILLED
from tests.support.console_registers import CONSENT, OF_A_CLASS, RESTRICTION
from tests.unit.console.test_a_nurses_day import body_of

MINSK = ZoneInfo("Europe/Minsk")


async def case_page(bench: Bench, language: str) -> str:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    return unescape((await bench.browser.get(f"/cases/{CASE}")).text)


def label(name: str, code: str, language: str) -> str:
    return code_lists()[name].label(code, language)


def test_the_pages_are_tried_with_what_the_registers_really_show() -> None:
    assert set(CONSENT) == {column.name for column in CONSENT_TABLE.c}
    assert set(RESTRICTION) == {column.name for column in RESTRICTION_TABLE.c}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_consent_says_what_of_the_case_to_whom_but_not_to_whom_and_how_it_was_asked(
    bench: Bench, language: str
) -> None:
    bench.node.shows[f"gateway/v1/cases/{CASE}/consents"] = {"consents": [OF_A_CLASS]}
    page = await case_page(bench, language)
    words = Words(language, MINSK)
    oblasts = ", ".join(label("oblast", code, language) for code in ("BY-BR", "BY-HO"))
    whom = f"{label('agency-type', 'ngo', language)} ({oblasts}), {words.text('except-for')} "
    assert f"→ {whom}ngo-brest" in page
    what = ", ".join(label("consent-category", code, language) for code in OF_A_CLASS["categories"])
    assert f"{code_lists()['consent-category'].title.in_language(language)}: {what}" in page
    given = label("consent-giver", "guardian", language)
    assert f"{words.text('agreed-on')} {words.day(NOW)}: {given}." in page
    asked = f"{words.text('asked-in')}: {label('language', 'be', language)}"
    assert f"{asked}. {words.text('interpreter')}" in page


async def test_a_consent_without_class_or_interpreter_names_none(bench: Bench) -> None:
    page = await case_page(bench, "en")
    assert re.search(r"→ ngo-brest\s*<br>", page)
    assert "except" not in page
    assert "interpreter" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("author", ["person", "officer"])
@pytest.mark.parametrize("days", [None, 30, -1])
async def test_a_restriction_says_whose_it_is_and_until_when_it_holds(
    bench: Bench, days: int | None, author: str, language: str
) -> None:
    until = None if days is None else NOW + timedelta(days=days)
    row = {
        **RESTRICTION,
        "recorded_for": author,
        "valid_until": until and until.isoformat(),
    }
    bench.node.shows[f"gateway/v1/cases/{CASE}/restrictions"] = {"restrictions": [row]}
    page = await case_page(bench, language)
    words = Words(language, MINSK)
    whose = code_lists()["restriction-author"]
    said = f"{whose.title.in_language(language)}: {whose.label(author, language)}, {words.day(NOW)}"
    ends = words.text("no-end")
    if until is not None:
        ends = f"{words.text('agreed-until')} {words.moment(until)}"
    assert f"{said}; {ends}" in page
    assert (words.text("restriction-over") in page) == (days == -1)


OVER = str(CASE)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_comes_back_is_asked_for_again_after_help_that_is_over(
    bench: Bench, language: str
) -> None:
    path = f"/cases/{CASE}/referral"
    closed = a_request(request_id=OVER, over=True)
    bench.node.shows["referral/v1/requests"] = [a_request(), closed]
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    page = unescape((await bench.browser.get(path)).text)
    words = Words(language, MINSK)
    services = [each["service_type"] for each in closed["needs"]]
    helped = ", ".join(label("service-type", code, language) for code in services)
    assert f'<option value="{OVER}">{helped} – {words.moment(NOW)}</option>' in page
    assert f'value="{TASK}"' not in page, "what still runs is no help to come back after"
    await bench.send(path, {**FILLED["referral"], "return_of": OVER})
    await bench.send(path, {**FILLED["referral"], "return_of": ""})
    again, anew = map(body_of, bench.node.events)
    assert again["return_of"] == OVER
    assert "return_of" not in anew


async def test_where_no_help_is_over_nobody_is_asked_about_it(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    page = (await bench.browser.get(f"/cases/{CASE}/referral")).text
    assert "return_of" not in page


async def test_a_request_leads_to_the_one_before_it(bench: Bench) -> None:
    bench.node.shows[f"referral/v1/requests/{TASK}"] = a_request(return_of=OVER)
    await bench.sign_in("case-worker")
    page = (await bench.browser.get(f"/requests/{TASK}")).text
    assert f'href="/requests/{OVER}"' in page
