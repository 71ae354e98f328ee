"""What a system that speaks FHIR alone can tell: an order, and how help goes on to its end."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings

from doors.fhir.form import sound_bundle
from doors.fhir.intake import ReadBundle, read_bundle
from doors.fhir.tasks import bundle_of
from tests.unit.doors.test_fhir import (
    CANARY,
    CASE,
    KEY,
    NEED,
    REQUEST,
    SAYABLE,
    TASK,
    a_task,
    an_answer,
    tasks,
)

Resource = dict[str, Any]
OTHER = "66666666-6666-4666-8666-666666666666"
PROVIDER, SENDER = "redcross-vitebsk", "interior-brest"


def read(*resources: Resource, node: str = PROVIDER) -> ReadBundle:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": each} for each in resources],
    }
    return read_bundle(sound_bundle(orjson.dumps(bundle)), f"urn:nrm:{node}:x", KEY)


def an_order(**changes: Any) -> Resource:
    resource: Resource = bundle_of(a_task())["entry"][0]["resource"]
    return {**resource, "status": "active", **changes}


def a_plain_task(status: str, **changes: Any) -> Resource:
    """As a system writes it that knows FHIR's words for states and not ours."""
    ours = ("businessStatus", "output", "input", "statusReason")
    kept = {name: value for name, value in an_answer("offered").items() if name not in ours}
    return {**kept, "status": status, **changes}


def of_list(name: str, code: str) -> Resource:
    return {"coding": [{"system": f"urn:nrm:codelist:{name}", "code": code}]}


def part(name: str, **value: Any) -> Resource:
    return {"type": {"coding": [{"system": "urn:nrm:property", "code": name}]}, **value}


def a_quantity(value: Any, unit: str = "visit", **more: Any) -> Resource:
    system = "urn:nrm:codelist:unit"
    return part("quantity", valueQuantity={"value": value, "system": system, "code": unit, **more})


def an_outcome(code: str = "need-met") -> Resource:
    return part("outcome", valueCodeableConcept=of_list("outcome", code))


def told(got: ReadBundle) -> list[tuple[str, dict[str, Any]]]:
    """Each event's kind and what it says beside the task."""
    return [
        (
            posting.type.split(".")[-2],
            {name: value for name, value in posting.body.items() if name != "task_id"},
        )
        for posting in got.postings
    ]


def lost(got: ReadBundle, words: str) -> bool:
    return any(words in each for each in got.not_held)


OUT_AND_IN: dict[str, tuple[list[str], str]] = {
    "offered": ([], "nothing has happened yet"),
    "delivered": ([], "nothing has happened yet"),
    "seen": (["offer-answered"], ""),
    "accepting": ([], "nothing has happened yet"),
    "accepted": (["offer-answered"], ""),
    "declined": (["offer-answered"], ""),
    "expired": ([], "an end needs a code"),
    "not-sent": ([], "an end needs a code"),
    "in-progress": (["service-delivered"], ""),
    "on-hold": (["help-paused"], ""),
    "completed": (["service-delivered", "service-delivered"], ""),
    "cancelled": ([], "an end needs a code"),
    "sharing-stopped": ([], "an end needs a code"),
    "loop-closed": (["service-delivered", "service-delivered"], ""),
}


@pytest.mark.parametrize("state", SAYABLE)
def test_what_the_door_writes_the_door_reads_or_says_why_not(state: str) -> None:
    reason = "at-capacity" if state == "declined" else None
    task = a_task(
        side="provider",
        own_agency=PROVIDER,
        other_agency=SENDER,
        state=state,
        reason=reason,
    )
    got = read(*(each["resource"] for each in bundle_of(task)["entry"]))
    kinds, why = OUT_AND_IN[state]
    assert [kind for kind, _ in told(got)] == kinds
    assert {posting.subject for posting in got.postings} <= {CASE}
    assert all(posting.body["task_id"] == str(TASK) for posting in got.postings)
    assert not why or lost(got, why)


def test_every_state_is_in_the_table() -> None:
    assert set(OUT_AND_IN) == set(SAYABLE)


@settings(deadline=None)
@given(task=tasks())
def test_what_was_given_and_what_came_of_it_is_read_as_it_was_written(task: Any) -> None:
    """The door's own reading, of every task that has an end."""
    got = read(*(each["resource"] for each in bundle_of(task)["entry"]), node=task.provider)
    ended = task.state in ("completed", "loop-closed")
    given_units = [(task.unit, task.quantity)] if task.unit else []
    counted = [
        (body["unit"], body["quantity"])
        for kind, body in told(got)
        if kind == "service-delivered" and "outcome" not in body
    ]
    outcomes = [body["outcome"] for _, body in told(got) if "outcome" in body]
    if ended or task.state == "in-progress":
        assert counted == given_units
    if ended:
        assert outcomes == [each for each in (task.outcome,) if each and task.unit]
    assert len(got.postings) == len({posting.id for posting in got.postings})


