"""Facts are the same whether events come in lists or alone; a list costs two statements."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.envelope import Contract
from contracts.identification import (
    CaseChanged,
    CaseMerged,
    CaseOpened,
    CaseVoided,
    IdentificationRevoked,
    PersonIdentified,
)
from services.chassis.clock import new_id
from services.chassis.messaging.arrival import Arrival
from services.chassis.messaging.inboxes import ArrivedPiece, InboxSettler
from tests.integration.statistics.test_roles import CODES, opened, started
from tests.support.service_bench import NOW, Bench

CASES = 4
EVENTS = 40
SEEDS = 6
PUBLISHER = {"EpisodeStarted": "assistance"}
WHAT_IS_KEPT = (
    "SELECT counted_here, oblast, exploitation, happened_at, voided, merged_into, revoked"
    " FROM case_codes WHERE case_id = $1",
    "SELECT indicator, table_name, cell, happened_at FROM fact WHERE case_id = $1"
    " ORDER BY table_name",
)


def an_event(chance: random.Random, number: int) -> Contract:
    """Any of them; what happened later has a later time."""
    at = NOW + timedelta(seconds=number)
    oblast = chance.choice(("BY-BR", "BY-VI"))
    here = chance.choice(("border-brest", "ngo-brest"))
    kinds: list[Contract] = [
        CaseOpened(
            origin="detected", counted_by=here, occurred_at=at, **CODES | {"oblast": oblast}
        ),
        CaseChanged(**CODES | {"oblast": oblast, "exploitation": ("sexual", "forced-labour")}),
        PersonIdentified(decided_at=at, counted_by=here),
        started(chance.choice(("nursing-visit", "crisis-room"))),
        started(chance.choice(("education", "other-legal"))).model_copy(update={"happened_at": at}),
        CaseVoided(reason="test-entry"),
        CaseMerged(into_case=UUID(int=7)),
        IdentificationRevoked(
            ground="obtained-by-deception", second_authority="interior-brest", decided_at=at
        ),
    ]
    return chance.choices(kinds, weights=(4, 4, 3, 3, 3, 1, 1, 2))[0]


def arriving(node: Bench, body: Contract, case_id: UUID) -> Arrival:
    """As its publisher would number it."""
    publisher = PUBLISHER.get(type(body).__name__, "identification")
    return node.arrival(body, case_id, publisher=publisher)


async def settle(node: Bench, arrivals: list[Arrival], at_once: int) -> None:
    """Bring records so many at a time, and let move what can."""
    settler = InboxSettler(node.handling._context)
    for first in range(0, len(arrivals), at_once):
        pieces = [ArrivedPiece(arrival) for arrival in arrivals[first : first + at_once]]
        await settler.settle_together(pieces)
    await settler.sweep.once()


async def kept(node: Bench, cases: list[UUID]) -> list[Any]:
    """What is kept of cases, without their names."""
    return [await node.rows(query, str(case)) for case in cases for query in WHAT_IS_KEPT]


async def test_lists_leave_the_same_facts_as_events_alone(node: Bench) -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
        script = [(chance.randrange(CASES), an_event(chance, n)) for n in range(EVENTS)]
        found = []
        for at_once in (1, 3, EVENTS):
            cases = [new_id() for _ in range(CASES)]
            await settle(
                node, [arriving(node, body, cases[case]) for case, body in script], at_once
            )
            found.append(await kept(node, cases))
        assert found[0] == found[1] == found[2], f"script {seed}"
        assert any(found[0]), "something is kept"


async def test_a_list_of_cases_costs_two_statements_beside_the_inbox(node: Bench) -> None:
    database = node.frame.database
    arrivals = [arriving(node, opened(), new_id()) for _ in range(40)]
    before = database.statements
    settler = InboxSettler(node.handling._context)
    await settler.settle_together([ArrivedPiece(arrival) for arrival in arrivals])
    assert database.statements - before == 3, "the inbox, what is known, what is kept"
    counts = await node.rows("SELECT table_name, count(*) AS many FROM fact GROUP BY 1 ORDER BY 1")
    assert {row["many"] for row in counts} == {40}


async def test_what_waits_for_its_case_holds_up_no_other_case(node: Bench) -> None:
    early, other = new_id(), new_id()
    changed = CaseChanged(**CODES | {"oblast": "BY-VI"})
    await settle(
        node,
        [
            arriving(node, opened(), other),
            arriving(node, changed, early),
            arriving(node, PersonIdentified(decided_at=NOW, counted_by="border-brest"), other),
            arriving(node, PersonIdentified(decided_at=NOW, counted_by="border-brest"), early),
        ],
        4,
    )
    stored = await node.rows("SELECT subject, state FROM inbox_row ORDER BY sequence")
    assert [(row["subject"], row["state"]) for row in stored] == [
        (str(early), "waiting"),
        (str(early), "behind"),
    ]
    assert len((await kept(node, [other]))[1]) == 4
