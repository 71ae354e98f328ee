"""What may still wait: what shows that it is done, and what stands above the first page."""

from datetime import timedelta
from typing import Any

import pytest

from console.pages.standing import RULES
from console.ringing import WORTH
from contracts.vocabulary import LANGUAGES, code_lists
from tests.support.console_bench import (
    CASE,
    HELPED,
    NOW,
    POOL,
    TASK,
    Bench,
    a_case,
    a_need,
    a_request,
    a_sent_task,
    a_task,
    an_episode,
    told,
)
from tests.support.console_cases import a_childs_case
from tests.support.console_help import (
    DUE,
    PLAN,
    a_contract,
    a_lasting_stay,
    a_plan,
    a_stay,
)
from tests.support.console_news import (
    a_piece,
    of_a_task,
)
from tests.support.console_registers import a_draft
from tests.unit.console.test_news import LATE, asked_for, label, see

EPISODES, STAYS = "assistance/v1/episodes", "assistance/v1/lasting-stays"
ONE_TASK, ONE_CASE = f"referral/v1/tasks/{HELPED}", f"identification/v1/cases/{CASE}"
PLANS, REQUEST = f"assistance/v1/cases/{CASE}/plans", f"referral/v1/requests/{TASK}"
CONTRACTS = "assistance/v1/contracts"
SENT = {"side": "sender", "request_id": TASK, "need_id": TASK}
DRAFTS, DRAFTED = f"referral/v1/cases/{CASE}/drafts", SENT | {"task_id": None, "need_id": None}
A_DRAFT = a_draft(CASE, TASK, NOW)
OF_A_PLAN = {"side": "provider", "plan_id": PLAN, "follow_up_id": DUE}
DONE = {"done_at": NOW}


def asked_after(**changes: Any) -> list[dict[str, Any]]:
    """The plan, whose follow-up is open or done."""
    plan = a_plan()
    first, *others = plan["follow_ups"]
    return [{**plan, "follow_ups": [{**first, **changes}, *others]}]


def stays(state: str = "checked-in", **changes: Any) -> list[dict[str, Any]]:
    """The episode of the task, with its place."""
    return [an_episode(task_id=HELPED, stay=a_stay(state, **changes))]


def a_childs(**child: Any) -> dict[str, Any]:
    """A child's case of which that is on record."""
    case = a_childs_case(case_id=str(CASE))
    return {**case, "child": {**case["child"], **child}}


def recorded(**record: Any) -> dict[str, Any]:
    """A child's case in which that is so."""
    case = a_childs_case(case_id=str(CASE))
    return {**case, "record": {**case["record"], **record}}


def handed_over(clock: str) -> dict[str, Any]:
    """A case that another agency has, and what it told of its first decision."""
    (hand_over,) = a_case()["hand_overs"]
    return a_case(state="detected") | {"hand_overs": [{**hand_over, "decision_clock": clock}]}


def in_a_case(state: str, **clocks: str | None) -> dict[str, Any]:
    """A case in a state, with the clocks that run."""
    case = a_case(state=state)
    none = dict.fromkeys(case["clocks"])
    return {**case, "clocks": none | clocks}


def needing(state: str) -> dict[str, Any]:
    """A request whose need is so."""
    need = a_need(need_id=TASK, service_type="nursing-visit", state=state, round=1)
    return a_request(needs=[told(need)])


