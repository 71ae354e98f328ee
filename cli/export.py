"""`nrm export fhir | htcds | uk-form`: what the node itself has, in the words of a standard.

Codes alone; what the standard cannot say is printed. Each reading is recorded in the node. Only
`htcds --identity` also names people: the officer for data protection asks, with a reason.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from cli.options import console, errors
from cli.ways import NodeOption, Told, Way, told, way_to
from doors import identified
from doors.failures import DoorFailure
from doors.fhir.form import sound_bundle
from doors.fhir.tasks import (
    TaskTold,
    bundle_of,
    differences,
    losses_of,
    not_told,
    task_in,
    task_told,
)
from doors.files import write_whole
from doors.node import Node, client_of
from doors.standards import CASE, STANDARDS, Exported, choose, every_case, exported, name_people

app = typer.Typer(help="Write what a node has in the words of a standard.", no_args_is_help=True)
app.callback()(told)
RoleOption = Annotated[str, typer.Option("--role", help="Who reads: a role of the node.")]
OutOption = Annotated[Path, typer.Option("--out", help="The file to be written.")]
OFFICER = "case-officer"
PRIVACY_OFFICER = "data-protection-officer"
WARNING = "It names people: it is for its owner alone, and whoever copies it answers for the copy."
IdentityOption = Annotated[
    str,
    typer.Option(
        "--identity",
        metavar="REASON",
        help="Name the people, too: why (court-order, person-asked, own-system, law).",
    ),
]
CasesOption = Annotated[
    list[UUID] | None, typer.Option("--case", help="Only this case; may be given again.")
]


@app.command()
def fhir(
    context: typer.Context,
    task: Annotated[UUID, typer.Argument(help="A task's id.")],
    node: NodeOption,
    out: OutOption,
    role: RoleOption = OFFICER,
) -> None:
    """Write a task of the node as FHIR R4 ServiceRequest and Task, checked both ways."""
    rows = asyncio.run(_read(way_to(context.obj, node, "referral", role), f"/v1/tasks/{task}"))
    found = task_told(rows[0], node)
    document = checked_document(found)
    write_whole(out, document)
    for loss in (*losses_of(found), *not_told(rows[0])):
        errors.print(f"lost: {loss}", markup=False, highlight=False, soft_wrap=True)
    console.print("It is sound FHIR R4 and comes back equal.", highlight=False)


@app.command()
def htcds(
    context: typer.Context,
    node: NodeOption,
    out: OutOption,
    identity: IdentityOption = "",
    case: CasesOption = None,
) -> None:
    """Write the node's own cases as codes of HTCDS 2.0, one row a case."""
    reason = identified.checked_reason(identity) if identity else ""
    who = (node, PRIVACY_OFFICER if reason else OFFICER)
    if reason and context.obj.address:
        raise DoorFailure(
            "--identity asks two services: leave --address out, and run it on the node."
        )
    told = _read_as(context.obj, "htcds", who)
    choose(told, [str(each) for each in case or ()], reason)
    if reason:
        safe = way_to(context.obj, node, "gateway", who[1])
        name_people(told, asyncio.run(_identities(safe, told, reason)))
    _write(told, out)
    if reason:
        errors.print(WARNING, highlight=False, soft_wrap=True)


@app.command("uk-form")
def uk_form(
    context: typer.Context, node: NodeOption, out: OutOption, role: RoleOption = OFFICER
) -> None:
    """Write the node's own cases as fields of the United Kingdom's form, as far as they map."""
    _write(_read_as(context.obj, "uk", (node, role)), out)


def checked_document(task: TaskTold) -> bytes:
    """The Bundle, once FHIR has judged it sound and it came back as it went out."""
    document = orjson.dumps(bundle_of(task), option=orjson.OPT_INDENT_2)
    if changed := differences(task, task_in(sound_bundle(document), task.own_agency)):
        raise DoorFailure(f"It does not come back equal in {', '.join(changed)}: tell the project.")
    return document


def _read_as(said: Told, standard: str, who: tuple[str, str]) -> Exported:
    node, role = who
    way = way_to(said, node, "identification", role)
    return exported(standard, asyncio.run(_cases(way)))


def _write(told: Exported, out: Path) -> None:
    standard = told.standard
    write_whole(out, told.document())
    for loss in told.lost:
        errors.print(f"lost: {loss}", markup=False, highlight=False, soft_wrap=True)
    frozen = f", {told.frozen} frozen and left out" if told.frozen else ""
    console.print(f"{len(told.rows)} cases as {STANDARDS[standard]}{frozen}", highlight=False)


async def _cases(way: Way) -> list[Any]:
    async with client_of(way.address, way.token) as client:
        return [case async for case in every_case(Node(client))]


async def _identities(safe: Way, told: Exported, reason: str) -> dict[str, identified.Identity]:
    """Of the node's own cases alone: whatever else the safe holds is not asked for."""
    own = [row[CASE] for row in told.rows]
    async with client_of(safe.address, safe.token) as client:
        asked = identified.identities_of(Node(client), own, reason)
        return {case_id: identity async for case_id, identity in asked}


async def _read(way: Way, path: str) -> Any:
    async with client_of(way.address, way.token) as client:
        return await Node(client).read(path)
