"""The stories by name. People in them are invented."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from deploy.demo.stage import Stage
from deploy.demo.stories import (
    again,
    at_home,
    construction_site,
    girl_of_fifteen,
    hospital,
    killed,
    last_bed,
    mother_and_two,
    no_removal,
    offline,
    poison,
    two_declines,
)

STORIES: Mapping[str, Callable[[Stage], None]] = {
    "construction-site": construction_site.tell,
    "hospital": hospital.tell,
    "poison": poison.tell,
    "killed": killed.tell,
    "last-bed": last_bed.tell,
    "two-declines": two_declines.tell,
    "offline": offline.tell,
    "mother-and-two": mother_and_two.tell,
    "at-home": at_home.tell,
    "again": again.tell,
    "girl-of-fifteen": girl_of_fifteen.tell,
    "no-removal": no_removal.tell,
}
"""In the order in which they are told."""
IN_A_MINUTE: Final = ("construction-site", "hospital", "poison", "killed")
"""Those that `make demo` tells when it is not asked for others."""
ON_CALL: Mapping[str, tuple[str, ...]] = {
    "girl-of-fifteen": (girl_of_fifteen.EDUCATION,),
    "no-removal": (no_removal.MIGRATION,),
}
"""The nodes on call that a story needs; no other story pays for them."""
EVERY: Final = "all"


def nodes_on_call(names: Iterable[str]) -> tuple[str, ...]:
    """The nodes on call that these stories need, in the order of the stories."""
    needed = (node for name in names for node in ON_CALL.get(name, ()))
    return tuple(dict.fromkeys(needed))