LATER, BEFORE = (NOW + timedelta(days=1)).isoformat(), LATE.isoformat()
WAITING: list[tuple[str, dict[str, Any], str, Any, Any]] = [
    ("offer-received", {}, ONE_TASK, [a_task()], [a_task(state="accepted")]),
    ("offer-unseen", {}, ONE_TASK, [a_task()], [a_task(state="seen")]),
    ("start-overdue", {}, ONE_TASK, [a_task(state="accepted")], [a_task(state="in-progress")]),
    (
        "person-not-arrived",
        SENT,
        ONE_TASK,
        [a_sent_task(state="accepted"), a_task(state="in-progress")],
        [a_sent_task(state="in-progress"), a_task(state="accepted")],
    ),
    (
        "expected-earlier",
        SENT,
        ONE_TASK,
        [a_sent_task(state="accepted")],
        [a_sent_task(state="in-progress")],
    ),
    ("task-stopped", SENT, REQUEST, needing("not-found"), needing("offered")),
    ("task-stopped", SENT, REQUEST, needing("escalated"), needing("ended")),
    (
        "help-called-off",
        {},
        EPISODES,
        [an_episode(task_id=HELPED, state="suspended")],
        [an_episode(task_id=HELPED, state="ended-early")],
    ),
    ("provider-not-found", SENT, REQUEST, needing("not-found"), needing("offered")),
    ("need-escalated", SENT, REQUEST, needing("escalated"), needing("ended")),
    ("draft-end-near", DRAFTED, DRAFTS, [A_DRAFT], [A_DRAFT | {"request_id": str(POOL)}]),
    ("draft-end-near", DRAFTED, DRAFTS, [A_DRAFT], []),
    ("arrival-overdue", {}, EPISODES, stays("confirmed"), stays()),
    ("stay-limit-near", {}, EPISODES, stays(), stays("checked-out")),
    ("stay-overdue", {}, EPISODES, stays(ends_at=LATE), stays(ends_at=NOW + timedelta(1))),
    ("stay-overdue", {}, EPISODES, stays(ends_at=None), stays("checked-out")),
    ("placement-to-review", {}, EPISODES, stays(), stays(reason="safety")),
    (
        "episode-not-begun",
        {},
        EPISODES,
        [an_episode(task_id=HELPED, state="scheduled", starts_at=LATE)],
        [an_episode(task_id=HELPED, state="active")],
    ),
    (
        "episode-not-begun",
        {},
        EPISODES,
        [an_episode(task_id=HELPED, state="planned")],
        [an_episode(task_id=HELPED, state="scheduled", starts_at=NOW + timedelta(1))],
    ),
    ("follow-up-due", OF_A_PLAN, PLANS, asked_after(), asked_after(done_at=BEFORE)),
    (
        "decision-overdue",
        {},
        ONE_CASE,
        in_a_case("screening", reasonable_grounds_due_at=BEFORE),
        in_a_case("reflection", reasonable_grounds_due_at=BEFORE, conclusive_due_at=LATER),
    ),
    (
        "decision-overdue",
        {},
        ONE_CASE,
        in_a_case("presumed", conclusive_due_at=BEFORE),
        in_a_case("closed", conclusive_due_at=BEFORE),
    ),
    ("awaited-decision-overdue", {}, ONE_CASE, handed_over("passed"), handed_over("over")),
    ("child-missing", {}, ONE_CASE, recorded(), recorded(missing_at=None)),
    ("child-notification-overdue", {}, ONE_CASE, a_childs(), a_childs(authorities_to_tell=[])),
    ("child-notification-failed", {}, ONE_CASE, a_childs(), a_childs(authorities_to_tell=[])),
    ("reflection-review-due", {}, ONE_CASE, in_a_case("reflection"), in_a_case("identified")),
    (
        "reflection-ended",
        {},
        ONE_CASE,
        in_a_case("presumed", conclusive_due_at=LATER),
        in_a_case("identified"),
    ),
    ("majority-review-due", {}, ONE_CASE, a_childs_case(), a_case()),
    (
        "contract-exhausted",
        {"contract_id": PLAN},
        CONTRACTS,
        [a_contract(remaining=0), a_contract(contract_id=CASE)],
        [a_contract(remaining=1)],
    ),
    (
        "contract-exceeded",
        {"contract_id": PLAN},
        CONTRACTS,
        [a_contract(remaining=0, beyond=1), a_contract(contract_id=CASE)],
        [a_contract(remaining=0, beyond=0)],
    ),
    ("own-consent-needed", {}, STAYS, [a_lasting_stay()], []),
    ("consent-expired", {}, ONE_CASE, a_case(), a_case(state="entered-in-error")),
    ("consent-expiry-near", {}, ONE_CASE, a_case(), a_case(state="closed")),
]
"""Kind, more of the piece, what is asked, what it shows while it waits, and once it is done."""


