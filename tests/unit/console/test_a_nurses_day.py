"""What a nurse does by pages becomes events at the node's own door, once each."""

import re
from typing import Any
from uuid import UUID

import pytest

from contracts.catalogue import CATALOGUE
from contracts.vocabulary import LANGUAGES, code_lists
from services.chassis.clock import new_id
from services.chassis.messaging.unfinished import Unfinished
from tests.support.console_bench import (
    CASE,
    POOL,
    TASK,
    TASKS_PAGE,
    Bench,
    a_pool,
    a_task,
    an_episode,
)

PAGE_LIMIT = 100_000
ALL_PAGES = (
    *("/", "/offers", f"/offers/{TASK}", f"/offers/{TASK}/decline", "/help", f"/help/{TASK}"),
    *("/news", "/capacity", "/capacity/new", f"/capacity/{POOL}", "/locked"),
)


def body_of(event: dict[str, Any]) -> dict[str, Any]:
    """The event's body, which its contract takes."""
    spec = next(spec for kind, spec in CATALOGUE.items() if kind == event["type"])
    spec.model.model_validate(event["data"])
    return dict(event["data"])


def shows(bench: Bench, **changes: Any) -> None:
    """The one task, as it is now."""
    bench.node.shows["referral/v1/tasks"] = [a_task(**changes)]
    bench.node.shows[f"referral/v1/tasks/{TASK}"] = [a_task(**changes)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_small_and_in_one_language(bench: Bench, language: str) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": language})
    for path in ALL_PAGES:
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT
        assert f'<html lang="{language}">' in answer.text
        assert str(CASE) not in answer.text


async def test_opening_an_offer_tells_that_a_person_saw_it_and_looking_does_not(
    bench: Bench,
) -> None:
    await bench.sign_in("nurse")
    await bench.browser.get("/offers")
    await bench.browser.get(f"/offers/{TASK}")
    assert bench.node.events == []
    opened = await bench.send(f"/offers/{TASK}/open", {"form_id": str(new_id())})
    assert opened.headers["location"] == f"/offers/{TASK}"
    (event,) = bench.node.events
    assert body_of(event) == {"task_id": str(TASK), "answer": "seen"}
    assert event["subject"] == str(CASE)
    shows(bench, state="seen")
    await bench.send(f"/offers/{TASK}/open", {"form_id": str(new_id())})
    assert len(bench.node.events) == 1


async def test_the_most_urgent_offer_stands_first(bench: Bench) -> None:
    await bench.sign_in("nurse")
    bench.node.shows["referral/v1/tasks"] = [
        a_task(service_type="vocational", urgency="routine"),
        a_task(service_type="medical", urgency="emergency"),
    ]
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get("/offers")).text
    assert text.index("Medical") < text.index("Vocational")


async def test_what_waits_and_who_is_helped_is_shown_however_much_has_ended_since(
    bench: Bench,
) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    ended = [a_task(service_type="vocational", state="declined") for _ in range(TASKS_PAGE)]
    bench.node.shows["referral/v1/tasks"] = [
        *ended,
        a_task(service_type="medical", urgency="emergency"),
        a_task(service_type="psychological", state="in-progress"),
    ]
    assert "Medical" in (await bench.browser.get("/offers")).text
    assert "Psychological" in (await bench.browser.get("/help")).text


async def test_the_list_of_people_in_care_asks_for_the_episode_of_each(bench: Bench) -> None:
    await bench.sign_in("nurse")
    tasks = [a_task(task_id=new_id(), state="in-progress") for _ in range(TASKS_PAGE)]
    bench.node.shows["referral/v1/tasks"] = tasks
    bench.node.addresses.clear()
    await bench.browser.get("/help")
    asked = [url.params for url in bench.node.addresses if url.path == "/v1/episodes"]
    named = [task for some in asked for task in some.get_list("task_id")]
    assert named == [task["task_id"] for task in tasks]


async def test_an_offer_is_accepted_and_a_refusal_is_told_in_words(bench: Bench) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "ru"})
    shows(bench, state="seen")
    assert (await bench.send(f"/offers/{TASK}/accept", {})).status_code == 303
    bench.node.refuses(("wrong-state", None))
    refused = await bench.send(f"/offers/{TASK}/accept", {})
    assert refused.status_code == 422
    assert "Не выполнено" in refused.text


