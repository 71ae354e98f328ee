"""What the agency's own system reads in its feeds: answers, and news of its cases.

It stays in the node: the reader is the agency that owns the case. Codes, ids and times only.
"""

from typing import Any

from contracts.envelope import Contract, Envelope
from contracts.intake import IntakeAccepted, IntakeRefused


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
    """One piece of news: what happened, in which case, when, and its codes."""
    return {
        "id": envelope.id,
        "type": envelope.type,
        "time": envelope.time.isoformat(),
        "case_id": envelope.subject,
        "facts": body.model_dump(mode="json"),
    }


def news_of_a_frozen_case(entry: dict[str, Any]) -> dict[str, Any]:
    """What is left of a piece of news once its case is frozen: its place and whose it was."""
    kept = {name: entry[name] for name in ("position", "id", "case_id")}
    return {**kept, "type": "", "time": "", "facts": {}}
