"""The stories by name. People in them are invented."""

from collections.abc import Callable, Mapping
from typing import Final

from deploy.demo.stage import Stage
from deploy.demo.stories import (
    again,
    at_home,
    construction_site,
    hospital,
    killed,
    last_bed,
    mother_and_two,
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
}
"""In the order in which they are told."""
IN_A_MINUTE: Final = ("construction-site", "hospital", "poison", "killed")
"""Those that `make demo` tells when it is not asked for others."""
EVERY: Final = "all"