async def test_declining_needs_a_reason(bench: Bench) -> None:
    await bench.sign_in("nurse")
    assert (await bench.send(f"/offers/{TASK}/decline", {})).status_code == 422
    assert bench.node.events == []
    await bench.send(f"/offers/{TASK}/decline", {"reason": "at-capacity"})
    assert body_of(bench.node.events[0])["reason"] == "at-capacity"


async def test_a_visit_is_recorded_once_however_often_the_button_is_pressed(bench: Bench) -> None:
    await bench.sign_in("nurse")
    shows(bench, state="accepted")
    visit = {"form_id": str(new_id()), "unit": "visit", "quantity": "1", "outcome": ""}
    for _ in range(2):
        assert (await bench.send(f"/help/{TASK}", visit)).status_code == 303
    first, again = bench.node.events
    assert first["id"] == again["id"]
    assert body_of(first) == {"task_id": str(TASK), "unit": "visit", "quantity": 1}
    await bench.send(f"/help/{TASK}", {**visit, "quantity": "2"})
    assert bench.node.events[-1]["id"] != first["id"]


@pytest.mark.parametrize(
    ("state", "episode", "stands"),
    [
        ("cancelled", "active", True),
        ("cancelled", "suspended", True),
        ("expired", "active", True),
        ("cancelled", "ended-early", False),
        ("cancelled", "planned", False),
        ("declined", "active", False),
    ],
)
async def test_help_that_runs_on_after_it_was_called_off_is_listed_and_can_be_ended(
    bench: Bench, state: str, episode: str, stands: bool
) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    shows(bench, state=state)
    bench.node.shows["assistance/v1/episodes"] = [an_episode(state=episode)]
    assert (f'href="/help/{TASK}"' in (await bench.browser.get("/help")).text) is stands
    text = (await bench.browser.get(f"/help/{TASK}")).text
    assert ("it runs on" in text) is stands
    assert (f"/help/{TASK}/end-early" in text) is stands
    assert ('name="outcome"' in text) is (stands and episode == "active")


async def test_of_what_was_taken_back_only_help_that_runs_on_is_asked_for(bench: Bench) -> None:
    running = [new_id() for _ in range(TASKS_PAGE + 1)]
    newer = [a_task(task_id=new_id(), state="expired") for _ in range(TASKS_PAGE)]
    tasks = [*newer, *(a_task(task_id=each, state="cancelled") for each in running)]
    episodes = [
        an_episode(episode_id=UUID(int=n), task_id=each, state="active")
        for n, each in enumerate(running, 1)
    ]
    read: list[str] = []

    def tasks_shown(asked: Any) -> list[dict[str, Any]]:
        named = asked.get_list("task_id")
        found = [task for task in tasks if task["state"] == asked["state"]]
        found = [task for task in found if not named or task["task_id"] in named][:TASKS_PAGE]
        read.extend(task["task_id"] for task in found)
        return found

    def episodes_shown(asked: Any) -> list[dict[str, Any]]:
        return [each for each in episodes if each["episode_id"] > asked.get("after", "")]

    bench.node.shows["referral/v1/tasks"] = tasks_shown
    bench.node.shows["assistance/v1/episodes"] = episodes_shown
    await bench.sign_in("nurse")
    read.clear()
    text = (await bench.browser.get("/help")).text
    shown = re.findall(r'href="/help/([0-9a-f-]{36})"', text)
    assert set(shown) == {str(each) for each in running}
    assert sorted(read) == sorted(shown), "who is not shown was not read"


async def test_a_time_is_read_in_the_zone_of_the_node(bench: Bench) -> None:
    await bench.sign_in("nurse")
    shows(bench, state="in-progress")
    fields = {"unit": "visit", "quantity": "1", "occurred_at": "2026-03-02T12:30"}
    await bench.send(f"/help/{TASK}", {**fields, "outcome": "need-met"})
    assert body_of(bench.node.events[0])["occurred_at"] == "2026-03-02T09:30:00+00:00"


@pytest.mark.parametrize("wrong", ["x", "-1", "1e3", "99999999999", "<b>7</b>"])
async def test_a_number_that_is_none_is_told_and_not_sent(bench: Bench, wrong: str) -> None:
    await bench.sign_in("nurse")
    shows(bench, state="accepted")
    answer = await bench.send(f"/help/{TASK}", {"unit": "visit", "quantity": wrong})
    assert answer.status_code == 422
    assert bench.node.events == []
    assert "<b>7" not in answer.text


