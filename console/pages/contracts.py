"""Contracts of the state social order and of donors: what is paid, given and left; a supervisor
records them and writes the statement for whom a contract names. No person is in any of it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from console.answers import last_moment_before, listed, moment_of, page
from console.desk import Visit, visit_of
from console.forms import Field, Kind, asked, read
from console.pages.fields import as_given
from console.pages.sheets import About, Body, Fields, Ids, Reasons, Sheet, Thing, out_of_contract
from console.telling import id_within
from services.chassis.clock import new_id
from services.chassis.errors import NotFound

HAPPENED: Final = "contract-recorded"
COUNTED: Final = ("service_type", "unit")
"""What stays as it is once something was given under the contract."""


async def list_contracts(request: Request) -> Response:
    """What is paid by each contract, what was given, and what remains."""
    visit = visit_of(request)
    return page(visit, "contracts.html", contracts=await _contracts(visit))


async def statement_form(request: Request, contract_id: UUID) -> Response:
    """Ask for which days; the contract's own days stand there."""
    visit = visit_of(request)
    contract = await _with_recipient(visit, contract_id)
    return _ask_for_days(visit, contract, ())


async def write_statement(request: Request, contract_id: UUID) -> Response:
    """The file for the contract's named recipient, as the service writes it; nothing is kept."""
    visit = visit_of(request)
    contract = await _with_recipient(visit, contract_id)
    days, objections = read(visit, _days(visit, contract))
    if not objections and days["start"] >= days["end"]:
        objections.append({"code": "out-of-range", "field": "end"})
    if objections:
        return _ask_for_days(visit, contract, objections)
    path = f"/v1/contracts/{contract_id}/statement"
    written = await visit.desk.services.text(visit.session, "assistance", path, **days)
    name = f"statement-{str(contract_id)[:8]}.csv"
    return Response(
        written,
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _ask_for_days(visit: Visit, contract: Thing, reasons: Reasons) -> Response:
    return page(
        visit,
        "statement.html",
        422 if reasons else 200,
        contract=contract,
        fields=asked(visit, _days(visit, contract), reasons),
        reasons=reasons,
    )


def _days(visit: Visit, contract: Thing) -> Fields:
    first, last = _first_and_last_day(visit, contract)
    return (
        Field(name="start", kind=Kind.FIRST_DAY, text="first-day", required=True, given=(first,)),
        Field(name="end", kind=Kind.LAST_DAY, text="last-day", required=True, given=(last,)),
    )


def _first_and_last_day(visit: Visit, contract: Thing) -> tuple[str, str]:
    zone = ZoneInfo(visit.desk.settings.time_zone)
    ends_at = moment_of(contract["ends_at"])
    moments = moment_of(contract["starts_at"]), last_moment_before(ends_at)
    first, last = (each.astimezone(zone).date().isoformat() for each in moments)
    return first, last


async def _contracts(visit: Visit) -> list[Mapping[str, Any]]:
    return listed(await visit.ask("assistance", "/v1/contracts"))


async def _contract(visit: Visit, contract_id: UUID) -> Thing:
    for contract in await _contracts(visit):
        if contract["contract_id"] == str(contract_id):
            return contract
    raise NotFound("no such contract")


async def _with_recipient(visit: Visit, contract_id: UUID) -> Thing:
    """A contract that names nobody has no statement."""
    contract = await _contract(visit, contract_id)
    if contract["recipient"] is None:
        raise NotFound("the contract names no recipient")
    return contract


async def _known(visit: Visit, ids: Ids) -> Thing:
    return await _contract(visit, ids["contract_id"])


async def _not_known(visit: Visit, _ids: Ids) -> Thing:
    """A contract that is not there yet: its id is its form's."""
    return {"contract_id": str(id_within(visit.form_id() or new_id(), "contract"))}


_ASKED: Final = out_of_contract(
    HAPPENED,
    starts_at={"kind": Kind.FIRST_DAY, "text": "first-day"},
    ends_at={"kind": Kind.LAST_DAY, "text": "last-day"},
    recipient={
        "text": "statement-recipient",
        "hint": "statement-recipient-hint",
        "nothing": "no-recipient",
    },
)


async def _as_it_is(visit: Visit, contract: Thing) -> Fields:
    """The same questions with what stands there; of what was counted nothing is asked anew."""
    first, last = _first_and_last_day(visit, contract)
    days = {"starts_at": first, "ends_at": last}
    settled = COUNTED if contract["delivered"] else ()
    return tuple(
        replace(
            _with_whom_it_is(visit, field, contract["recipient"]),
            given=as_given(days.get(field.name, contract[field.name])),
        )
        for field in await _ASKED(visit, contract)
        if field.name not in settled
    )


def _with_whom_it_is(visit: Visit, field: Field, recipient: str | None) -> Field:
    """Whom the contract names can be chosen still, whatever became of that agency."""
    if not field.agencies or recipient is None or recipient in dict(field.options):
        return field
    called = visit.desk.agencies.in_full(recipient, visit.words.language)
    return replace(field, options=(*field.options, (recipient, called)))


def _with_what_is_settled(_visit: Visit, contract: Thing, body: Body) -> Body:
    return {name: contract[name] for name in COUNTED if contract["delivered"]} | body


CONTRACT_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="record-contract",
        happened=HAPPENED,
        about=About(
            place="/contracts",
            read=_not_known,
            called=lambda words, _new: words.text("contracts"),
            clocks=lambda _new: [],
            given=("contract_id",),
            subject="contract_id",
        ),
        fields=_ASKED,
    ),
    Sheet(
        word="change-contract",
        happened=HAPPENED,
        about=About(
            place="/contracts/{contract_id}",
            read=_known,
            called=lambda words, contract: words.text(
                "contract-called", short=contract["contract_id"][:8]
            ),
            clocks=lambda _contract: [],
            given=("contract_id",),
            subject="contract_id",
            home="/contracts",
        ),
        fields=_as_it_is,
        body=_with_what_is_settled,
    ),
)
