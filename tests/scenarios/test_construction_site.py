"""`construction-site`, told on the whole house: states, events, clocks, who knew what, figures."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from cli.export import checked_document
from deploy.demo import figures
from deploy.demo.knew import exchanged
from deploy.demo.observer import traces_of_case
from deploy.demo.stories.construction_site import CELLS, IDENTITY
from deploy.demo.stories.loop import BORDER, INTERIOR, NGO, REDCROSS
from deploy.local.layout import StateFolder
from doors.fhir.form import sound_bundle
from doors.fhir.tasks import losses_of, task_in, task_told
from tests.support.stack import Told, told

NAME = "construction-site"
SAID_AT_THE_BORDER = {
    "detect-person": 1,
    "consent-granted": 1,
    "case-opened": 1,
    "hand-over-started": 1,
    "hand-over-offered": 1,
    "hand-over-received": 1,
    "hand-over-confirmed": 1,
    "decision-clock-told": 1,
    "decision-clock-stopped": 1,
    "sending-delivered": 1,
    "intake-accepted": 2,
}
SAID_AT_INTERIOR = {
    "hand-over-offered": 1,
    "case-opened": 1,
    "hand-over-received": 1,
    "record-screening": 1,
    "person-screened": 1,
    "record-decision": 2,
    "person-presumed": 1,
    "decision-clock-told": 1,
    "reflection-started": 1,
    "reflection-ended": 1,
    "person-identified": 1,
    "consent-granted": 1,
    "request-referral": 1,
    "request-opened": 1,
    "offer-made": 2,
    "task-offered": 2,
    "task-progressed": 12,
    "task-delivered": 2,
    "task-seen": 2,
    "place-sought": 2,
    "task-accepted": 2,
    "task-started": 2,
    "task-completed": 2,
    "loop-closed": 2,
    "sending-delivered": 4,
    "intake-accepted": 5,
}
SAID_AT_THE_RED_CROSS = {
    "task-offered": 2,
    "offer-received": 2,
    "answer-offer": 4,
    "task-seen": 2,
    "hold-requested": 2,
    "hold-placed": 2,
    "hold-confirmed": 2,
    "task-accepted": 2,
    "episode-planned": 2,
    "episode-started": 2,
    "record-service": 5,
    "units-delivered": 5,
    "episode-completed": 2,
    "task-started": 2,
    "task-completed": 2,
    "task-progressed": 12,
    "sending-delivered": 12,
    "intake-accepted": 9,
}


@pytest.fixture(scope="module")
def site(stack_state: StateFolder) -> Iterator[Told]:
    with told(stack_state, NAME) as story:
        yield story


def test_each_node_says_exactly_this_and_nothing_twice(site: Told) -> None:
    assert site.words(BORDER) == Counter(SAID_AT_THE_BORDER)
    assert site.words(INTERIOR) == Counter(SAID_AT_INTERIOR)
    assert site.words(REDCROSS) == Counter(SAID_AT_THE_RED_CROSS)


def test_no_case_id_crosses_between_nodes(site: Told) -> None:
    by_node = {node: set(site.cases(node)) for node in (BORDER, INTERIOR, REDCROSS)}
    for node, cases in by_node.items():
        text = b"".join(
            each.value + (each.key or b"") + str(each.headers).encode()
            for each in site.records
            if not each.topic.startswith(f"nrm.local.{node}.")
        )
        assert not [case_id for case_id in cases if case_id.encode() in text], node


def test_the_states_are_what_their_services_say(site: Told) -> None:
    at_border = site.stage.get(
        f"{BORDER}.identification", f"/v1/cases/{site.case(BORDER)}", "case-officer"
    ).json()
    (handed,) = at_border["hand_overs"]
    assert (handed["state"], handed["decision_clock"]) == ("confirmed", "over")
    due = site.body(BORDER, "hand-over-confirmed")["decision_due_at"]
    assert due == site.body(INTERIOR, "hand-over-received")["decision_due_at"] is not None
    at_interior = interior_case(site)
    assert (at_interior["state"], at_interior["origin"]) == ("identified", "hand-over")
    assert at_interior["counted_by"] == BORDER
    tasks = tasks_of(site, INTERIOR, "sender")
    assert {each["service_type"]: each["state"] for each in tasks} == {
        "nursing-visit": "loop-closed",
        "vocational": "loop-closed",
    }
    assert {each["state"] for each in tasks_of(site, REDCROSS, "provider")} == {"completed"}


def interior_case(site: Told) -> dict[str, object]:
    answer = site.stage.get(
        f"{INTERIOR}.identification", f"/v1/cases/{site.case(INTERIOR)}", "case-officer"
    )
    assert answer.status_code == 200
    return dict(answer.json())


def tasks_of(site: Told, node: str, side: str) -> list[dict[str, str]]:
    answer = site.stage.get(f"{node}.referral", "/v1/tasks", "case-officer", side=side)
    return [each for each in answer.json() if each["case_id"] in site.cases(node)]


def test_its_tasks_are_sound_fhir_and_come_back_equal(site: Told) -> None:
    for node, side in ((INTERIOR, "sender"), (REDCROSS, "provider")):
        rows = tasks_of(site, node, side)
        assert len(rows) == 2
        for row in rows:
            task = task_told(row, node)
            document = checked_document(task)
            assert task_in(sound_bundle(document), node) == task
            told = document.decode()
            assert not [each for each in IDENTITY["names"] if each["full"] in told]
            assert '"Patient"' not in told
            assert (
                "state loop-closed: Task.status reads as completed" in str(losses_of(task))
            ) == (side == "sender")


def test_help_was_counted_in_units_once_each(site: Told) -> None:
    answer = site.stage.get(f"{REDCROSS}.assistance", "/v1/episodes", "case-officer")
    given = {
        each["service_type"]: (each["state"], each["unit"], each["total"], each["outcome"])
        for each in answer.json()
        if each["case_id"] in site.cases(REDCROSS)
    }
    assert given == {
        "nursing-visit": ("completed", "visit", 3, "need-met"),
        "vocational": ("completed", "session", 2, "need-met"),
    }


def test_reflection_lasts_thirty_days_and_the_deadlines_follow_it(site: Told) -> None:
    started = site.body(INTERIOR, "reflection-started")
    ends_at = datetime.fromisoformat(str(started["ends_at"]))
    presumed_at = datetime.fromisoformat(str(site.body(INTERIOR, "person-presumed")["decided_at"]))
    assert ends_at - presumed_at == timedelta(days=30)
    decided_at = datetime.fromisoformat(str(site.body(INTERIOR, "person-identified")["decided_at"]))
    assert decided_at >= ends_at
    words = [record.attribute("type").split(".")[3] for record in site.of(INTERIOR)]
    order = ["reflection-started", "reflection-ended", "person-identified", "request-opened"]
    assert [word for word in words if word in order] == order


def test_each_party_knew_this_and_nothing_else(site: Told) -> None:
    assert site.knew() == {
        BORDER: {"identity", "detection", "consent"},
        INTERIOR: {"detection", "consent", "decision", "need", "help", "outcome"},
        REDCROSS: {"need", "help", "outcome"},
        NGO: set(),
        "custodian-one": set(),
        "hub": set(),
    }


def test_the_node_that_had_no_part_holds_no_id_of_his(site: Told) -> None:
    assert traces_of_case(site.stage, NAME, NGO) == []
    assert traces_of_case(site.stage, NAME, REDCROSS) != []  # it can find


def test_the_hub_carried_records_between_the_pairs_of_the_story(site: Told) -> None:
    crossed = exchanged(site.stage, site.records)
    for sender, recipient in ((BORDER, INTERIOR), (INTERIOR, REDCROSS), (REDCROSS, INTERIOR)):
        assert crossed[f"nrm.exchange.{sender}.{recipient}.v1"] > 0
    assert f"nrm.exchange.{BORDER}.{REDCROSS}.v1" not in crossed


def test_his_identity_is_read_at_the_border_alone(site: Told) -> None:
    kept = site.stage.agency(BORDER).person(site.case(BORDER))
    full = IDENTITY["names"][0]["full"]
    assert (kept.status_code, kept.json()["names"][0]["full"]) == (200, full)
    assert site.stage.agency(INTERIOR).person(site.case(INTERIOR)).status_code == 404


def test_the_release_has_every_table_with_intervals(site: Told) -> None:
    release = site.stage.release
    assert release is not None
    assert (release["nodes_counted"], release["nodes_missing"]) == (4, 0)
    tables = {each["table"]: [cell["cell"] for cell in each["cells"]] for each in release["tables"]}
    assert tables == CELLS
    assert all("-" in cell["shown"] for each in release["tables"] for cell in each["cells"])


def test_the_figures_are_clean(site: Told) -> None:
    counted = figures.counted(site.stage)
    assert (counted.lost, counted.unfinished) == (0, 0)
    assert counted.sent > 0
