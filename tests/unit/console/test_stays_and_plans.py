"""Who gives help tells by pages who came, stays and leaves, and writes plans with the person."""

import re
from typing import Any
from uuid import UUID

import pytest

from console.access import (
    CONTRACT_FORMS,
    DRAFT_FORMS,
    HOLD_FORMS,
    NEW_CONTRACT_FORMS,
    ONWARD_FORMS,
    SECOND_FORMS,
    SECOND_HOLD_FORMS,
)
from console.access import FORMS as WORDS
from console.access import PAGES as ROLES_OF_PAGES
from console.app import SHEETS
from console.pages.stay_forms import HELP_FORMS
from console.words import texts
from contracts.vocabulary import LANGUAGES
from services.assistance.api import EpisodeShown
from services.chassis.clock import new_id
from services.gateway.access.telling import PEOPLE as MAY_TELL
from tests.support.console_bench import (
    CASE,
    HELPED,
    NODE,
    NOW,
    POOL,
    Bench,
    a_task,
    an_episode,
    told,
)
from tests.support.console_help import (
    DUE,
    FILLED_HELP,
    FILLED_PLAN,
    PLAN,
    Filled,
    a_lasting_stay,
    a_stay,
    help_shown,
)
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

HELP = f"/help/{HELPED}"
LASTING = "assistance/v1/lasting-stays"
A_PLAN = f"{HELP}/plans/{PLAN}"
PAGES = (
    *(HELP, f"{HELP}/plan", A_PLAN, "/contracts", "/capacity", f"/capacity/{POOL}/close-places"),
    *(f"{HELP}/{form.word}" for form in HELP_FORMS),
    *(f"{A_PLAN}/{word}" for word in ("redraft", "advance", "follow-up", "asked-after")),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["confirmed", "checked-in"])
async def test_every_page_of_help_is_small_and_in_one_language(
    bench: Bench, language: str, state: str
) -> None:
    bench.node.shows |= help_shown(state)
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": language})
    for path in PAGES:
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize("word", FILLED_HELP)
async def test_what_happens_to_a_stay_is_told_with_its_task(bench: Bench, word: str) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    filled, body = FILLED_HELP[word]
    for _ in range(2):
        answer = await bench.send(f"{HELP}/{word}", {"form_id": str(CASE), **filled})
        assert answer.headers["location"] == HELP
    first, again = bench.node.events
    assert first == again
    assert first["subject"] == str(CASE)
    assert body_of(first) == {"task_id": str(HELPED), **body}


def chosen_class(text: str) -> list[str]:
    """Which class of age the form offers before anybody chose."""
    return re.findall(r'name="placement_class" value="([a-z0-9-]+)"[^>]* checked', text)


@pytest.mark.parametrize(
    ("said", "shown", "chosen"),
    [
        ("not-yet-known", {"placement-class": {"code": "from-3-to-17", "certain": False}}, "safe"),
        ("not-yet-known", {"placement-class": {"code": "not-yet-known", "certain": False}}, ""),
        ("not-yet-known", 404, ""),
        ("not-yet-known", 409, ""),
        ("not-yet-known", 403, ""),
        ("adult", {"placement-class": {"code": "from-3-to-17", "certain": True}}, "person"),
    ],
)
async def test_the_class_that_the_safe_gives_is_proposed_and_what_a_person_said_stays(
    bench: Bench, said: str, shown: Any, chosen: str
) -> None:
    bench.node.shows |= help_shown()
    (episode,) = bench.node.shows["assistance/v1/episodes"]
    episode["stay"]["placement_class"] = said
    bench.node.shows[f"gateway/v1/persons/{CASE}/placement-class"] = shown
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    answer = await bench.browser.get(f"{HELP}/place-assigned")
    assert answer.status_code == 200
    offered = {"safe": ["from-3-to-17"], "person": ["adult"], "": []}
    assert [one for one in chosen_class(answer.text) if one != "not-yet-known"] == offered[chosen]
    assert ("By the birth in the safe" in answer.text) == (chosen == "safe")
    await bench.send(f"{HELP}/place-assigned", {"pool_id": str(POOL), "placement_class": "adult"})
    assert body_of(bench.node.events[0])["placement_class"] == "adult"


@pytest.mark.parametrize("word", FILLED_PLAN)
async def test_what_happens_to_a_plan_is_told_with_its_id(bench: Bench, word: str) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    filled, body = FILLED_PLAN[word]
    answer = await bench.send(f"{A_PLAN}/{word}", filled)
    assert answer.headers["location"] == A_PLAN
    assert body_of(bench.node.events[0]) == {"plan_id": str(PLAN), **body}


