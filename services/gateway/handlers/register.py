"""Reading the registers of a case: consents, restrictions, disclosures; each reading is recorded.

Codes, agencies and times only; who the person is stands in the safe alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from services.chassis.audit import record
from services.chassis.database import Transaction
from services.chassis.errors import Conflict, NotFound
from services.chassis.identity import Caller
from services.gateway.access.routes import PRIVACY_OFFICER
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases, merges
from services.gateway.store.consent import read_consent_rows, read_restriction_rows
from services.gateway.store.exchange.references import read_disclosures
from services.gateway.store.holds import read_hold_rows

HOLDS: Final = "legal-holds"
"""Of a frozen case, too: it says why a record is kept, and nothing about anybody."""
ABSENT: Final = "absent"
FROZEN: Final = "frozen"


class CaseIsFrozen(Conflict):
    """Sharing of the case was stopped: only the data protection officer still reads it."""


async def read_disclosure_rows(tx: Transaction, case_id: UUID) -> list[dict[str, Any]]:
    """Who received what about the case, when, on what basis."""
    return [dict(row) for row in await read_disclosures(tx, case_id)]


async def read_holds_of_all(tx: Transaction, case_id: UUID) -> list[dict[str, Any]]:
    """Holds of the case and of whatever it was merged with: each keeps all of them."""
    return await read_hold_rows(tx, await merges.read_family(tx, case_id))


Reading = Callable[[Transaction, UUID], Awaitable[list[dict[str, Any]]]]

READINGS: Final[dict[str, Reading]] = {
    "consents": read_consent_rows,
    "restrictions": read_restriction_rows,
    "disclosures": read_disclosure_rows,
    HOLDS: read_holds_of_all,
}


async def read_register(
    context: GatewayContext, caller: Caller, case_id: UUID, name: str
) -> list[dict[str, Any]]:
    """The rows of one register of the case, oldest first."""
    async with context.database.transaction() as tx:
        row = await cases.read_case(tx, case_id)
        kept_shut = name != HOLDS and PRIVACY_OFFICER not in caller.roles
        closed = row is not None and row.frozen and kept_shut
        refused = ABSENT if row is None else FROZEN if closed else ""
        rows = [] if refused else await READINGS[name](tx, case_id)
        record(
            tx,
            actor=caller.name,
            action=f"{name}-read",
            subject=str(case_id),
            reason=refused,
        )
    if refused == FROZEN:
        raise CaseIsFrozen("the case is frozen")
    if refused:
        raise NotFound("the gateway never heard of this case")
    return rows
