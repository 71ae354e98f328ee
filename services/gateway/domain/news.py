"""In which order a page of news is read: what cannot wait first. Pure.

Within a case nothing overtakes anything: that a child was found would else be read before that it
went missing again. Looks at codes alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

EMERGENCY: Final = "emergency"
CHILD_MISSING: Final = "org.nrm.identification.child-missing."
Entry = TypeVar("Entry", bound=Mapping[str, Any])


def it_cannot_wait(entry: Mapping[str, Any]) -> bool:
    """A child is missing, somebody is in danger now, or an emergency is asked for or stands."""
    facts = entry["facts"]
    danger = facts.get("urgency") == EMERGENCY or facts.get("immediate_danger") is True
    return danger or str(entry["type"]).startswith(CHILD_MISSING)


def emergencies_first(page: Sequence[Entry]) -> list[Entry]:
    """The page with what cannot wait in front, and before it only what the same case told earlier.

    Everything else keeps its order. What to ask for next is the page's, not its last entry's.
    """
    last = {entry["case_id"]: place for place, entry in enumerate(page) if it_cannot_wait(entry)}
    lifted = [place <= last.get(entry["case_id"], -1) for place, entry in enumerate(page)]
    first = [entry for entry, up in zip(page, lifted, strict=True) if up]
    return first + [entry for entry, up in zip(page, lifted, strict=True) if not up]
