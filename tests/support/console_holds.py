"""Legal holds and cases that are kept as the gateway shows them, for the pages' tests."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.api.cases import KeptCase
from tests.support.console_bench import CASE, NOW, told

HOLD = str(UUID(int=51, version=4))
KEPT = "gateway/v1/kept-cases"
OVER = {"ended_at": NOW.isoformat(), "ended_kind": "lifted", "stands_until": NOW.isoformat()}


def a_hold(**changes: Any) -> dict[str, Any]:
    """A hold as the gateway's register shows it."""
    hold = {
        "hold_id": HOLD,
        "ground": "court-order",
        "placed_at": NOW.isoformat(),
        "ends_at": (NOW + timedelta(days=90)).isoformat(),
        "confirm_by": (NOW + timedelta(days=3)).isoformat(),
        "confirmed_at": None,
        "ended_at": None,
        "ended_kind": None,
        "stands_until": (NOW + timedelta(days=3)).isoformat(),
    }
    return hold | changes


def kept(case_id: UUID, frozen_at: datetime | None = NOW) -> dict[str, Any]:
    """A case as the gateway lists it to the officer."""
    return told(KeptCase(case_id=case_id, frozen_at=frozen_at))


def holds_shown() -> dict[str, Any]:
    """A case with a hold that somebody has to confirm and one that is over."""
    holds = [a_hold(), a_hold(**OVER)]
    return {f"gateway/v1/cases/{CASE}/legal-holds": {"legal-holds": holds}, KEPT: [kept(CASE)]}
