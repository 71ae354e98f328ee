"""The safe's door: identity in, identity out, each time with a row in the audit.

Identity is sealed here and never told to anybody but the caller who may read it: no event, no log,
no error of this file may hold any of it.
"""

from uuid import UUID

from services.chassis.audit import record
from services.chassis.errors import Conflict, NotFound
from services.chassis.identity import Caller
from services.gateway.handlers.context import GatewayContext
from services.gateway.store import cases, persons


async def keep_person(
    context: GatewayContext, caller: Caller, case_id: UUID, identity: bytes
) -> None:
    """Put identity into the safe, before or after the event about the case."""
    sealed = context.keys.seal(identity, person_context(case_id))
    now = context.clock.now()
    async with context.database.transaction() as tx:
        row = await cases.lock_case(tx, case_id, now)
        if row.frozen:
            raise Conflict("the case is frozen")
        await persons.keep_person(tx, case_id, sealed, now)
        record(tx, actor=caller.name, action="person-kept", subject=str(case_id))


async def read_person(context: GatewayContext, caller: Caller, case_id: UUID) -> bytes:
    """Identity as it was put in; reading is recorded, or nothing is read."""
    async with context.database.transaction() as tx:
        row = await cases.read_case(tx, case_id)
        sealed = await persons.read_person(tx, case_id)
        outcome = "absent" if row is None or sealed is None else "frozen" if row.frozen else ""
        record(tx, actor=caller.name, action="person-read", subject=str(case_id), reason=outcome)
    if outcome == "frozen":
        raise Conflict("the case is frozen")
    if sealed is None:
        raise NotFound("nothing about this case is in the safe")
    return context.keys.open(sealed, person_context(case_id))


def person_context(case_id: UUID) -> bytes:
    """What binds a blob to its case: moved to another row it does not open."""
    return b"person:" + case_id.bytes
