"""News for people: each role its own, newest first, page by page; whose were shown is recorded."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.chassis.audit import record
from services.chassis.clock import new_id
from services.gateway.disclosure.news import is_of_the_node
from services.gateway.handlers import news as module
from services.gateway.handlers.feeds import INCOMING
from services.gateway.store.cases import freeze_case, lock_case, note_known
from tests.support.gateway_door import NOW, Door, as_

OFFERED = "org.nrm.referral.offer-received.v1"
DECLINED = "org.nrm.referral.task-declined.v1"
DECIDED_LATE = "org.nrm.identification.decision-overdue.v1"
FREEZE = "org.nrm.identification.case-frozen.v1"
NOT_HERE = "org.nrm.assistance.arrival-overdue.v1"
EXPIRED = "org.nrm.gateway.consent-expired.v1"
USED_UP = "org.nrm.assistance.contract-exhausted.v1"
DESTROY = "org.nrm.identification.destruction-due.v1"
HOLD_ENDED = "org.nrm.gateway.legal-hold-ended.v1"
TASK: dict[str, Any] = {
    "task_id": str(new_id()),
    "service_type": "shelter",
    "other_agency": "interior-brest",
}
SECRETS: dict[str, Any] = {
    "hand_over_reference": str(new_id()),
    "citizenship": "BY",
    "reason": "safety",
}


STOPPED = {
    "task-declined": "at-capacity",
    "task-paused": "person-away",
    "task-not-sent": "no-consent",
}


async def put(
    door: Door, event_type: str, case_id: UUID | None = None, at: datetime = NOW, **facts: Any
) -> UUID:
    """A piece of news, numbered."""
    about = case_id or new_id()
    entry = {
        "id": str(new_id()),
        "type": event_type,
        "time": at.isoformat(),
        "case_id": None if is_of_the_node(event_type) else str(about),
        "facts": facts,
    }
    async with door.database.transaction() as tx:
        await door.context.feeds.append(tx, INCOMING, entry)
    await door.context.feeds.number()
    return about


async def asked(door: Door, role: str, **query: Any) -> dict[str, Any]:
    answer = await door.client.get("/v1/news", params=query, headers=as_(role))
    assert answer.status_code == 200
    return dict(answer.json())


async def kinds(door: Door, role: str, **query: Any) -> list[str]:
    return [piece["kind"] for piece in (await asked(door, role, **query))["news"]]


async def test_each_role_reads_what_its_services_would_show_and_nobody_else_any(door: Door) -> None:
    await put(door, OFFERED, **TASK, side="provider", answer_by=NOW.isoformat())
    await put(door, DECLINED, **TASK, side="sender")
    await put(door, DECIDED_LATE, due_at=NOW.isoformat(), decision="conclusive")
    await put(door, NOT_HERE, task_id=TASK["task_id"], arrive_by=NOW.isoformat())
    await put(door, EXPIRED, expired_at=NOW.isoformat())
    nurses = ["arrival-overdue", "offer-received"]
    everything = ["consent-expired", "arrival-overdue", "decision-overdue", "task-declined"]
    assert await kinds(door, "provider-intake") == nurses
    assert await kinds(door, "case-officer") == [*everything, "offer-received"]
    assert await kinds(door, "supervisor") == [*everything, "offer-received"]
    assert await kinds(door, "data-protection-officer") == []
    for role in ("agency-system", "capacity-clerk", "detector", "operator"):
        answer = await door.client.get("/v1/news", headers=as_(role))
        assert answer.status_code == 403, role


async def test_a_piece_says_what_when_and_about_which_thing_and_nothing_of_the_person(
    door: Door,
) -> None:
    case_id = await put(
        door,
        OFFERED,
        **(TASK | SECRETS),
        side="provider",
        urgency="emergency",
        answer_by=(NOW + timedelta(hours=1)).isoformat(),
        seen_by=NOW.isoformat(),
    )
    (piece,) = (await asked(door, "provider-intake"))["news"]
    assert {name: told for name, told in piece.items() if told is not None and name != "id"} == {
        "kind": "offer-received",
        "told_at": "2026-11-02T09:00:00Z",
        "due_at": "2026-11-02T09:00:00Z",
        "cannot_wait": True,
        "case_id": str(case_id),
        "led_here": False,
        "done": False,
        "side": "provider",
        "agency": TASK["other_agency"],
        "task_id": TASK["task_id"],
        "service_type": "shelter",
        "urgency": "emergency",
    }


async def test_why_help_stopped_is_told_and_no_reason_of_anything_else(door: Door) -> None:
    about = {**TASK, "side": "sender"}
    for word, reason in STOPPED.items():
        await put(door, f"org.nrm.referral.{word}.v1", **about, reason=reason)
    await put(door, "org.nrm.referral.need-cancelled.v1", reason="person-asked")
    await put(door, DECIDED_LATE, due_at=NOW.isoformat(), reason="not-yet-known")
    news = (await asked(door, "case-officer"))["news"]
    others = dict.fromkeys(("need-cancelled", "decision-overdue"))
    assert {piece["kind"]: piece["reason"] for piece in news} == STOPPED | others


async def test_nobody_misses_a_piece_or_reads_it_twice_however_small_the_page(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(module, "LOOKS", 2)
    told = []
    for number in range(20):
        mine = number % 5 != 0
        case_id = await put(door, OFFERED if mine else EXPIRED, side="provider")
        told += [str(case_id)] if mine else []
    for limit in (1, 2, 7, 100):
        seen: list[str] = []
        query: dict[str, Any] = {"limit": limit}
        for _ in range(40):
            page = await asked(door, "provider-intake", **query)
            seen += [piece["case_id"] for piece in page["news"]]
            if page["older"] is None:
                break
            query["before"] = page["older"]
        assert seen == told[::-1]


async def test_only_the_kinds_and_the_days_that_are_asked_for_are_shown(door: Door) -> None:
    await put(door, OFFERED, at=NOW - timedelta(days=8), side="provider")
    await put(door, NOT_HERE, at=NOW - timedelta(days=2))
    await put(door, OFFERED, at=NOW, side="provider")
    since = (NOW - timedelta(days=7)).isoformat()
    recent = ["offer-received", "arrival-overdue"]
    assert await kinds(door, "provider-intake", since=since) == recent
    assert await kinds(door, "provider-intake", kind=["offer-received", "x"]) == [recent[0]] * 2
    assert await kinds(door, "provider-intake", kind="arrival-overdue") == [recent[1]]


@pytest.mark.parametrize(
    "query",
    [{"before": "1"}, {"before": "AAAAAAAAA="}, {"since": "2026-01-01"}, {"limit": 101}],
)
async def test_a_place_that_nobody_gave_out_is_refused(door: Door, query: dict[str, Any]) -> None:
    answer = await door.client.get("/v1/news", params=query, headers=as_("supervisor"))
    assert answer.status_code == 422


async def test_a_place_beyond_every_place_is_the_newest(door: Door) -> None:
    await put(door, EXPIRED)
    assert await kinds(door, "supervisor", before="_" * 11) == ["consent-expired"]


async def test_of_a_frozen_case_people_read_the_freeze_alone(door: Door) -> None:
    ours, theirs = await put(door, OFFERED, side="provider"), new_id()
    for case_id in (ours, theirs):
        await put(door, FREEZE, case_id)
        await put(door, NOT_HERE, case_id)
        async with door.database.transaction() as tx:
            await lock_case(tx, case_id, NOW)
            await freeze_case(tx, case_id, NOW)
    async with door.database.transaction() as tx:
        await note_known(tx, theirs, NOW)
    read = (await asked(door, "case-officer"))["news"]
    assert [(piece["kind"], piece["led_here"]) for piece in read] == [
        ("case-frozen", True),
        ("case-frozen", False),
    ]
    (piece,) = (await asked(door, "provider-intake"))["news"]
    assert piece["case_id"] == str(ours)
    await put(door, HOLD_ENDED, ours, ended_at=NOW.isoformat())
    assert await kinds(door, "data-protection-officer") == [
        "legal-hold-ended",
        *["case-frozen"] * 2,
    ]
    assert (await kinds(door, "supervisor"))[0] == "legal-hold-ended"
    assert await kinds(door, "provider-intake") == ["case-frozen"]


async def test_news_say_what_was_destroyed_and_of_no_other_case_and_nothing_else_of_it(
    door: Door,
) -> None:
    gone, empty, refused, unknown = [
        await put(door, DESTROY, due_at=NOW.isoformat()) for _ in range(4)
    ]
    acts = ((gone, "not-yet-due"), (gone, ""), (empty, "nothing-there"), (refused, "legal-hold"))
    await put(door, HOLD_ENDED, gone, ended_at=NOW.isoformat())
    async with door.database.transaction() as tx:
        for case_id, reason in (*acts, (unknown, "absent")):
            about = {"action": "person-destroyed", "subject": str(case_id), "reason": reason}
            record(tx, actor="an-officer", **about)
    for role in ("data-protection-officer", "supervisor", "provider-intake"):
        read = (await asked(door, role, kind="destruction-due"))["news"]
        done = {piece["case_id"] for piece in read if piece["done"]}
        assert (len(read), done) == (4, {str(gone), str(empty)})
    (other,) = (await asked(door, "supervisor", kind="legal-hold-ended"))["news"]
    assert other["done"] is False


async def test_whose_news_were_shown_to_whom_is_in_the_audit_once_for_a_look(door: Door) -> None:
    case_id = await put(door, OFFERED, side="provider")
    await put(door, NOT_HERE, case_id)
    hidden = await put(door, EXPIRED)
    await asked(door, "provider-intake")
    acts = await door.rows("SELECT actor, subject FROM audit WHERE action = 'list-news'")
    assert [(row["actor"], row["subject"]) for row in acts] == [
        ("border-brest.provider-intake", str(case_id))
    ]
    assert str(hidden) not in str(acts)


async def test_what_cannot_wait_is_asked_for_apart(door: Door) -> None:
    await put(door, OFFERED, side="provider", urgency="emergency", **TASK)
    await put(door, OFFERED, side="provider", urgency="routine", **TASK)
    assert await kinds(door, "provider-intake") == ["offer-received"] * 2
    (piece,) = (await asked(door, "provider-intake", cannot_wait=True))["news"]
    assert (piece["cannot_wait"], piece["urgency"]) == (True, "emergency")


async def test_news_of_no_case_are_read_by_whom_they_are_for_and_leave_no_row_of_a_case(
    door: Door,
) -> None:
    contract_id = str(new_id())
    await put(door, USED_UP, contract_id=contract_id, service_type="shelter", funded=3)
    for role in ("supervisor", "provider-intake"):
        (piece,) = (await asked(door, role))["news"]
        told = {
            name: said for name, said in piece.items() if said and name not in ("id", "told_at")
        }
        assert told == {
            "kind": "contract-exhausted",
            "contract_id": contract_id,
            "service_type": "shelter",
        }
    for role in ("case-officer", "data-protection-officer"):
        assert await kinds(door, role) == [], role
    (entry,) = (await door.client.get("/v1/incoming")).json()["incoming"]
    assert (entry["case_id"], entry["facts"]["contract_id"]) == (None, contract_id)
    assert await door.rows("SELECT subject FROM audit WHERE action = 'list-news'") == []
