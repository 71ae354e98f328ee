"""The egress register: every aggregate that may leave a node, and every one that may not.

An aggregate is a number about more than one person. It is *ledgered* (noise was added, and the
loss of privacy is entered in the ledger), *contractual* (exact, for one named recipient of one
contract, handed over by a person), *required* (the profile cites the law), *public* (made of
ledgered ones only, or of nobody at all), or *refused*: exact, for the node's own people, never sent
by the software. A way out that is not here is no way out: a test walks the routes, the events that
take counts out and the files that `nrm` writes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from contracts.catalogue import CATALOGUE
from contracts.envelope import Classification, PrivacyClass
from contracts.tools.schemas import schema_of
from deploy.reference_http import SERVICES


class Verdict(StrEnum):
    """Whether, and on what ground, it may leave."""

    LEDGERED = "ledgered"
    CONTRACTUAL = "contractual"
    REQUIRED = "required by a law"
    PUBLIC = "public"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Way:
    """One aggregate and its way: an event's type, a service's route, or a file of a command."""

    what: str
    verdict: Verdict
    to: str
    why: str


LEDGERED, CONTRACTUAL = Verdict.LEDGERED, Verdict.CONTRACTUAL
PUBLIC, REFUSED, REQUIRED = Verdict.PUBLIC, Verdict.REFUSED, Verdict.REQUIRED
NOBODY: Final = "nobody"

REGISTER: Final[tuple[Way, ...]] = (
    Way(
        "event org.nrm.contributor.counts-contributed.v1",
        LEDGERED,
        "the plan's custodian",
        "noise is added at the source, the loss is entered before it is sent",
    ),
    Way(
        "event org.nrm.identification.anonymous-notification.v1",
        REQUIRED,
        "whom the profile names",
        "off unless the profile cites a law; a batch of two groups of codes, no oblast, no case",
    ),
    Way(
        "event org.nrm.custodian.partial-summed.v1",
        LEDGERED,
        "the publisher",
        "a sum of noisy contributions of at least the plan's number of nodes",
    ),
    Way(
        "event org.nrm.custodian.manifest-closed.v1",
        PUBLIC,
        "everybody on the hub",
        "which nodes contributed, and no count of anybody",
    ),
    Way(
        "event org.nrm.publisher.plan-published.v1",
        PUBLIC,
        "everybody on the hub",
        "what will be counted, before anything is",
    ),
    Way(
        "event org.nrm.publisher.release-published.v1",
        PUBLIC,
        "everybody",
        "made of partial sums only, with the width of the noise",
    ),
    Way(
        "event org.nrm.publisher.release-held.v1",
        PUBLIC,
        "everybody on the hub",
        "that a release does not come out, and why",
    ),
    Way(
        "route statistics.publisher GET /v1/releases*",
        PUBLIC,
        "everybody",
        "the published releases",
    ),
    Way(
        "route statistics.* GET /v1/plans*",
        PUBLIC,
        "everybody on the hub",
        "the published plans",
    ),
    Way(
        "route statistics.custodian GET /v1/manifests",
        PUBLIC,
        "the custodian's own people",
        "which nodes contributed, and no count of anybody",
    ),
    Way(
        "route statistics.contributor GET /v1/contributions",
        REFUSED,
        NOBODY,
        "what was spent of the ledger, for the node's own people; no count is shown",
    ),
    Way(
        "route statistics.contributor GET /v1/counts",
        REFUSED,
        NOBODY,
        "exact counts of cases, stamped internal",
    ),
    Way(
        "route gateway POST /v1/age-counts",
        REFUSED,
        NOBODY,
        "exact counts of the node's own cases by band of age, for its report; no date comes out",
    ),
    Way(
        "route assistance GET /v1/report",
        REFUSED,
        NOBODY,
        "exact counts of what was given, stamped internal",
    ),
    Way(
        "route assistance GET /v1/contracts",
        REFUSED,
        NOBODY,
        "exact units of every contract, for the node's own people",
    ),
    Way(
        "route assistance GET /v1/contracts/{contract_id}/statement",
        CONTRACTUAL,
        "the recipient that the contract names",
        "units of one contract and period, written by a supervisor, recorded; handed over by hand",
    ),
    Way(
        "route assistance GET /v1/pools",
        REFUSED,
        NOBODY,
        "counts of places; other agencies are told a status, never a count",
    ),
    Way(
        "route * GET /metrics/inside",
        REFUSED,
        NOBODY,
        "counts of places and units, for the node's own collector",
    ),
    Way(
        "file nrm report month",
        REFUSED,
        NOBODY,
        "the monthly report of one node, stamped internal: a person answers for every copy",
    ),
    Way(
        "file nrm report statement",
        CONTRACTUAL,
        "the recipient that the contract names",
        "what the route of the same name answers, in a file",
    ),
    Way(
        "file nrm export fhir",
        CONTRACTUAL,
        "whom the officer gives it to",
        "one task of the node as codes, judged sound before it is written; nobody is named",
    ),
    Way(
        "file nrm export htcds",
        REFUSED,
        NOBODY,
        "the node's own cases as codes; with --identity they are named, for the officer of this "
        "node who said why, each reading in the audit of the safe: a person answers for a copy",
    ),
    Way(
        "file nrm export uk-form",
        REFUSED,
        NOBODY,
        "the node's own cases as codes; nobody is named",
    ),
    Way(
        "file nrm directory export",
        PUBLIC,
        "whom the node gives it to",
        "which agency offers which service, and its duty phones; of a register only what a list "
        "allows: no place of accommodation, no count, nobody's name",
    ),
    Way(
        "file nrm directory import",
        REFUSED,
        NOBODY,
        "the node's own directory: what an export would write, and nothing else of the register",
    ),
)

NO_AGGREGATE: Final[Mapping[str, str]] = {
    "gateway GET /v1/answers": "answers to the agency's own events",
    "gateway GET /v1/incoming": "news of single cases for the agency's own system",
    "gateway GET /v1/news": "news of single cases for people of the node",
    "gateway GET /v1/participants": "who takes part, as the registry says it",
    "gateway GET /v1/kept-cases": "numbers of single cases of which a record is kept",
    "gateway GET /v1/persons/{case_id}": "one person, from the safe",
    "gateway GET /v1/persons/{case_id}/export": "one person, for a file, with a reason",
    "gateway GET /v1/persons/{case_id}/age-bands": "codes about one person, from the safe",
    "gateway GET /v1/persons/{case_id}/placement-class": "one code about one person, as above",
    "statistics.contributor GET /v1/counted/{table}": "ids and moments of single cases, for the "
    "node's own report",
    "* GET /v1/cases*": "single cases, a page at a time",
    "identification GET /v1/notices": "single notices for people of the node",
    "referral GET /v1/requests*": "one request, or those of one case",
    "referral GET /v1/tasks*": "single tasks",
    "assistance GET /v1/episodes*": "single episodes",
    "assistance GET /v1/lasting-stays": "single stays that go on after a stop of sharing",
}
"""Routes that answer with single things for the node's own people, and why they are no aggregate.

