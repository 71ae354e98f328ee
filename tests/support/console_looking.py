"""Audits and disclosures as the services show them, for the pages' tests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.chassis.audit_route import ActShown, AuditShown
from tests.support.console_bench import CASE, NODE, NOW, TASK, told

SERVICES = ("gateway", "identification", "referral", "assistance")


def an_act(action: str, number: int = 1, **changes: Any) -> ActShown:
    """One row of an audit."""
    act = ActShown(
        id=number,
        recorded_at=NOW - timedelta(minutes=number),
        actor=f"{NODE}.case-worker",
        action=action,
        subject=str(CASE),
        reason="",
    )
    return act.model_copy(update=changes)


def an_audit(*acts: ActShown, older: int | None = None) -> dict[str, Any]:
    """What one service shows."""
    return told(AuditShown(audit=list(acts), older=older))


def a_disclosure(event_type: str, basis: str = "consent", **changes: Any) -> dict[str, Any]:
    """One row of the gateway's register."""
    row = {
        "id": 1,
        "agency": "ngo-brest",
        "inner_id": str(UUID(int=91, version=4)),
        "case_id": str(CASE),
        "reference": str(UUID(int=92, version=4)),
        "event_type": event_type,
        "purpose": "referral",
        "basis": basis,
        "basis_id": None,
        "disclosed_at": NOW.isoformat(),
    }
    return row | changes


def looking_shown() -> dict[str, Any]:
    """Every service recorded something, and something left."""
    case = f"v1/cases/{CASE}"
    return {
        f"gateway/{case}/audit": an_audit(
            an_act("person-exported", reason="court-order:frozen"),
            an_act("person-read", 2, reason="frozen"),
            older=2,
        ),
        f"identification/{case}/audit": an_audit(an_act("read-case")),
        f"referral/{case}/audit": an_audit(an_act("list-task", subject=str(TASK))),
        f"assistance/{case}/audit": an_audit(an_act("hold-confirmed")),
        f"gateway/{case}/disclosures": {
            "disclosures": [
                a_disclosure("org.nrm.referral.task-offered.v1"),
                a_disclosure("org.nrm.identification.child-notified.v1", "law"),
            ]
        },
        f"gateway/{case}/legal-holds": {"legal-holds": []},
    }
