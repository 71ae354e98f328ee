"""How full the places of a kind are: all pools of one service and audience taken together.

Which pool, and so where it is, is never told.
"""

from dataclasses import dataclass
from typing import Final

FULL: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """The places of one kind at this provider."""

    service_type: str
    audience_class: str
    maximum: int
    available: int
    held: int
    occupied: int
    out_of_service: int

    @property
    def taken_share(self) -> float:
        """Of the places that can be used, how many are kept or taken; full where none can."""
        usable = self.maximum - self.out_of_service
        return (self.held + self.occupied) / usable if usable else FULL