def ticked(page: str) -> list[str]:
    """What the form says of whom the places suit."""
    return re.findall(r'name="suits" value="([a-z-]+)" checked', page)


async def test_a_pool_is_reported_and_keeps_what_it_is_for(bench: Bench) -> None:
    await bench.sign_in("nurse")
    suits = ticked((await bench.browser.get(f"/capacity/{POOL}")).text)
    fields = {"maximum": "6", "out_of_service": "1", "suits": suits}
    await bench.send(f"/capacity/{POOL}", fields)
    (event,) = bench.node.events
    assert event["subject"] == str(POOL)
    assert body_of(event) == {
        "pool_id": str(POOL),
        "maximum": 6,
        "out_of_service": 1,
        "service_type": "crisis-room",
        "audience_class": "women",
        "suits": ["dependants"],
    }


async def test_a_waiting_list_is_said_and_stays_as_it_was_said(bench: Bench) -> None:
    bench.node.shows["assistance/v1/pools"] = [{**a_pool(), "waiting_list": True}]
    await bench.sign_in("nurse")
    form = (await bench.browser.get(f"/capacity/{POOL}")).text
    assert re.search(r'name="waiting_list"[^>]* value="yes" checked', form)
    for said in ("yes", "no"):
        fields = {"maximum": "6", "out_of_service": "1", "waiting_list": said}
        await bench.send(f"/capacity/{POOL}", fields)
    told = [body_of(event)["waiting_list"] for event in bench.node.events]
    assert told == [True, False]


async def test_whom_places_suit_can_be_said_anew_and_taken_back(bench: Bench) -> None:
    await bench.sign_in("nurse")
    counts = {"maximum": "6", "out_of_service": "1"}
    await bench.send(f"/capacity/{POOL}", {**counts, "suits": ["step-free", "men"]})
    await bench.send(f"/capacity/{POOL}", counts)
    said, nothing = map(body_of, bench.node.events)
    assert said["suits"] == ["step-free", "men"]
    assert "suits" not in nothing
    emptied = await bench.send(f"/capacity/{POOL}", {**counts, "maximum": "many"})
    assert emptied.status_code == 422
    assert ticked(emptied.text) == [], "what was emptied stays so when the form comes back"
    kept = await bench.send(f"/capacity/{POOL}", {"maximum": "many", "suits": ["men"]})
    assert ticked(kept.text) == ["men"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_board_says_whom_places_suit(bench: Bench, language: str) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": language})
    suits = code_lists()["place-suits"]
    title, label = suits.title.in_language(language), suits.label("dependants", language)
    assert f"{title}: {label}" in (await bench.browser.get("/capacity")).text
    bench.node.shows["assistance/v1/pools"] = [{**a_pool(), "suits": []}]
    assert title not in (await bench.browser.get("/capacity")).text


async def test_a_new_pool_sent_twice_is_one_pool(bench: Bench) -> None:
    await bench.sign_in("nurse")
    fields = {"form_id": str(new_id()), "service_type": "shelter", "audience_class": "women"}
    for _ in range(2):
        await bench.send("/capacity/new", {**fields, "maximum": "3", "out_of_service": "0"})
    first, again = bench.node.events
    assert (first["id"], first["subject"]) == (again["id"], again["subject"])


async def test_what_is_stuck_is_said_beside_the_help(bench: Bench) -> None:
    await bench.sign_in("nurse")
    await bench.send("/language", {"to": "en"})
    shows(bench, state="in-progress", unfinished=Unfinished(stuck=True, parked=1))
    assert "Stuck" in (await bench.browser.get("/help")).text
    assert "Stuck" in (await bench.browser.get(f"/help/{TASK}")).text


async def test_help_rests_and_goes_on(bench: Bench) -> None:
    await bench.sign_in("nurse")
    shows(bench, state="in-progress")
    await bench.send(f"/help/{TASK}/pause", {"reason": "person-away"})
    shows(bench, state="on-hold")
    assert "/resume" in (await bench.browser.get(f"/help/{TASK}")).text
    await bench.send(f"/help/{TASK}/resume", {})
    paused, resumed = map(body_of, bench.node.events)
    assert paused == {"task_id": str(TASK), "reason": "person-away"}
    assert resumed == {"task_id": str(TASK)}