@pytest.mark.parametrize("row", WAITING, ids=lambda row: row[0])
async def test_what_is_done_waits_no_longer_and_what_nobody_can_tell_does(
    bench: Bench, row: tuple[str, dict[str, Any], str, Any, Any]
) -> None:
    kind, more, place, waiting, done = row
    piece = a_piece(kind, **more) if "plan_id" in more else of_a_task(kind, **more)
    person = "case-worker" if place in (ONE_CASE, REQUEST, DRAFTS) else "nurse"
    for shown, is_there in ((waiting, True), (done, False), (404, True), (500, True), (403, True)):
        bench.node.shows[place] = shown
        text = await see(bench, piece, person=person, query="?only=waits")
        assert (label(kind) in text) is is_there, shown
        assert label(kind) in await see(bench, piece, person=person)


async def test_that_help_was_stopped_where_it_was_given_waits_as_nobody_can_tell_what_came_of_it(
    bench: Bench,
) -> None:
    text = await see(bench, of_a_task("task-stopped"), person="nurse", query="?only=waits")
    assert label("task-stopped") in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_sharing_ended_does_not_read_as_the_end_of_help(language: str) -> None:
    said = code_lists()["news-kind"].label("task-stopped", language).casefold()
    assert all(word not in said for word in ("help", "помощь", "дапамог"))


def test_every_rule_of_what_is_done_is_tried_and_is_about_something_that_rang() -> None:
    assert {kind for kind, *_ in WAITING} | {"destruction-due"} == set(RULES)
    assert set(RULES) <= WORTH


@pytest.mark.parametrize("person", ["privacy-officer", "supervisor", "nurse"])
async def test_what_was_destroyed_is_not_to_be_destroyed_any_more_whoever_looks(
    bench: Bench, person: str
) -> None:
    due = a_piece("destruction-due", due_at=LATE)
    for piece, stands in ((due, True), (due.model_copy(update={"done": True}), False)):
        assert (label(due.kind) in await see(bench, piece, person=person)) is True
        assert (label(due.kind) in (await bench.browser.get("/news?only=waits")).text) is stands
        assert (label(due.kind) in (await bench.browser.get("/")).text) is stands


async def test_of_a_frozen_case_nobody_says_that_something_is_done(bench: Bench) -> None:
    case = a_case(frozen_at=NOW)
    nothing = dict.fromkeys(case.keys() - {"case_id", "frozen_at"})
    bench.node.shows[ONE_CASE] = {**case, **nothing}
    text = await see(bench, a_piece("decision-overdue"), person="case-worker", query="?only=waits")
    assert label("decision-overdue") in text


async def test_clocks_that_ran_out_and_may_still_wait_stand_above_the_first_page(
    bench: Bench,
) -> None:
    bench.node.shows |= {EPISODES: stays("confirmed"), ONE_TASK: [a_task(state="in-progress")]}
    passed = of_a_task("arrival-overdue", due_at=LATE)
    done = of_a_task("start-overdue", due_at=LATE)
    coming = of_a_task("stay-limit-near", due_at=NOW + timedelta(days=9))
    child = a_piece("child-missing", cannot_wait=True)
    await see(bench, passed, done, coming, child)
    text = (await bench.browser.get("/")).text
    assert label("arrival-overdue") in text
    assert label("child-missing") in text
    assert label("start-overdue") not in text
    assert label("stay-limit-near") not in text
    await see(bench, *[passed] * 30)
    bench.node.addresses.clear()
    text = (await bench.browser.get("/")).text
    assert text.count(label("arrival-overdue")) == 1
    urgent, asked = asked_for(bench)
    assert urgent == {**asked, "since": urgent["since"], "cannot_wait": ["true"]}
    assert (urgent["since"], asked["since"]) == (
        ["2026-01-31T00:00:00+03:00"],
        ["2026-02-23T00:00:00+03:00"],
    )
    assert set(asked["kind"]) <= WORTH
    assert {"arrival-overdue", "destruction-due", "child-missing"} <= set(asked["kind"])
    assert "task-expired" not in asked["kind"]
