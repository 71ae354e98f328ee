"""Who helps asks others by pages: a request and a consent of its own, for a case officer."""

import pytest

from console.access import ONWARD_FORMS
from contracts.vocabulary import LANGUAGES
from services.chassis.clock import new_id
from tests.support.console_bench import CASE, HELPED, TASK, Bench, a_task
from tests.support.console_cases import FILLED
from tests.support.console_help import help_shown
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

HELP = f"/help/{HELPED}"
OF_OTHERS = f"referral/v1/tasks/{HELPED}"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_officer_comes_from_the_help_to_both_forms(bench: Bench, language: str) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    page = (await bench.browser.get(HELP)).text
    for word in ONWARD_FORMS:
        assert f'href="{HELP}/{word}"' in page
        answer = await bench.browser.get(f"{HELP}/{word}")
        assert answer.status_code == 200
        assert len(answer.content) < PAGE_LIMIT
    assert f'href="/requests/{TASK}"' in page, "what was asked before is shown"
    assert f'action="{HELP}"' not in page, "recording help is for whoever gives it"


async def test_a_consent_and_a_request_of_its_own_are_of_the_case_that_came_here(
    bench: Bench,
) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("case-worker")
    categories = ["needs", "onward-referral"]
    given = {**FILLED["consent"], "categories": categories, "form_id": str(new_id())}
    assert (await bench.send(f"{HELP}/onward-consent", given)).headers["location"] == HELP
    form_id = str(new_id())
    for _ in range(2):
        asked = {"form_id": form_id, "needs": ["free-legal-aid"], "urgency": "routine"}
        answer = await bench.send(f"{HELP}/onward", asked)
        assert answer.headers["location"].startswith("/requests/")
    consent, request, again = bench.node.events
    assert request == again
    assert [each["type"].split(".")[-2] for each in (consent, request)] == [
        *("consent-recorded", "referral-requested"),
    ]
    assert {consent["subject"], request["subject"]} == {str(CASE)}
    assert body_of(consent)["categories"] == categories
    told = body_of(request)
    assert [need["service_type"] for need in told["needs"]] == ["free-legal-aid"]
    assert "task_id" not in told


async def test_for_a_child_it_is_asked_what_is_best_and_for_an_adult_it_is_not(
    bench: Bench,
) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("case-worker")
    assert 'name="best_interests"' not in (await bench.browser.get(f"{HELP}/onward")).text
    bench.node.shows[OF_OTHERS] = [a_task(task_id=HELPED, state="in-progress", majority="child")]
    assert 'name="best_interests"' in (await bench.browser.get(f"{HELP}/onward")).text
    asked = {"needs": ["child-3-17"], "urgency": "routine", "best_interests": "in-care"}
    await bench.send(f"{HELP}/onward", asked)
    assert body_of(bench.node.events[0])["best_interests"] == "in-care"
    bench.node.refuses(("best-interests-missing", "best_interests"))
    refused = await bench.send(f"{HELP}/onward", {**asked, "best_interests": ""})
    assert refused.status_code == 422
    assert 'href="#best_interests"' in refused.text


@pytest.mark.parametrize("state", ["delivered", "accepting", "completed", "declined"])
async def test_only_with_a_task_that_runs_others_are_asked(bench: Bench, state: str) -> None:
    bench.node.shows |= help_shown()
    bench.node.shows[OF_OTHERS] = [a_task(task_id=HELPED, state=state)]
    await bench.sign_in("case-worker")
    page = (await bench.browser.get(HELP)).text
    assert not any(f'href="{HELP}/{word}"' in page for word in ONWARD_FORMS)


async def test_who_gives_help_alone_neither_sees_nor_opens_it(bench: Bench) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    page = (await bench.browser.get(HELP)).text
    for word in ONWARD_FORMS:
        assert f'href="{HELP}/{word}"' not in page
        assert (await bench.browser.get(f"{HELP}/{word}")).status_code == 403
    assert "referral/v1/requests" not in {place for _, place, _ in bench.node.asked}
