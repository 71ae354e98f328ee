"""The node's own cases in the words of an outside standard: codes alone, losses listed.

Which property goes into which field is the vocabulary's mapping, for HTCDS 2.0 (IOM's standard of
cases) as for the United Kingdom's form. No identity is in it unless an officer of
the node asks for it with a reason, and then only in HTCDS (``doors.identified``).
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.intake import CaseCorrected, ScreeningRecorded
from contracts.vocabulary import NOT_YET_KNOWN, StandardMapping, code_lists
from doors import identified
from doors.failures import DoorFailure
from doors.files import guarded
from doors.node import Node
from doors.tables.words import shapes_of

STANDARDS: Final = {"htcds": "HTCDS 2.0", "uk": "the United Kingdom's form"}
CASE: Final = "nrm_case_id"
ELSEWHERE: Final = {("htcds", "country_of_exploitation")}
"""The list maps to a field, but the field is about another property (a nationality)."""
INSTEAD: Final = {
    ("uk", "country_of_exploitation"): "uk-place",
    ("htcds", "status"): "htcds-status",
}
"""Properties whose list has another mapping for them than the one by the standard's name."""
WIDENED: Final = ("means",)
"""What a case has by its screenings alone: no correction names it."""
OF_THE_CASE: Final = {
    "state": "identification-state",
    "status": "identification-state",
    "close_reason": "close-reason",
    "counted_by_type": "agency-type",
}
"""What is no code of a case but of itself, and its list; `status`: its state while it is open."""
CLOSED: Final = "closed"
CHILDREN: Final = frozenset({"child", "believed-child"})
MANY: Final = "|"
PAGE: Final = 200
CASES_LIMIT: Final = 100_000


@dataclass(slots=True)
class Exported:
    """Rows for a file, and what the standard could not say."""

    standard: str
    fields: tuple[str, ...]
    rows: list[dict[str, str]] = field(default_factory=list)
    lost: dict[str, None] = field(default_factory=dict)
    """Sentences, each once, in order; codes and names of properties, no case."""
    frozen: int = 0
    """Cases whose sharing the person stopped: nothing of them is exported."""

    def document(self) -> bytes:
        """The file: CSV in UTF-8; several codes of one field with a bar between them."""
        told = io.StringIO(newline="")
        writer = csv.DictWriter(told, (CASE, *self.fields), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: guarded(cell) for name, cell in row.items()} for row in self.rows)
        return told.getvalue().encode()


def mapped_properties(standard: str) -> Mapping[str, StandardMapping]:
    """Property of a case -> the words that its code list has in the standard."""
    named = {name: shape.codelist for name, shape in shapes_of(CaseCorrected).items()}
    found = shapes_of(ScreeningRecorded)
    named |= {name: found[name].codelist for name in WIDENED} | OF_THE_CASE
    mapped = {
        name: code_lists()[listed].maps.get(INSTEAD.get((standard, name), standard))
        for name, listed in named.items()
        if listed and (standard, name) not in ELSEWHERE
    }
    if (standard, "status") not in INSTEAD:
        del mapped["status"]
    return {name: words for name, words in mapped.items() if words is not None}


def exported(standard: str, cases: Iterable[Mapping[str, Any]]) -> Exported:
    """Cases as `GET /v1/cases` tells them, as rows of the standard."""
    properties = mapped_properties(standard)
    fields = tuple(dict.fromkeys(mapped.field for mapped in properties.values()))
    told = Exported(standard=standard, fields=fields)
    for case in cases:
        if case.get("frozen_at") or case.get("codes") is None:
            told.frozen += 1
            continue
        codes = {**case["codes"], **_of_the_case(case)}
        words: dict[str, dict[str, None]] = {name: {} for name in fields}
        for name, mapped in properties.items():
            boxes = (*boxes_of_a_child(standard, name, codes), mapped)
            words[mapped.field] |= _words(told, name, boxes, codes.get(name))
        row = {name: MANY.join(found) for name, found in words.items()}
        told.rows.append({CASE: str(case["case_id"]), **row})
        _unmapped(told, codes, properties)
    return told


def choose(told: Exported, cases: Sequence[str], reason: str) -> None:
    """Leave the cases that were asked for; DoorFailure when one is not there, or when a reason to
    name people is one for each case alone and none was asked for.
    """
    if reason and reason != identified.FOR_ALL and not cases:
        raise DoorFailure(f"Say whom with --case: only {identified.FOR_ALL} is a reason for all.")
    if not cases:
        return
    rows = [row for row in told.rows if row[CASE] in cases]
    if missing := len(set(cases)) - len(rows):
        raise DoorFailure(f"{missing} of the cases cannot be exported here: compare the ids.")
    told.rows = rows


def name_people(told: Exported, identities: Mapping[str, identified.Identity]) -> None:
    """Fill the fields that name somebody, of the cases whose identity the safe gave."""
    told.fields = (*told.fields, *identified.FIELDS)
    for row in told.rows:
        identity = identities.get(row[CASE])
        if identity is not None:
            row.update(identified.told(identity))
            told.lost.update(dict.fromkeys(identified.lost(identity)))


def boxes_of_a_child(
    standard: str, name: str, codes: Mapping[str, Any]
) -> Sequence[StandardMapping]:
    """Sexual exploitation of a child has a box of its own, before that of an adult.

    Source: United Kingdom, form of the national referral mechanism, types of exploitation; whoever
    may be below 18 is a child there, too, until it is known.
    """
    if (standard, name) != ("uk", "exploitation") or codes.get("majority") not in CHILDREN:
        return ()
    return (code_lists()[name].maps["uk-child"],)


def _of_the_case(case: Mapping[str, Any]) -> dict[str, Any]:
    state = case["state"]
    return {
        "state": state,
        "status": None if state == CLOSED else state,
        "close_reason": case.get("close_reason"),
        "counted_by_type": case.get("counted_by_type"),
    }


def _words(
    told: Exported, name: str, boxes: Sequence[StandardMapping], value: Any
) -> dict[str, None]:
    """The standard's words, each once; what it cannot say is noted."""
    codes = value if isinstance(value, list | tuple) else [value] if value else []
    words: dict[str, None] = {}
    said = "state" if name == "status" else name
    for code in codes:
        mapped = next((each for each in boxes if code in each.outward), None)
        if mapped is None:
            if code != NOT_YET_KNOWN:
                told.lost[f"{said} {code}: {boxes[-1].field} has no word for it"] = None
            continue
        words[mapped.outward[code]] = None
        if code in mapped.losses:
            told.lost[f"{said} {code}: reads as {mapped.losses[code]} in {mapped.field}"] = None
    return words


def _unmapped(told: Exported, codes: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    for name, value in codes.items():
        if name not in (*properties, "status") and value not in (
            None,
            NOT_YET_KNOWN,
            "unknown",
            (),
            [],
        ):
            told.lost[f"{name}: no field of {STANDARDS[told.standard]} is mapped to it"] = None


async def every_case(node: Node) -> AsyncIterator[Mapping[str, Any]]:
    """All cases of the node, page after page; each page is recorded there as read."""
    after, many = "", 0
    while many < CASES_LIMIT:
        page = await node.read(f"/v1/cases?limit={PAGE}{after}")
        for case in page:
            yield case
        if len(page) < PAGE:
            return
        many += len(page)
        after = f"&after={page[-1]['case_id']}"
