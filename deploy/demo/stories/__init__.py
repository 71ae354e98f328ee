"""The stories by name. People in them are invented."""

from collections.abc import Callable, Mapping

from deploy.demo.stage import Stage
from deploy.demo.stories import construction_site, hospital, killed, poison

STORIES: Mapping[str, Callable[[Stage], None]] = {
    "construction-site": construction_site.tell,
    "hospital": hospital.tell,
    "poison": poison.tell,
    "killed": killed.tell,
}
"""In the order in which they are told."""
