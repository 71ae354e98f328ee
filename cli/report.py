"""`nrm report month | statement | egress`: the node's own exact report, and what may leave a node.

Exact numbers are for the node's own people: the file says so in its first line, only its owner can
read it, and nothing here sends anything. Each reading is asked of the services over HTTP with the
caller's own role, so that it is recorded where the numbers are.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from cli.options import StateOption, console, state_folder
from deploy import egress as register
from deploy.local import control
from deploy.local.failures import StackFailure
from deploy.local.layout import DEFAULT_STATE, StateFolder
from deploy.local.opening import running_topology
from deploy.local.tokens import read_token

ASSISTANCE, CONTRIBUTOR = "assistance", "statistics.contributor"
GATEWAY = "gateway"
BY_AGE = {"detected": "detected-total", "identified": "identified-total"}
"""What is counted by band of age -> the contributor's table of those whom it counts."""
REPORT_WRITER, STATISTICIAN, SUPERVISOR = "report-writer", "statistician", "supervisor"
STAMP = "internal, exact: never to leave this node"
COLUMNS = ("part", "kind", "cell", "funding", "contract", "recipient", "count", "episodes")
SECONDS = 30.0
PAGES_LIMIT = 1000
OWNER_ONLY = 0o600

app = typer.Typer(help="The node's own report; what may leave a node.", no_args_is_help=True)
Row = Sequence[str | int]
NodeOption = Annotated[str, typer.Option("--node", help="Whose report: `redcross-vitebsk`.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="The file; by itself named so.")]


class Form(StrEnum):
    """In which form a report is written."""

    CSV = "csv"
    XLSX = "xlsx"


@app.command()
def month(
    which: Annotated[str, typer.Argument(metavar="MONTH", help="A month: `2026-11`.")],
    node: NodeOption,
    form: Annotated[Form, typer.Option("--format", help="csv or xlsx.")] = Form.CSV,
    out: OutOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Write what this node did in a month (UTC), exactly, by contract and donor: internal."""
    start, end = bounds(which)
    rows = list(rows_of(state_folder(state), node, start, end))
    path = out or Path(f"report-{node}-{which}.{form}")
    write(path, form, (f"{STAMP}; {node}; {which}", rows))
    console.print(f"{path}: {len(rows)} rows. {STAMP.capitalize()}.", highlight=False)


@app.command()
def statement(
    contract: Annotated[str, typer.Argument(help="The id of a contract.")],
    node: NodeOption,
    period: Annotated[
        str, typer.Option(help="First day/day after the last: `2026-10-01/2027-01-01`.")
    ],
    out: OutOption = None,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Write the statement of a contract and period, for the recipient that the contract names."""
    told = _asked(
        state_folder(state),
        (node, ASSISTANCE, SUPERVISOR),
        f"/v1/contracts/{contract}/statement",
        _period(*interval(period)),
    ).text
    path = out or Path(f"statement-{contract}.csv")
    with _own_file(path) as file:
        file.write(told)
    recipient = next(csv.DictReader(told.splitlines()))["recipient"]
    console.print(f"{path}: for {recipient} alone; it was recorded.", highlight=False)


@app.command()
def egress() -> None:
    """Print the register: every aggregate that may leave a node, and every one that may not."""
    table = Table(box=None)
    for heading in ("what", "may it leave", "to whom", "why"):
        table.add_column(heading, overflow="fold")
    for way in register.REGISTER:
        table.add_row(way.what, way.verdict, way.to, way.why)
    console.print(table)


def bounds(which: str) -> tuple[datetime, datetime]:
    """The first moment of a month and of the next; a sentence when it is no month."""
    try:
        first = date.fromisoformat(f"{which}-01")
    except ValueError as error:
        raise StackFailure("A month is a year and a month: 2026-11.") from error
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return interval(f"{first}/{after}")


def interval(period: str) -> tuple[datetime, datetime]:
    """Two days as moments (UTC); a sentence when they are not two days in order."""
    try:
        start, end = (
            datetime.combine(date.fromisoformat(day), time.min, UTC) for day in period.split("/")
        )
    except ValueError as error:
        raise StackFailure("A period is two days: 2026-10-01/2027-01-01.") from error
    if end <= start:
        raise StackFailure("A period ends after it begins.")
    return start, end


def rows_of(state: StateFolder, node: str, start: datetime, end: datetime) -> Iterator[Row]:
    """What the node's services answer, as rows under ``COLUMNS``."""
    there = {unit.service for unit in running_topology(state).units if unit.node == node}
    if not there:
        raise StackFailure(f"There is no node {node}.")
    period = _period(start, end)
    if ASSISTANCE in there:
        asked = _asked(state, (node, ASSISTANCE, STATISTICIAN), "/v1/report", period)
        yield from given_rows(asked.json())
    if CONTRIBUTOR in there:
        whom = (node, CONTRIBUTOR, STATISTICIAN)
        yield from counted_rows(_asked(state, whom, "/v1/counts", period).json())
        yield from _counted_by_age(state, node, period)


def given_rows(told: Mapping[str, Any]) -> Iterator[Row]:
    """Units by service, unit, funding and contract."""
    for row in told["rows"]:
        yield (
            "given",
            row["service_type"],
            row["unit"],
            row["funding"],
            row["contract_id"] or "",
            row["recipient"] or "",
            row["units"],
            row["episodes"],
        )


def counted_rows(told: Mapping[str, Any]) -> Iterator[Row]:
    """Cases by table and cell, as the contributor counts them."""
    for table, cells in sorted(told["tables"].items()):
        for cell, count in sorted(cells.items()):
            yield ("cases", table, cell, "", "", "", count, "")


def _counted_by_age(state: StateFolder, node: str, period: Mapping[str, str]) -> Iterator[Row]:
    """Who is counted, by band of age on the day that counts.

    The contributor says which cases it counts, the gateway answers with numbers: no date of birth
    leaves the safe, neither for the contributor nor for this file.
    """
    tables: dict[str, Counter[str]] = {}
    for name, table in BY_AGE.items():
        for page in _pages(state, node, table, period):
            counted = {"counted": [{**each, "table": name} for each in page]}
            whom = (node, GATEWAY, REPORT_WRITER)
            for by_band, cells in (
                _answer(state, whom, "/v1/age-counts", json=counted).json().items()
            ):
                tables.setdefault(by_band, Counter()).update(cells)
    yield from counted_rows({"tables": tables})


def _pages(
    state: StateFolder, node: str, table: str, period: Mapping[str, str]
) -> Iterator[list[dict[str, str]]]:
    """The cases that a table counts, page after page."""
    after = ""
    for _ in range(PAGES_LIMIT):
        query = {**period, "after": after}
        whom = (node, CONTRIBUTOR, REPORT_WRITER)
        page: list[dict[str, str]] = _asked(state, whom, f"/v1/counted/{table}", query).json()
        if not page:
            return
        yield page
        after = page[-1]["case_id"]


def write(path: Path, form: Form, told: tuple[str, Sequence[Row]]) -> None:
    """A stamp, the columns, the rows: readable by the owner of the file alone."""
    stamp, rows = told
    lines: list[Row] = [(stamp,), COLUMNS, *rows]
    if form is Form.CSV:
        with _own_file(path) as file:
            csv.writer(file).writerows(lines)
        return
    from openpyxl import Workbook  # noqa: PLC0415 - half a second that only this form needs

    book = Workbook()
    sheet = book.active
    sheet.title = "internal"
    sheet.oddHeader.center.text = STAMP
    for line in lines:
        sheet.append(list(line))
    with _own_file(path):
        book.save(path)


def _own_file(path: Path) -> Any:
    """The file anew, for its owner alone."""
    if path.exists() and not path.is_file():
        raise StackFailure("What --out names is there and is no file: name a file.")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    os.fchmod(descriptor, OWNER_ONLY)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def _period(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


def _asked(
    state: StateFolder, whom: tuple[str, str, str], path: str, period: Mapping[str, str]
) -> httpx.Response:
    """What a service answers this role; a sentence when it says no."""
    return _answer(state, whom, path, params=dict(period))


def _answer(
    state: StateFolder, whom: tuple[str, str, str], path: str, **request: Any
) -> httpx.Response:
    """The same, of a question or of something sent to be counted."""
    node, service, role = whom
    address = control.address_of(state, node, service)
    answer = httpx.request(
        "POST" if "json" in request else "GET",
        f"{address}{path}",
        headers={"authorization": f"Bearer {read_token(state, node, role)}"},
        timeout=SECONDS,
        trust_env=False,
        **request,
    )
    if answer.is_error:
        code = answer.json().get("type", "").rpartition(":")[2]
        raise StackFailure(f"{node}.{service} says no: {code} ({answer.status_code}).")
    return answer
