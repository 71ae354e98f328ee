"""A draft is kept by a button of its own, stands on the case's page, and is sent or dropped."""

import pytest

from console.words import texts
from contracts.vocabulary import LANGUAGES
from services.chassis.clock import new_id
from tests.support.console_bench import CASE, HELPED, POOL, TASK, Bench, a_task
from tests.support.console_cases import FILLED
from tests.support.console_news import NEWS, a_page, a_piece
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

PATH = f"/cases/{CASE}/drafts/{TASK}"
DRAFTS = f"referral/v1/cases/{CASE}/drafts"
BUTTON = 'name="as-a-draft"'


async def test_the_other_button_keeps_the_request_as_a_draft_and_leads_back(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    assert BUTTON in (await bench.browser.get(f"/cases/{CASE}/referral")).text
    assert BUTTON not in (await bench.browser.get(f"/cases/{CASE}/consent")).text
    bench.node.shows[f"referral/v1/tasks/{HELPED}"] = [a_task(task_id=HELPED, state="accepted")]
    assert BUTTON not in (await bench.browser.get(f"/help/{HELPED}/onward")).text
    form_id = str(new_id())
    for more, draft, place in (
        ({}, False, "/requests/"),
        ({"as-a-draft": "yes"}, True, f"/cases/{CASE}"),
    ):
        fields = {**FILLED["referral"], **more, "form_id": form_id}
        answer = await bench.send(f"/cases/{CASE}/referral", fields)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(place)
        assert body_of(bench.node.events[-1]).get("draft", False) is draft
    asked, kept = (body_of(event) for event in bench.node.events)
    assert kept == asked | {"draft": True}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_drafts_stand_on_the_cases_page_and_the_forms_are_small(
    bench: Bench, language: str
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    for path in (f"/cases/{CASE}", f"{PATH}/send-draft", f"{PATH}/drop-draft"):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200
        assert len(answer.content) < PAGE_LIMIT
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert all(f'href="{PATH}/{word}"' in text for word in ("send-draft", "drop-draft"))
    bench.node.shows[DRAFTS] = []
    assert f'href="{PATH}' not in (await bench.browser.get(f"/cases/{CASE}")).text


@pytest.mark.parametrize(
    ("word", "fields", "happened"),
    [
        ("send-draft", {}, "referral-opened"),
        ("drop-draft", {"reason": "other"}, "need-cancelled"),
    ],
)
async def test_a_draft_is_sent_or_dropped_by_its_number_alone(
    bench: Bench, word: str, fields: dict[str, str], happened: str
) -> None:
    await bench.sign_in("case-worker")
    answer = await bench.send(f"{PATH}/{word}", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{CASE}")
    (event,) = bench.node.events
    assert event["type"] == f"org.nrm.intake.{happened}.v1"
    assert event["subject"] == str(CASE)
    assert body_of(event) == {"request_id": str(TASK), **fields}


async def test_why_a_draft_cannot_be_sent_is_told_on_its_page(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    reasons = [{"code": "best-interests-missing", "field": "needs"}]
    bench.node.answers.append((422, {"accepted": False, "reasons": reasons}))
    answer = await bench.send(f"{PATH}/send-draft", {})
    assert answer.status_code == 422
    assert "Best interests not recorded" in answer.text


async def test_a_draft_that_is_gone_has_no_page(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    bench.node.shows[DRAFTS] = []
    assert (await bench.browser.get(f"{PATH}/send-draft")).status_code == 404
    again = await bench.send(f"{PATH}/drop-draft", {"reason": "other"})
    assert (again.status_code, again.headers["location"]) == (303, f"/cases/{CASE}")
    assert bench.node.events == []


@pytest.mark.parametrize("word", ["send-draft", "drop-draft"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_sends_or_drops_what_is_gone_is_told_so_once(
    bench: Bench, word: str, language: str
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    bench.node.shows[DRAFTS] = []
    answer = await bench.send(f"{PATH}/{word}", {"reason": "other"})
    said = texts()["draft-is-gone"][LANGUAGES.index(language)]
    home = answer.headers["location"]
    assert f'<p class="said" role="status">{said}</p>' in (await bench.browser.get(home)).text
    assert said not in (await bench.browser.get(home)).text
    assert bench.node.events == []


async def test_who_presses_twice_is_told_that_it_was_sent_and_not_that_it_is_gone(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    await bench.send(f"{PATH}/send-draft", {})
    bench.node.shows[DRAFTS] = []
    await bench.send(f"{PATH}/send-draft", {})
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert texts()["told"][0] in text
    assert texts()["draft-is-gone"][0] not in text


async def test_a_supervisor_sees_a_draft_and_sends_none(bench: Bench) -> None:
    await bench.sign_in("supervisor")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert "Draft of" in text
    assert f'href="{PATH}' not in text
    assert (await bench.send(f"{PATH}/send-draft", {})).status_code == 403


@pytest.mark.parametrize("kind", ["draft-end-near", "draft-ended"])
async def test_news_of_a_draft_lead_to_the_case_where_it_stands(bench: Bench, kind: str) -> None:
    piece = a_piece(kind, request_id=POOL, led_here=True)
    bench.node.shows[NEWS] = a_page(piece)
    await bench.sign_in("case-worker")
    text = (await bench.browser.get("/news")).text
    assert f'href="/cases/{CASE}"' in text
    assert f"/requests/{POOL}" not in text
