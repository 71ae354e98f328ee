"""What the agency's own system reads in its feeds: answers, and news of its cases; and what its
people read of the news.

It stays in the node: the reader is the agency that owns the case. Codes, ids and times only; people
get fewer of them, because what a piece is about is read from the service that keeps it.
"""

from collections.abc import Mapping
from typing import Any, Final

from contracts.catalogue import CATALOGUE
from contracts.envelope import Classification, Contract, Envelope
from contracts.intake import IntakeAccepted, IntakeRefused
from services.gateway.domain.news import due_of, it_cannot_wait, kind_of, owner_of

PLACES: Final = ("task_id", "request_id", "need_id", "plan_id", "follow_up_id", "contract_id")
CODES: Final = ("service_type", "urgency", "decision")
OF_HELP_THAT_STOPPED: Final = frozenset({"task-declined", "task-paused", "task-not-sent"})
"""Whoever may read such news reads the same code of the task itself."""
AGENCIES: Final = ("other_agency", "recipient", "agency")
GIVES_HELP: Final = "assistance"


def answer_told(answer: IntakeAccepted | IntakeRefused) -> dict[str, Any]:
    """One final answer."""
    told: dict[str, Any] = {
        "intake_id": str(answer.intake_id) if answer.intake_id else None,
        "accepted": isinstance(answer, IntakeAccepted),
        "case_id": str(answer.case_id) if answer.case_id else None,
        "reasons": [],
    }
    if isinstance(answer, IntakeRefused):
        told["reasons"] = reasons_told(answer)
        if answer.intake_id is None:
            told |= {"partition": answer.partition, "offset": answer.offset}
    return told


def reasons_told(answer: IntakeRefused) -> list[dict[str, Any]]:
    """Every reason: a code and a place."""
    return [{"code": reason.code, "field": reason.field} for reason in answer.reasons]


def news_told(envelope: Envelope, body: Contract) -> dict[str, Any]:
    """One piece of news: what happened, in which case, when, and its codes.

    What is about the node itself (its contracts, numbers that it was told) names no case.
    """
    return {
        "id": envelope.id,
        "type": envelope.type,
        "time": envelope.time.isoformat(),
        "case_id": None if is_of_the_node(envelope.type) else envelope.subject,
        "facts": body.model_dump(mode="json"),
    }


def is_of_the_node(event_type: str) -> bool:
    """Whether the catalogue says that no case is behind events of this type."""
    spec = CATALOGUE.get(event_type)
    return spec is not None and spec.classification is Classification.NODE_CODED


def news_of_a_frozen_case(entry: dict[str, Any]) -> dict[str, Any]:
    """What is left of a piece of news once its case is frozen: its place and whose it was."""
    kept = {name: entry[name] for name in ("position", "id", "case_id")}
    return {**kept, "type": "", "time": "", "facts": {}}


def news_shown(entry: Mapping[str, Any], *, led_here: bool, done: bool = False) -> dict[str, Any]:
    """One piece as people read it: what, when, by when, about which thing; nothing of the person.

    ``led_here``: identification of this node has the case. ``done``: what it asks for was done.
    """
    facts = entry["facts"]
    helps = owner_of(entry) == GIVES_HELP and entry["case_id"] is not None
    ours = "provider" if helps else None
    return {
        "id": entry["id"],
        "kind": kind_of(entry),
        "told_at": entry["time"],
        "due_at": due_of(entry),
        "cannot_wait": it_cannot_wait(entry),
        "case_id": entry["case_id"],
        "led_here": led_here,
        "done": done,
        "side": facts.get("side", ours),
        "reason": facts.get("reason") if kind_of(entry) in OF_HELP_THAT_STOPPED else None,
        "agency": next((facts[name] for name in AGENCIES if facts.get(name)), None),
        **{name: facts.get(name) for name in (*PLACES, *CODES)},
    }
