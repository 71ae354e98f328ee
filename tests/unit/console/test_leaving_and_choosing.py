"""What a person wants less of, by pages: a service, a decision, sharing, each by itself."""

from typing import Any

import pytest

from tests.support.console_bench import CASE, TASK, Bench, a_case
from tests.unit.console.test_a_nurses_day import body_of


@pytest.mark.parametrize(
    ("state", "offered"), [("delivered", False), ("accepted", True), ("in-progress", True)]
)
async def test_the_person_leaves_a_service_where_one_runs_and_no_consent_is_named(
    bench: Bench, state: str, offered: bool
) -> None:
    bench.node.shows[f"referral/v1/requests/{TASK}"]["tasks"][0]["state"] = state
    await bench.sign_in("case-worker")
    path = f"/requests/{TASK}/{TASK}/leave"
    assert (path in (await bench.browser.get(f"/requests/{TASK}")).text) is offered
    assert (await bench.browser.get(path)).status_code == 200
    assert (await bench.send(path, {})).status_code == 303
    (event,) = bench.node.events
    assert event["type"] == "org.nrm.intake.need-cancelled.v1"
    left = {"request_id": str(TASK), "need_id": str(TASK), "reason": "person-left"}
    assert body_of(event) == left


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"state": "detected"}, True),
        ({"state": "screening"}, True),
        ({"state": "helped-without-identification", "help_reason": "restricted"}, True),
        ({"state": "helped-without-identification", "help_reason": "person-chose"}, False),
        ({"state": "reflection"}, False),
        ({"state": "detected", "hand_overs": ["offered"]}, False),
        ({"state": "detected", "hand_overs": ["failed"]}, True),
    ],
)
async def test_help_alone_can_be_chosen_while_nobody_decided_and_no_other_agency_has_it(
    bench: Bench, changes: dict[str, Any], offered: bool
) -> None:
    (before,) = a_case()["hand_overs"][:1] or ({},)
    rows = [
        {**before, "direction": "outgoing", "agency": "ngo-brest", "state": state}
        for state in changes.get("hand_overs", ())
    ]
    case = {**a_case(), **changes, "hand_overs": rows, "child": None}
    bench.node.shows[f"identification/v1/cases/{CASE}"] = case
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert (f"/cases/{CASE}/help-only" in text) is offered
    assert ("The person chose so" in text) is (changes.get("help_reason") == "person-chose")


async def test_taking_consent_back_offers_no_leaving_and_stops_sharing(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    path = f"/cases/{CASE}/withdrawal"
    assert 'name="kind"' not in (await bench.browser.get(path)).text
    await bench.send(path, {})
    assert body_of(bench.node.events[0]) == {"kind": "stop-sharing"}
