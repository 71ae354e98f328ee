"""Reading the registers of a case: consents, restrictions, disclosures; each reading is recorded.

Codes, agencies and times only; who the person is stands in the safe alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from services.chassis.audit import record
from services.chassis.database import Transaction
from services.chassis.errors import NotFound
from services.chassis.identity import Caller
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases
from services.gateway.store.consent import read_consent_rows, read_restriction_rows

Reading = Callable[[Transaction, UUID], Awaitable[list[dict[str, Any]]]]

READINGS: Final[dict[str, Reading]] = {
    "consents": read_consent_rows,
    "restrictions": read_restriction_rows,
}


async def read_register(
    context: GatewayContext, caller: Caller, case_id: UUID, name: str
) -> list[dict[str, Any]]:
    """The rows of one register of the case, oldest first."""
    async with context.database.transaction() as tx:
        known = await cases.read_case(tx, case_id) is not None
        rows = await READINGS[name](tx, case_id) if known else []
        record(
            tx,
            actor=caller.name,
            action=f"{name}-read",
            subject=str(case_id),
            reason="" if known else "absent",
        )
    if not known:
        raise NotFound("the gateway never heard of this case")
    return rows
