"""One case all the way round, step by step, so that a test can break something at each step.

Counts afterwards what every service holds of it: each thing that was posted must be there once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.demo.databases import Databases
from deploy.demo.stage import Stage, new_id
from deploy.demo.stories import loop
from deploy.local.control import topology_of

VISITS = 3
COUNTS = (
    ("case at the border", f"{loop.BORDER}.identification", "person_case", "case_id"),
    ("hand-over at the border", f"{loop.BORDER}.identification", "hand_over", "case_id"),
    ("case at interior", f"{loop.INTERIOR}.identification", "person_case", "case_id"),
    ("hand-over at interior", f"{loop.INTERIOR}.identification", "hand_over", "case_id"),
    ("request", f"{loop.INTERIOR}.referral", "request", "case_id"),
    ("need", f"{loop.INTERIOR}.referral", "need", "case_id"),
    ("task of the sender", f"{loop.INTERIOR}.referral", "task", "case_id"),
    ("task of the provider", f"{loop.REDCROSS}.referral", "task", "case_id"),
    ("hold", f"{loop.REDCROSS}.assistance", "hold", "case_id"),
    ("episode", f"{loop.REDCROSS}.assistance", "episode", "case_id"),
)
DISCLOSED = (
    (loop.BORDER, "org.nrm.identification.hand-over-offered.v1", 1),
    (loop.INTERIOR, "org.nrm.identification.hand-over-received.v1", 1),
    (loop.INTERIOR, "org.nrm.referral.task-offered.v1", 1),
    (loop.REDCROSS, "org.nrm.referral.task-progressed.v1", 6),
)


@dataclass
class OneCase:
    """A case on its way; ``breaks`` is called with the name of each step before it is taken."""

    stage: Stage
    breaks: Callable[[str], None] = lambda _step: None
    name: str = field(default_factory=lambda: f"case-{new_id()[:8]}")

    def goes_round(self) -> None:
        """Detection, hand-over, referral, visits, outcome."""
        stage, name = self.stage, self.name
        self.breaks("hand-over")
        _, at_interior = loop.hand_over(stage, name)
        interior = stage.agency(loop.INTERIOR)
        interior.tells(
            "consent-recorded", at_interior, loop.consent(stage, ["referral"], [loop.REDCROSS])
        )
        need_id = new_id()
        asked = interior.event(
            "referral-requested", at_interior, loop.request({need_id: "nursing-visit"}, "routine")
        )
        interior.post(asked)
        self.breaks("referral")
        interior.accepted(asked["id"], "the request")
        self.breaks("offer")
        task = loop.accept(stage, name, (loop.INTERIOR, loop.REDCROSS), "nursing-visit")
        self.breaks("help")
        loop.deliver(stage, loop.REDCROSS, task, ("visit", VISITS))
        loop.loop_closed(stage, loop.INTERIOR, need_id)

    def cases(self, node: str) -> list[str]:
        """The case's ids at a node."""
        return [case_id for at, case_id in self.stage.cases[self.name] if at == node]

    def expected(self) -> dict[str, int]:
        """How often each effect must be there."""
        once = {name: 1 for name, *_ in COUNTS}
        disclosed = {f"{kind} of {node}": number for node, kind, number in DISCLOSED}
        return {**once, **disclosed, "visits": VISITS}

    def effects(self) -> dict[str, int]:
        """How often each effect is there, as the services' own tables say."""
        topology, databases = topology_of(self.stage.state), Databases(self.stage.state)

        def number(unit_name: str, query: str, *arguments: object) -> int:
            unit = topology.unit(unit_name)
            cases = self.cases(unit.node)
            return int(databases.rows(unit, query, cases, *arguments)[0]["number"])

        found = {
            name: number(
                unit,
                f"SELECT count(*) AS number FROM {table} "  # noqa: S608 - names of ours
                f"WHERE {column}::text = ANY($1)",
            )
            for name, unit, table, column in COUNTS
        }
        for node, kind, _ in DISCLOSED:
            found[f"{kind} of {node}"] = number(
                f"{node}.gateway",
                "SELECT count(*) AS number FROM exchange_disclosure "
                "WHERE case_id::text = ANY($1) AND event_type = $2",
                kind,
            )
        found["visits"] = number(
            f"{loop.REDCROSS}.assistance",
            "SELECT coalesce(sum(total), 0) AS number FROM episode WHERE case_id::text = ANY($1)",
        )
        return found