async def test_a_new_plan_and_a_new_follow_up_get_ids_of_their_form(bench: Bench) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    given: Filled = {"majority": "adult", "needs": ["shelter"], "own_parts": ["shelter"]}
    form_id = str(new_id())
    for _ in range(2):
        await bench.send(f"{HELP}/plan", {"form_id": form_id, **given})
    plan, again = (body_of(event) for event in bench.node.events)
    assert plan == again
    assert "task_id" not in plan
    (part,) = plan["parts"]
    assert (part["agency"], part["service_type"], part["agreed"]) == (NODE, "shelter", True)
    await bench.send(f"{A_PLAN}/follow-up", {"due_at": "2026-04-01T12:00"})
    asking = body_of(bench.node.events[-1])
    assert asking["plan_id"] == str(PLAN)
    assert asking["follow_up_id"] not in (str(DUE), plan["plan_id"])


async def test_places_that_cannot_be_used_are_told_for_their_pool(bench: Bench) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    path = f"/capacity/{POOL}/close-places"
    assert (await bench.send(path, {"out_of_service": "2"})).status_code == 422
    await bench.send(path, {"out_of_service": "2", "reason": "repair"})
    (event,) = bench.node.events
    assert event["subject"] == str(POOL)
    assert body_of(event) == {"pool_id": str(POOL), "out_of_service": 2, "reason": "repair"}


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("confirmed", {"arrived", "no-show", "place-assigned"}),
        ("checked-in", {"departed", "extend", "place-assigned"}),
        ("checked-out", set()),
    ],
)
async def test_only_what_can_happen_to_the_stay_is_offered(
    bench: Bench, state: str, offered: set[str]
) -> None:
    bench.node.shows |= help_shown(state)
    await bench.sign_in("nurse")
    text = (await bench.browser.get(HELP)).text
    stays = {form.word for form in HELP_FORMS if form.group == "stay"}
    assert {word for word in stays if f'href="{HELP}/{word}"' in text} == offered


async def test_the_clock_of_a_stay_is_shown_and_that_own_consent_is_asked(bench: Bench) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    bench.node.shows |= help_shown()
    assert "Expected by" in (await bench.browser.get(HELP)).text
    assert "Expected by" in (await bench.browser.get(f"{HELP}/no-show")).text
    bench.node.shows |= help_shown("checked-in")
    shown = (await bench.browser.get(HELP)).text
    assert "The stay ends" in shown
    assert "ask for a consent of your own" not in shown
    bench.node.shows |= after_a_stop_of_this_help_alone()
    shown = (await bench.browser.get(HELP)).text
    assert "ask for a consent of your own" in shown
    assert '<a href="/stays">' in shown
    assert f'href="{HELP}/departed"' not in shown


async def test_nobody_arrives_at_a_visit_or_leaves_one(bench: Bench) -> None:
    """Of a service without places no place is told, and no arrival is asked for."""
    await bench.sign_in("nurse")
    promised = a_stay(is_a_stay=False, pool_id=None, arrive_by=None)
    bench.node.shows["assistance/v1/episodes"] = [an_episode(task_id=HELPED, stay=promised)]
    shown = (await bench.browser.get(HELP)).text
    assert "The person is expected" not in shown
    assert f'href="{HELP}/end-early"' in shown
    assert not [
        word for word in ("arrived", "no-show", "place-assigned") if f"{HELP}/{word}" in shown
    ]


def after_a_stop_of_this_help_alone() -> dict[str, Any]:
    """The person stopped this one task: it stays readable, and who is here keeps the bed."""
    stay = a_stay("checked-in", asks_own_consent=True)
    return {
        f"referral/v1/tasks/{HELPED}": [a_task(task_id=HELPED, state="stopped")],
        "assistance/v1/episodes": [an_episode(task_id=HELPED, state="ended-early", stay=stay)],
        LASTING: [a_lasting_stay()],
    }