def test_an_order_says_for_whom_it_is_by_its_task() -> None:
    inputs = [
        part("language", valueCodeableConcept=of_list("language", "be")),
        part("audience_class", valueCodeableConcept=of_list("audience-class", "women")),
        part("dependants", valueUnsignedInt=2),
        part("majority", valueCodeableConcept=of_list("majority", "adult")),
        {"type": {"text": CANARY}, "valueString": CANARY},
    ]
    for status in ("requested", "ready", "received"):
        got = read(an_order(), a_plain_task(status, input=inputs))
        (posting,) = got.postings
        assert posting.type == "org.nrm.intake.referral-requested.v1"
        assert {name: posting.body[name] for name in ("language", "audience_class")} == {
            "language": "be",
            "audience_class": "women",
        }
        assert posting.body["dependants"] == 2
        assert lost(got, "entry.1.input: majority")
        assert lost(got, "entry.1.input: a part that is not of ours")
        assert CANARY not in str(got)


def test_of_two_tasks_that_say_two_things_neither_is_guessed() -> None:
    other = an_order(id=OTHER)
    one, two = (
        a_plain_task(
            "requested",
            id=number,
            focus={"reference": f"ServiceRequest/{need}"},
            input=[part("language", valueCodeableConcept=of_list("language", language))],
        )
        for number, need, language in ((str(TASK), NEED, "be"), (OTHER, OTHER, "ru"))
    )
    got = read(an_order(), other, one, two)
    assert lost(got, "another Task of the requisition says another language")
    twice = [part("dependants", valueUnsignedInt=each) for each in (1, 2)]
    assert lost(read(an_order(), a_plain_task("requested", input=twice)), "input: dependants")


NO_ORDERS: list[tuple[Resource, str]] = [
    ({"status": "draft"}, "entry.0.status: a draft is not complete"),
    ({"status": "on-hold"}, "entry.0.status: it rests"),
    ({"status": "revoked"}, "entry.0.status: it is not asked for"),
    ({"status": "entered-in-error"}, "entry.0.status: it is not asked for"),
    *(
        ({"intent": intent}, "entry.0.intent: a proposal, plan or option is no order")
        for intent in ("proposal", "plan", "option", "directive")
    ),
    ({"doNotPerform": True}, "entry.0.doNotPerform: it asks that this is not done"),
    (
        {"modifierExtension": [{"url": "http://example.org/x", "valueBoolean": True}]},
        "entry.0.modifierExtension: it changes what is asked",
    ),
    ({"implicitRules": "http://example.org/x"}, "entry.0.modifierExtension: it changes"),
]


@pytest.mark.parametrize(("changes", "why"), NO_ORDERS)
def test_what_is_no_live_order_asks_nobody_for_anything(changes: Resource, why: str) -> None:
    for resources in ([an_order(**changes)], [an_order(**changes), a_plain_task("requested")]):
        got = read(*resources)
        assert got.postings == ()
        assert lost(got, why)
    assert len(read(an_order(doNotPerform=False)).postings) == 1


def test_a_draft_task_holds_its_order_back() -> None:
    got = read(an_order(), a_plain_task("draft"))
    assert got.postings == ()
    assert lost(got, "entry.1.status: a draft is not complete")


def test_a_task_with_a_modifier_or_with_two_states_tells_nothing() -> None:
    extension = [{"url": "http://example.org/x", "valueBoolean": True}]
    got = read(an_order(), a_plain_task("accepted", modifierExtension=extension))
    assert (got.postings, lost(got, "entry.1: it has a modifier")) == ((), True)
    stale = of_list("task-state", "offered")
    got = read(an_order(), a_plain_task("accepted", businessStatus=stale))
    assert (got.postings, lost(got, "entry.1.businessStatus: it says")) == ((), True)


def visits(*resources: Resource) -> list[tuple[UUID, int]]:
    got = read(an_order(), a_plain_task("in-progress", output=list(resources)))
    return [(posting.id, posting.body["quantity"]) for posting in got.postings]


def test_help_begins_with_what_is_given_and_each_record_is_counted_once() -> None:
    (first,) = visits(a_quantity(1))
    again, second = visits(a_quantity(1), a_quantity(1))
    assert first == again
    assert first[0] != second[0]
    (mended,) = visits(a_quantity(2))
    assert mended[0] == first[0], "the node refuses it as id-reused: nothing is counted twice"
    done = read(
        an_order(), a_plain_task("completed", output=[a_quantity(1), a_quantity(1), an_outcome()])
    )
    assert [posting.id for posting in done.postings[:2]] == [first[0], second[0]]
    assert told(done)[2] == (
        "service-delivered",
        {"unit": "visit", "quantity": 0, "outcome": "need-met"},
    )
    nothing = read(an_order(), a_plain_task("in-progress"))
    assert nothing.postings == ()
    assert lost(nothing, "help begins with the first `quantity`")


