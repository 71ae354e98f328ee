"""For how long a provider that declined is not asked again: by reason, from the profile.

Reasons belong to the person or to the provider. What the person said holds for every need of the
case; what a provider said holds for that service, unless it is about the agency itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from contracts.vocabulary import Profile
from contracts.vocabulary.profile import COOLING_REASONS

PERSON_DECLINED: Final = "person-declined"
UNKNOWN: Final = "not_yet_known"


class Family(StrEnum):
    """Whose reason it is."""

    PERSON = "person"
    PROVIDER = "provider"


OF_THE_PERSON: Final = frozenset({PERSON_DECLINED, "person-unreachable", "person-left-area"})
OF_THE_AGENCY: Final = frozenset({"safety", "conflict-of-interest", "mou-not-in-force"})
"""Provider's reasons that are true of whatever service the agency gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """An agency declined something of the case."""

    agency: str
    service_type: str
    reason: str
    at: datetime


def family_of(reason: str) -> Family:
    """Whose reason it is; an unknown one is the provider's."""
    return Family.PERSON if reason in OF_THE_PERSON else Family.PROVIDER


def concerns(decline: Decline, service_type: str) -> bool:
    """Whether the decline says anything about a need of this type."""
    everything = family_of(decline.reason) is Family.PERSON or decline.reason in OF_THE_AGENCY
    return everything or decline.service_type == service_type


def cools_until(decline: Decline, profile: Profile) -> datetime:
    """When the agency may be asked again."""
    name = decline.reason.replace("-", "_")
    known = name if name in COOLING_REASONS else UNKNOWN
    return decline.at + profile.hours(f"cool_down_{known}_hours")


def cooling_down(
    declines: Iterable[Decline], service_type: str, now: datetime, profile: Profile
) -> frozenset[str]:
    """Agencies that are not asked yet for a need of this type."""
    return frozenset(
        each.agency
        for each in declines
        if concerns(each, service_type) and now < cools_until(each, profile)
    )


def refused_by_the_person(declines: Iterable[Decline]) -> frozenset[str]:
    """Agencies of which somebody told that the person does not want them: for good."""
    return frozenset(each.agency for each in declines if each.reason == PERSON_DECLINED)