def after_a_stop_of_all_sharing() -> dict[str, Any]:
    """The case is frozen: no service shows the task, assistance that somebody is here."""
    return {
        "referral/v1/tasks": [],
        f"referral/v1/tasks/{HELPED}": [],
        "assistance/v1/episodes": [told(EpisodeShown(episode_id=PLAN, frozen_at=NOW))],
        f"assistance/v1/cases/{CASE}/plans": [],
        LASTING: [a_lasting_stay()],
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_is_still_here_after_a_stop_of_all_sharing_leaves_by_pages(
    bench: Bench, language: str
) -> None:
    bench.node.shows |= after_a_stop_of_all_sharing()
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": language})
    assert (await bench.browser.get(HELP)).status_code == 404
    assert '<a href="/stays">' in (await bench.browser.get("/help")).text
    shown = (await bench.browser.get("/stays")).text
    assert f'href="/stays/{HELPED}/departed"' in shown
    assert str(HELPED)[:8] in shown
    assert str(CASE) not in shown
    form = await bench.browser.get(f"/stays/{HELPED}/departed")
    assert form.status_code == 200
    assert 'href="/stays"' in form.text
    gone = await bench.send(f"/stays/{HELPED}/departed", {"occurred_at": "2026-03-02T12:00"})
    assert gone.headers["location"] == "/stays"
    (event,) = bench.node.events
    assert event["subject"] == str(CASE)
    at = "2026-03-02T09:00:00+00:00"
    assert body_of(event) == {"task_id": str(HELPED), "occurred_at": at}


async def test_who_left_meanwhile_is_not_there_and_nobody_is_listed(bench: Bench) -> None:
    bench.node.shows |= after_a_stop_of_all_sharing() | {LASTING: []}
    await bench.sign_in("nurse")
    assert (await bench.browser.get(f"/stays/{HELPED}/departed")).status_code == 404
    again = await bench.send(f"/stays/{HELPED}/departed", {"occurred_at": "2026-03-02T12:00"})
    assert (again.status_code, again.headers["location"]) == (303, "/stays"), "pressed twice"
    assert bench.node.events == []
    home = (await bench.browser.get("/stays")).text
    assert texts()["stay-is-gone"][LANGUAGES.index("ru")] in home
    assert 'href="/stays/' not in home
    assert 'href="/stays"' not in (await bench.browser.get("/help")).text


async def test_a_full_page_of_stays_leads_to_the_next(bench: Bench) -> None:
    stays = [a_lasting_stay(task_id=UUID(int=n, version=4)) for n in range(100)]
    bench.node.shows |= after_a_stop_of_all_sharing() | {LASTING: stays}
    await bench.sign_in("nurse")
    assert f"/stays?after={stays[-1]['task_id']}" in (await bench.browser.get("/stays")).text
    bench.node.addresses.clear()
    await bench.browser.get(f"/stays?after={HELPED}")
    (asked,) = [url for url in bench.node.addresses if url.path == "/v1/lasting-stays"]
    assert asked.params["after"] == str(HELPED)


@pytest.mark.parametrize("person", ["case-worker", "supervisor", "guard", "privacy-officer"])
async def test_only_who_may_say_that_somebody_left_sees_who_is_still_here(
    bench: Bench, person: str
) -> None:
    bench.node.shows |= after_a_stop_of_all_sharing()
    await bench.sign_in(person)
    assert (await bench.browser.get("/stays")).status_code == 403
    assert 'href="/stays"' not in (await bench.browser.get("/help")).text
    assert not [place for _, place, _ in bench.node.asked if place == LASTING]


async def test_a_plan_offers_only_the_steps_that_follow(bench: Bench) -> None:
    await bench.sign_in("nurse")
    bench.node.shows |= help_shown(state="closed", reason="goals-met")
    text = (await bench.browser.get(f"{A_PLAN}/advance")).text
    assert 'value="active"' in text
    assert 'value="agreed"' not in text
    assert f'href="{A_PLAN}/redraft"' not in (await bench.browser.get(A_PLAN)).text


async def test_another_cases_plan_is_not_there(bench: Bench) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    assert (await bench.browser.get(f"{HELP}/plans/{DUE}")).status_code == 404
    sent = await bench.send(f"{HELP}/plans/{DUE}/advance", {"to": "agreed"})
    assert sent.status_code == 404
    assert bench.node.events == []


async def test_contracts_say_what_remains(bench: Bench) -> None:
    bench.node.shows |= help_shown()
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/contracts")).text
    assert "<dd>40</dd>" in text
    assert text.count("Nothing is left") == 1


def test_each_form_stands_in_the_table_and_may_be_told_by_the_same_roles() -> None:
    listed = {f"{place}/{word}" for place, (words, _) in WORDS.items() for word in words}
    listed |= {f"/help/{{task_id}}/{word}" for word in ONWARD_FORMS}
    listed |= {f"/cases/{{case_id}}/{word}" for word in SECOND_FORMS}
    listed |= {f"/holds/{{case_id}}/{word}" for word in SECOND_HOLD_FORMS}
    assert {sheet.place for sheet in SHEETS} == listed
    for sheet in SHEETS:
        assert ROLES_OF_PAGES["POST", sheet.place] <= MAY_TELL[sheet.happened], sheet.word


def test_every_form_of_help_is_filled_in_here() -> None:
    filled: Any = {*FILLED_HELP, *FILLED_PLAN, "plan", "follow-up", "close-places", *ONWARD_FORMS}
    elsewhere = {*WORDS["/cases/{case_id}"][0], *SECOND_FORMS}
    elsewhere |= {*HOLD_FORMS, *SECOND_HOLD_FORMS, *NEW_CONTRACT_FORMS, *CONTRACT_FORMS}
    elsewhere |= {*DRAFT_FORMS}
    assert {sheet.word for sheet in SHEETS} - elsewhere == filled