def test_where_somebody_lives_help_begins_with_the_arrival() -> None:
    shelter = an_order(code=of_list("service-type", "shelter"))
    when = {"start": "2026-03-02T10:15:00+00:00"}
    got = read(shelter, a_plain_task("in-progress", executionPeriod=when))
    ((kind, body),) = told(got)
    assert kind == "person-arrived"
    assert body["occurred_at"].startswith("2026-03-02T10:15:00")
    output = [a_quantity(2, "night")]
    more = read(shelter, a_plain_task("in-progress", executionPeriod=when, output=output))
    assert [kind for kind, _ in told(more)] == ["person-arrived", "service-delivered"]
    assert more.postings[0].id == got.postings[0].id
    day = read(shelter, a_plain_task("in-progress", executionPeriod={"start": "2026-03-02"}))
    assert told(day) == [("person-arrived", {})]
    assert lost(day, "executionPeriod: say the time of the day")


@pytest.mark.parametrize(
    "output",
    [
        [],
        [an_outcome()],
        [a_quantity(3)],
        [a_quantity(3), part("outcome", valueCodeableConcept={"text": CANARY})],
        [a_quantity(3), an_outcome(), an_outcome("person-left")],
        [{"type": {"text": "outcome"}, "valueString": CANARY}],
    ],
)
def test_an_end_without_an_outcome_and_a_unit_is_told_as_no_end(output: list[Resource]) -> None:
    changes = {"output": output} if output else {}
    got = read(an_order(), a_plain_task("completed", **changes))
    assert all("outcome" not in body for _, body in told(got))
    assert lost(got, "output: an end needs one `outcome`")
    assert CANARY not in str(got)


@pytest.mark.parametrize(
    "quantity",
    [
        a_quantity(1.5),
        a_quantity(-1),
        a_quantity(3, "moon"),
        a_quantity(3, comparator="<"),
        part("quantity", valueQuantity={"value": 3, "unit": "visits"}),
        part("quantity", valueString=CANARY),
    ],
)
def test_what_is_no_whole_number_of_our_units_is_not_counted(quantity: Resource) -> None:
    got = read(an_order(), a_plain_task("in-progress", output=[quantity, a_quantity(2)]))
    assert told(got) == [("service-delivered", {"unit": "visit", "quantity": 2})]
    assert lost(got, "output: no whole number")
    assert got.postings[0].id == read_second().postings[1].id


def read_second() -> ReadBundle:
    return read(an_order(), a_plain_task("in-progress", output=[a_quantity(9), a_quantity(2)]))


ENDS: list[tuple[str, str, str, str | None]] = [
    ("cancelled", "end-reason", "contact-lost", "service-ended-early"),
    ("failed", "end-reason", "provider-cannot", "service-ended-early"),
    ("cancelled", "cancel-reason", "helped-elsewhere", "need-cancelled"),
    ("cancelled", "cancel-reason", "person-left", "need-cancelled"),
    ("cancelled", "decline-reason", "at-capacity", None),
    ("on-hold", "pause-reason", "person-away", "help-paused"),
    ("rejected", "decline-reason", "at-capacity", "offer-answered"),
    ("rejected", "end-reason", "safety", None),
    ("entered-in-error", "end-reason", "safety", None),
]


@pytest.mark.parametrize(("status", "listed", "code", "kind"), ENDS)
def test_the_list_of_the_reason_says_who_ended_it(
    status: str, listed: str, code: str, kind: str | None
) -> None:
    got = read(an_order(), a_plain_task(status, statusReason=of_list(listed, code)))
    assert kinds(got.postings) == ([kind] if kind else [])
    for posting in got.postings:
        assert posting.body["reason"] == code
    if kind is None:
        assert got.not_held
    if kind == "need-cancelled":
        (posting,) = got.postings
        assert posting.body["request_id"] == str(REQUEST)
        assert posting.body["need_id"] == str(NEED)
        alone = read(a_plain_task(status, statusReason=of_list(listed, code)))
        assert (alone.postings, lost(alone, "no ServiceRequest with `requisition`")) == ((), True)


def kinds(postings: Iterable[Any]) -> list[str]:
    return [posting.type.split(".")[-2] for posting in postings]


def test_a_reason_where_none_is_asked_for_is_told() -> None:
    reason = {"text": CANARY}
    output = [a_quantity(1), an_outcome()]
    for status in ("accepted", "in-progress", "on-hold", "completed"):
        got = read(an_order(), a_plain_task(status, statusReason=reason, output=output))
        assert lost(got, "entry.1.statusReason: nothing asks for it here")
        assert CANARY not in str(got)
    plain = read(an_order(), a_plain_task("on-hold"))
    assert (told(plain), lost(plain, "statusReason")) == ([("help-paused", {})], False)


def test_only_who_helps_tells_what_was_given() -> None:
    output = [a_quantity(1), an_outcome()]
    for status in ("in-progress", "completed"):
        got = read(an_order(), a_plain_task(status, output=output), node=SENDER)
        assert (got.postings, lost(got, "owner: another agency helps")) == ((), True)
        ours = {**a_plain_task(status, output=output)}
        del ours["owner"]
        assert read(an_order(), ours, node=SENDER).postings
