"""Who people are, in the fields of HTCDS that name somebody: only when an officer says why.

Asked of the safe, one person at a time, each time recorded there with the reason; nothing of it is
kept here but in the file that the officer asked for. No way that is not safe goes out: a number or
an address counts only where the safe says that it is. Nothing may be printed of it, nor logged.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from contracts.vocabulary import code_lists
from doors.failures import DoorFailure, NothingThere
from doors.node import Node

REASONS: Final = "export-reason"
FOR_ALL: Final = "own-system"
"""The one reason for which all cases of a node are named together; others are for one case."""
NAMES: Final = "prs_SecondName"
"""The safe keeps a whole name as it is written, and nobody cuts it in two here."""
BORN: Final = "prs_Birthdate"
PHONE: Final = "prs_MobilePhone"
STREET: Final = "prs_MailingStreet"
COUNTRY: Final = "prs_MailingCountry"
GENDER: Final = "prs_Gender"
FIELDS: Final = (NAMES, BORN, PHONE, STREET, COUNTRY, GENDER)
LOST: Final = {
    "names": f"names: {NAMES} holds the first whole name; others have no field",
    "birth_year": f"birth_year: {BORN} has no word for a year alone",
    "documents": "documents: HTCDS 2.0 has no field for them here",
    "notes": "notes: HTCDS 2.0 has no field for them here",
    "phones": "phones: only the first safe one goes out",
    "addresses": "addresses: only the first safe one goes out",
}
Identity = Mapping[str, Any]


def checked_reason(reason: str) -> str:
    """A reason of the list; DoorFailure names the reasons there are."""
    listed = code_lists()[REASONS]
    if reason not in listed or reason == listed.fallback:
        known = ", ".join(each for each in listed.codes if each != listed.fallback)
        raise DoorFailure(f"Say why with --identity and one of these: {known}.")
    return reason


async def identities_of(
    node: Node, case_ids: Sequence[str], reason: str
) -> AsyncIterator[tuple[str, Identity]]:
    """What the safe has about these cases, each reading recorded there with its reason."""
    for case_id in case_ids:
        try:
            yield case_id, await node.read(f"/v1/persons/{case_id}/export?reason={reason}")
        except NothingThere:
            continue


def told(identity: Identity) -> dict[str, str]:
    """The fields of HTCDS that name somebody; empty where nothing is there or nothing is safe."""
    names = identity.get("names") or ()
    address = next(iter(_safe(identity, "addresses")), {})
    phone = next(iter(_safe(identity, "phones")), {})
    return {
        NAMES: str(names[0]["full"]) if names else "",
        BORN: str(identity.get("born_on") or ""),
        PHONE: str(phone.get("number") or ""),
        STREET: ", ".join(address.get("lines") or ()),
        COUNTRY: str(address.get("country") or ""),
        GENDER: code_lists()["gender"].maps["htcds"].outward.get(str(identity.get("gender")), ""),
    }


def lost(identity: Identity) -> list[str]:
    """What of it goes into no field: names of properties, nothing that is in them."""
    gone = {
        "names": len(identity.get("names") or ()) > 1,
        "birth_year": bool(identity.get("birth_year")) and not identity.get("born_on"),
        "documents": bool(identity.get("documents")),
        "notes": bool(identity.get("notes")),
        "phones": _is_cut(identity, "phones"),
        "addresses": _is_cut(identity, "addresses"),
    }
    return [LOST[name] for name, is_lost in gone.items() if is_lost]


def _safe(identity: Identity, name: str) -> list[Mapping[str, Any]]:
    return [each for each in identity.get(name) or () if each.get("safe") is True]


def _is_cut(identity: Identity, name: str) -> bool:
    there = identity.get(name) or ()
    return len(there) > len(_safe(identity, name)[:1])
