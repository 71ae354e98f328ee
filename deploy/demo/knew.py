"""Who knew what: per node, the hub and the hub's operator, which classes of facts of a story.

Read off the topics and the safes, not off what the design says.
"""

from __future__ import annotations

from collections.abc import Sequence

from deploy.demo.bus import SeenRecord
from deploy.demo.databases import Databases
from deploy.demo.observer import units_of
from deploy.demo.stage import Stage

CLASSES = ("identity", "detection", "consent", "decision", "need", "help", "outcome", "notice")
BY_WORD = {
    "detect-person": "detection",
    "person-detected": "detection",
    "case-opened": "detection",
    "case-changed": "detection",
    "hand-over-offered": "detection",
    "hand-over-required": "detection",
    "consent-granted": "consent",
    "consent-ended": "consent",
    "restriction-set": "consent",
    "person-screened": "decision",
    "person-presumed": "decision",
    "person-not-presumed": "decision",
    "reflection-started": "decision",
    "reflection-ended": "decision",
    "person-identified": "decision",
    "person-not-identified": "decision",
    "child-protection-started": "decision",
    "protection-measure-taken": "decision",
    "request-opened": "need",
    "offer-made": "need",
    "offer-received": "need",
    "task-offered": "need",
    "task-accepted": "help",
    "task-started": "help",
    "units-delivered": "help",
    "episode-started": "help",
    "task-completed": "outcome",
    "episode-completed": "outcome",
    "loop-closed": "outcome",
    "child-notified": "notice",
    "child-notification-received": "notice",
    "no-removal": "notice",
    "removal-forbidden": "notice",
    "removal-not-forbidden": "notice",
}
TOLD_OF_CHILD = "child-notification"


def known_classes(stage: Stage, story: str, records: Sequence[SeenRecord]) -> dict[str, set[str]]:
    """Node -> classes of facts that it holds of the story's cases."""
    cases: dict[str, set[str]] = {}
    for node, case_id in stage.cases.get(story, ()):
        cases.setdefault(node, set()).add(case_id)
    nodes = list(dict.fromkeys(unit.node for unit in units_of(stage)))
    found: dict[str, set[str]] = {node: set() for node in nodes}
    every = {case_id for known in cases.values() for case_id in known}
    only_told = {record.attribute("subject") for record in records if _opens_for_notice(record)}
    for record in records:
        node = _node_of(record)
        if node in found and record.attribute("subject") in every:
            found[node] |= _class_of(record, only_told)
    for node in _with_identity(stage, sorted(every)):
        found[node].add("identity")
    return found


def _class_of(record: SeenRecord, only_told: set[str]) -> set[str]:
    """The class of an event; how a case stands that a notice opened is no more than the notice."""
    word = _word_of(record)
    if word in ("case-opened", "case-changed") and record.attribute("subject") in only_told:
        return {"notice"}
    return {BY_WORD[word]} if word in BY_WORD else set()


def _opens_for_notice(record: SeenRecord) -> bool:
    return _word_of(record) == "case-opened" and record.body()["origin"] == TOLD_OF_CHILD


def _word_of(record: SeenRecord) -> str:
    return record.attribute("type").removesuffix(".v1").rpartition(".")[2]


def _node_of(record: SeenRecord) -> str:
    parts = record.topic.split(".")
    return parts[2] if parts[1] == "local" else ""


def _with_identity(stage: Stage, cases: Sequence[str]) -> list[str]:
    """The nodes whose safe has one of these cases."""
    gateways = [unit for unit in units_of(stage) if unit.service == "gateway"]
    held = "SELECT 1 AS one FROM person WHERE case_id::text = ANY($1)"
    asked = [(unit, held) for unit in gateways]
    found = Databases(stage.state).rows_of_each(asked, list(cases))
    return [unit.node for unit, rows in zip(gateways, found, strict=True) if rows]


def exchanged(stage: Stage, records: Sequence[SeenRecord]) -> dict[str, int]:
    """Exchange topic -> number of records: what the hub and its operator see of the traffic."""
    counted: dict[str, int] = {}
    for record in records:
        if record.topic.startswith("nrm.exchange."):
            counted[record.topic] = counted.get(record.topic, 0) + 1
    return counted


def joined(stage: Stage, story: str) -> list[tuple[str, str, str, str]]:
    """(time, from, to, what) of everything of a story that crossed between nodes.

    Joined by the inner id that both gateways keep: no one agency has both halves.
    """
    databases, found = Databases(stage.state), []
    gateways = [unit for unit in units_of(stage) if unit.service == "gateway"]
    received = {
        (unit.node, str(row["inner_id"]))
        for unit in gateways
        for row in databases.rows(unit, "SELECT inner_id FROM exchange_inner")
    }
    cases = sorted({case_id for _, case_id in stage.cases.get(story, ())})
    for unit in gateways:
        rows = databases.rows(
            unit,
            "SELECT agency, inner_id, event_type, disclosed_at FROM exchange_disclosure "
            "WHERE case_id::text = ANY($1) ORDER BY id",
            cases,
        )
        for row in rows:
            arrived = (row["agency"], str(row["inner_id"])) in received
            what = row["event_type"].removesuffix(".v1").rpartition(".")[2]
            found.append(
                (
                    row["disclosed_at"].isoformat(timespec="seconds"),
                    unit.node,
                    row["agency"],
                    what if arrived else f"{what} (not arrived)",
                )
            )
    return sorted(found)