The numbers at `/metrics` are of processes; that none counts people is held by the panels' list.
"""


COUNTS: Final = "counts"
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
WRITERS: Final = frozenset({"write_text", "write_bytes"})
OPENERS: Final = frozenset({"open", "fdopen"})
MODE: Final = re.compile(r"[rwxabt+]{1,4}")


def routes() -> Iterator[str]:
    """Every route that answers something, by the access tables of all services: whatever is read,
    and whatever counts what was sent to it.
    """
    for service, _, access in SERVICES:
        for method, path in access:
            if method == "GET" or path.endswith(COUNTS):
                yield f"{service} {method} {path}"


def events() -> Iterator[str]:
    """Every published type of the class *aggregate*, and every other that takes counts outside."""
    for spec in CATALOGUE.values():
        aggregate = spec.classification is Classification.AGGREGATE
        if aggregate or (spec.travels and _lists_counts(schema_of(spec))):
            yield spec.type


def _lists_counts(schema: Mapping[str, Any]) -> bool:
    """Whether a body holds a list of things that are counted."""
    return any(
        count.get("x-nrm-class") == PrivacyClass.COUNT
        for below in schema.get("properties", {}).values()
        for count in below.get("items", {}).get("properties", {}).values()
    )


def files(folder: Path) -> Iterator[str]:
    """Every command of `nrm` that writes a table or a file: its module opens the csv or XLSX
    library, or the doors' own way of writing one; or a function that it calls opens a file to
    write.
    """
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
        a_table = bool(_imports(tree) & {"csv", "openpyxl", "doors.files"})
        for name, function in functions.items():
            command = _command(function)
            if command and (a_table or _writes(name, functions)):
                yield f"nrm {path.stem} {command}"


def _writes(name: str, functions: Mapping[str, Function]) -> bool:
    """Whether a function, or one of its module that it calls, opens a file to write."""
    reached, waiting = {name}, [name]
    while waiting:
        for node in ast.walk(functions[waiting.pop()]):
            if not isinstance(node, ast.Call):
                continue
            if _opens_to_write(node):
                return True
            called = _name(node.func)
            if called in functions and called not in reached:
                reached.add(called)
                waiting.append(called)
    return False


def _opens_to_write(call: ast.Call) -> bool:
    if _name(call.func) in WRITERS:
        return True
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    said = [each.value for each in given if isinstance(each, ast.Constant)]
    modes = [each for each in said if isinstance(each, str) and MODE.fullmatch(each)]
    return _name(call.func) in OPENERS and any(set(mode) & set("wxa+") for mode in modes)


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, node.module.split(".")[0]}
    return found


def _command(function: Function) -> str | None:
    """As what `nrm` knows a function: the name that its decorator gives, or its own."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if not (isinstance(called, ast.Attribute) and called.attr == "command"):
            continue
        given = decorator.args if isinstance(decorator, ast.Call) else []
        name = given[0].value if given and isinstance(given[0], ast.Constant) else None
        return name if isinstance(name, str) else function.name
    return None


