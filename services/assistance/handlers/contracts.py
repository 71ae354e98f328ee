"""Contracts: recorded by command, charged with what is given, told as statement and report.

A statement is the one aggregate that a person may hand to the contract's named recipient; the
report never leaves the node. Neither is ever sent by the software, and each reading is recorded.
"""

from datetime import datetime
from uuid import UUID

from contracts.intake import ContractRecorded
from services.assistance import disclosure
from services.assistance.domain import Delivery, Episode, Objection, Refusal
from services.assistance.domain.contracts import (
    Given,
    Share,
    SocialContract,
    Statement,
    charge,
    record_contract,
)
from services.assistance.handlers.recording import Asked, Context, answer, note, subject_of
from services.assistance.settings import SERVICE
from services.assistance.store import contracts, outbox
from services.chassis import audit
from services.chassis.clock import derived_id
from services.chassis.database import Transaction
from services.chassis.errors import Conflict
from services.chassis.identity import Caller
from services.chassis.messaging.work import Received, Waits, Work


async def contract_recorded(context: Context, received: Received, work: Work) -> Waits | None:
    """Take a contract as it was signed or changed; what was delivered stays."""
    body: ContractRecorded = received.body
    asked = Asked(action="record-contract", subject=subject_of(received), case_id=None)
    if body.contract_id != asked.subject:
        answer(work, asked, (Objection(code="wrong-format", field="contract_id"),))
        return None
    told = SocialContract(
        contract_id=body.contract_id,
        service_type=body.service_type,
        unit=body.unit,
        funding=body.funding,
        recipient=body.recipient,
        funded=body.funded,
        delivered=0,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
    )
    known = await contracts.lock_contract(work.transaction, body.contract_id)
    decided = record_contract(known, told)
    if isinstance(decided, Refusal):
        answer(work, asked, decided.objections)
        return None
    await contracts.save_contract(work.transaction, decided)
    outbox.tell(work.transaction, disclosure.contract_changed(decided), decided.contract_id)
    answer(work, asked, ())
    return None


async def charge_delivery(work: Work, episode: Episode, given: Delivery) -> None:
    """Count what was given under the contracts that pay for it; never refuse it."""
    tx = work.transaction
    if not given.quantity:
        return
    paying = await contracts.lock_paying(tx, episode.service_type, given.unit, given.happened_at)
    for number, share in enumerate(charge(paying, given.quantity)):
        contract = share.contract
        if contract is not None:
            await contracts.save_contract(tx, contract)
        await contracts.save_delivery(
            tx,
            contracts.Delivered(
                delivery_id=derived_id(SERVICE, work.cause.id, "delivery", number),
                case_id=episode.case_id,
                task_id=episode.task_id,
                service_type=episode.service_type,
                unit=given.unit,
                quantity=share.quantity,
                contract_id=None if contract is None else contract.contract_id,
                happened_at=given.happened_at,
            ),
        )
        if contract is not None:
            _tell_of_money(work, contract, share)


def _tell_of_money(work: Work, contract: SocialContract, share: Share) -> None:
    """Each of both is told once, with the units that brought it; neither stops anything."""
    if share.exhausted:
        told = disclosure.contract_exhausted(contract)
        outbox.tell(work.transaction, told, contract.contract_id)
        note(work, contract.contract_id, "contract-exhausted")
    if share.exceeded:
        exceeded = disclosure.contract_exceeded(contract)
        outbox.tell(work.transaction, exceeded, contract.contract_id)
        note(work, contract.contract_id, "contract-exceeded")


async def list_contracts(tx: Transaction, caller: Caller) -> list[SocialContract]:
    """Every contract with what is funded, given and left."""
    audit.record(tx, actor=caller.name, action="list-contracts", subject="contracts")
    return await contracts.list_contracts(tx)


async def write_statement(
    tx: Transaction, caller: Caller, contract_id: UUID, start: datetime, end: datetime
) -> Statement | None:
    """The statement of a contract and a period, for its named recipient; recorded.

    A contract that names no recipient has no statement: nobody may be given one.
    """
    audit.record(tx, actor=caller.name, action="write-statement", subject=str(contract_id))
    contract = await contracts.read_contract(tx, contract_id)
    if contract is None:
        return None
    if contract.recipient is None:
        raise Conflict("the contract names no recipient")
    return Statement(
        contract=contract,
        delivered_in_period=await contracts.units_of(tx, contract_id, start, end),
        period_start=start,
        period_end=end,
    )


async def exact_report(
    tx: Transaction, caller: Caller, start: datetime, end: datetime
) -> list[Given]:
    """The node's own exact report: internal, recorded, never sent by the software."""
    audit.record(tx, actor=caller.name, action="exact-report-read", subject="report")
    return await contracts.report(tx, start, end)
