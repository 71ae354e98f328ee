"""Legal holds by pages: one places, another confirms, a supervisor lifts, nobody sees a case."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

import console
from console.pages.holds import HOLD_FORMS
from console.words import Words
from contracts.vocabulary import LANGUAGES
from tests.support.console_bench import CASE, NOW, TASK, Bench, a_case
from tests.support.console_holds import HOLD, KEPT, OVER, a_hold, kept
from tests.support.console_news import NEWS, a_page, of_a_task
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

PLACE = f"/holds/{CASE}"
FROZEN = {"frozen_at": NOW.isoformat(), "state": None, "codes": None, "clocks": None}


def with_holds(bench: Bench, *holds: dict[str, Any]) -> None:
    bench.node.shows[f"gateway/v1/cases/{CASE}/legal-holds"] = {"legal-holds": list(holds)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("person", "paths"),
    [
        ("privacy-officer", ("/", "/holds", PLACE, f"{PLACE}/place-hold")),
        ("supervisor", ("/holds", PLACE, f"{PLACE}/confirm-hold", f"{PLACE}/lift-hold")),
    ],
)
async def test_every_page_of_holds_is_small_and_in_one_language(
    bench: Bench, language: str, person: str, paths: tuple[str, ...]
) -> None:
    with_holds(bench, a_hold(), a_hold(**OVER))
    bench.node.shows[KEPT] = [kept(CASE)]
    await bench.sign_in(person)
    await bench.send("/language", {"to": language})
    for path in paths:
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize(
    ("person", "word", "filled", "body"),
    [
        (
            "privacy-officer",
            "place-hold",
            {"ground": "court-order", "ends_at": "2026-06-01"},
            {"ground": "court-order", "ends_at": "2026-06-01T20:59:00+00:00"},
        ),
        ("supervisor", "lift-hold", {"hold_id": HOLD}, {"hold_id": HOLD}),
        ("supervisor", "confirm-hold", {"hold_id": HOLD}, {"hold_id": HOLD}),
        ("privacy-officer", "confirm-hold", {"hold_id": HOLD}, {"hold_id": HOLD}),
    ],
)
async def test_what_is_done_about_a_hold_is_told_of_its_case_once(
    bench: Bench, person: str, word: str, filled: dict[str, str], body: dict[str, str]
) -> None:
    with_holds(bench, a_hold())
    await bench.sign_in(person)
    for _ in range(2):
        answer = await bench.send(f"{PLACE}/{word}", {"form_id": str(TASK), **filled})
        assert answer.headers["location"] == PLACE
    first, again = bench.node.events
    assert first == again
    assert first["subject"] == str(CASE)
    sent = body_of(first)
    assert {name: sent[name] for name in body} == body
    assert set(sent) == {"hold_id", *body}


@pytest.mark.parametrize(
    ("person", "holds", "offered"),
    [
        ("privacy-officer", [a_hold()], {"place-hold", "confirm-hold"}),
        ("privacy-officer", [a_hold(**OVER)], {"place-hold"}),
        ("privacy-officer", [a_hold(confirmed_at=NOW.isoformat())], {"place-hold"}),
        ("supervisor", [a_hold()], {"place-hold", "confirm-hold", "lift-hold"}),
        ("supervisor", [a_hold(confirmed_at=NOW.isoformat())], {"place-hold", "lift-hold"}),
        ("case-worker", [a_hold()], set()),
    ],
)
async def test_each_person_is_offered_what_they_may_do_about_a_hold(
    bench: Bench, person: str, holds: list[dict[str, Any]], offered: set[str]
) -> None:
    with_holds(bench, *holds)
    await bench.sign_in(person)
    text = (await bench.browser.get(PLACE)).text
    assert {form.word for form in HOLD_FORMS if f'href="{PLACE}/{form.word}"' in text} == offered


@pytest.mark.parametrize("person", ["nurse", "guard", "operator"])
async def test_nobody_else_opens_a_page_of_holds(bench: Bench, person: str) -> None:
    with_holds(bench, a_hold())
    await bench.sign_in(person)
    for path in ("/holds", PLACE, f"{PLACE}/place-hold"):
        assert (await bench.browser.get(path)).status_code == 403


@pytest.mark.parametrize("frozen", [True, False])
async def test_a_cases_page_says_that_its_record_is_kept_and_until_when(
    bench: Bench, frozen: bool
) -> None:
    case = {**a_case(), **FROZEN} if frozen else a_case()
    bench.node.shows[f"identification/v1/cases/{CASE}"] = case
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    with_holds(bench, a_hold())
    shown = (await bench.browser.get(f"/cases/{CASE}")).text
    assert "A legal hold keeps this record" in shown
    assert f'href="{PLACE}"' in shown
    with_holds(bench, a_hold(**OVER))
    assert "A legal hold keeps" not in (await bench.browser.get(f"/cases/{CASE}")).text


async def test_the_officers_list_is_the_gateways_and_names_cases_by_number_alone(
    bench: Bench,
) -> None:
    bench.node.shows[KEPT] = [kept(CASE), kept(TASK, None)]
    bench.node.shows["identification/v1/cases"] = 404
    await bench.sign_in("privacy-officer")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/holds")).text
    assert text.index(f"/holds/{CASE}") < text.index(f"/holds/{TASK}")
    assert text.count("The case is frozen") == 1
    assert "?after=" not in text
    bench.node.shows[KEPT] = [kept(UUID(int=n, version=4)) for n in range(200)]
    last = UUID(int=199, version=4)
    assert f"/holds?after={last}" in (await bench.browser.get("/holds")).text
    await bench.browser.get(f"/holds?after={last}")
    assert bench.node.addresses[-1].params["after"] == str(last)


async def test_a_case_is_opened_by_its_whole_number_and_by_nothing_else(bench: Bench) -> None:
    bench.node.shows[KEPT] = []
    await bench.sign_in("privacy-officer")
    opened = await bench.send("/holds", {"number": f" {str(CASE).upper()} "})
    assert opened.headers["location"] == PLACE
    for wrong in (str(CASE)[:8], "", "../cases", "<b>Canary", "Canary Anna"):
        answer = await bench.send("/holds", {"number": wrong})
        assert answer.status_code == 422
        assert "number-wrong" in answer.text
        assert "Canary" not in answer.text + str(answer.headers) + str(answer.url)


async def test_no_form_puts_what_is_typed_into_an_address() -> None:
    templates = Path(console.__file__).with_name("templates")
    forms = re.findall(
        r"<form\b[^>]*>", "".join(page.read_text(encoding="utf-8") for page in templates.iterdir())
    )
    assert len(forms) > 10
    assert [form for form in forms if 'method="post"' not in form] == []


@pytest.mark.parametrize(
    ("person", "kind", "leads"),
    [
        ("privacy-officer", "destruction-due", True),
        ("privacy-officer", "case-frozen", True),
        ("privacy-officer", "legal-hold-ended", True),
        ("supervisor", "legal-hold-end-near", True),
        ("supervisor", "own-consent-needed", True),
        ("nurse", "destruction-due", False),
        ("nurse", "own-consent-needed", False),
    ],
)
async def test_news_lead_whoever_may_to_the_record_and_name_its_number(
    bench: Bench, person: str, kind: str, leads: bool
) -> None:
    bench.node.shows[NEWS] = a_page(of_a_task(kind))
    await bench.sign_in(person)
    text = (await bench.browser.get("/news")).text
    assert (f'<a href="{PLACE}"' in text) is leads
    assert (Words("ru", ZoneInfo("UTC")).text("case-called", short=str(CASE)[:8]) in text) is leads


async def test_the_officer_destroys_what_the_safe_has_or_is_told_every_reason_why_not(
    bench: Bench,
) -> None:
    with_holds(bench, a_hold())
    await bench.sign_in("privacy-officer")
    await bench.send("/language", {"to": "en"})
    reasons = ("not-stopped", "legal-hold", "running-stay", "second-person-needed", "not-yet-due")
    errors = {"errors": [{"type": reason} for reason in reasons]}
    bench.node.shows[f"gateway/v1/persons/{CASE}"] = (409, errors)
    refused = await bench.send(f"{PLACE}/destroy", {})
    assert refused.status_code == 409
    assert "A legal hold stands: it has to be kept." in refused.text
    assert "The agreed hours after the stop are not over" in refused.text
    assert "The person lives in a place here" in refused.text
    assert "nothing is destroyed" in refused.text
    assert "You lifted a hold of this record" in refused.text
    bench.node.shows[f"gateway/v1/persons/{CASE}"] = (204, {})
    done = await bench.send(f"{PLACE}/destroy", {})
    assert done.headers["location"] == PLACE
    assert "It is destroyed." in (await bench.browser.get(PLACE)).text
    bench.node.shows[f"gateway/v1/persons/{CASE}"] = 404
    nothing = await bench.send(f"{PLACE}/destroy", {})
    assert nothing.headers["location"] == PLACE
    assert "The safe has nothing of this case." in (await bench.browser.get(PLACE)).text
    assert [method for method, place, _ in bench.node.asked if "persons" in place] == ["DELETE"] * 3


@pytest.mark.parametrize("person", ["supervisor", "case-worker"])
async def test_nobody_else_destroys_anything(bench: Bench, person: str) -> None:
    with_holds(bench, a_hold())
    await bench.sign_in(person)
    assert "/destroy" not in (await bench.browser.get(PLACE)).text
    assert (await bench.send(f"{PLACE}/destroy", {})).status_code == 403
    assert not any(method == "DELETE" for method, _, _ in bench.node.asked)