def unregistered(ways: Iterable[str]) -> list[str]:
    """Of these ways (``route …``, ``event …``, ``file …``), those that nobody has judged."""
    known = [way.what for way in REGISTER]
    known += [f"route {each}" for each in NO_AGGREGATE]
    return [way for way in ways if not any(_covers(each, way) for each in known)]


def _covers(known: str, way: str) -> bool:
    return known == way or fnmatchcase(way, known.replace("[", "[[]"))


def unused(ways: Iterable[str]) -> list[str]:
    """Rows of the register that no way out has any more."""
    every = list(ways)
    return [way.what for way in REGISTER if not any(_covers(way.what, each) for each in every)]


HEAD: Final = """\
# Egress register

Generated by `make docs` from `deploy/egress.py`; do not edit. `nrm report egress` prints it.

Every aggregate that may leave a node, and every one that may not. *Ledgered*: with noise, the loss
of privacy is entered in the ledger first. *Public*: made of ledgered ones only, or of nobody at
all. *Contractual*: exact, for the one recipient that a contract names, handed over by a person who
answers for it.
*Required by a law*: the profile cites it, or it is off.
*Refused*: exact, for the node's own people; the software never sends it. What is not here has no
way out: `test_every_way_out_is_in_the_register` walks all routes, aggregate events and files.
"""


def page() -> str:
    """The whole page, in Markdown."""
    lines = [HEAD, "| what | may it leave | to whom | why |", "|---|---|---|---|"]
    lines += [f"| `{way.what}` | {way.verdict} | {way.to} | {way.why} |" for way in REGISTER]
    lines += ["", "## No aggregate", "", "| route | what it answers |", "|---|---|"]
    lines += [f"| `{what}` | {why} |" for what, why in NO_AGGREGATE.items()]
    return "\n".join(lines) + "\n"
