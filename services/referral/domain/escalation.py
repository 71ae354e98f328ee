"""Who is to act when no provider is left: the worker, then the supervisor, then a coordinator.

Only the sender's own people are told, and which agency they may turn to: nothing of the case goes
anywhere. Whoever a restriction of the case names is never among them (``access`` says who may be).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from contracts.vocabulary import Profile
from services.referral.domain.agreements import Participant
from services.referral.domain.requests import EMERGENCY, Need, Request

DECIDES: Final = "decide"
"""The power to decide on the mechanism: what makes an agency a coordinator."""


class Contact(StrEnum):
    """Codes of the list ``escalation-contact``."""

    SUPERVISOR = "supervisor"
    OBLAST = "oblast-coordinator"
    NATIONAL = "national-coordinator"
    NOBODY = "nobody-allowed"


@dataclass(frozen=True, slots=True)
class Turned:
    """To whom the sender's people are to turn."""

    contact: Contact
    agency: str | None = None


def a_machine_gave_up(request: Request, offers: int, reroute_hops: int) -> bool:
    """An emergency, or the profile's hops are over: the supervisor is told at once."""
    return request.urgency == EMERGENCY or offers > reroute_hops


def next_contact(need: Need, allowed: tuple[Participant, ...], oblast: str) -> Turned | None:
    """The next one after those that were told; None when everybody was.

    ``allowed``: coordinators that no restriction of the case excludes.
    """
    match need.told:
        case None:
            return Turned(Contact.SUPERVISOR)
        case Contact.SUPERVISOR:
            return _coordinator(allowed, oblast)
        case _ if it_was_ruled_out(need, allowed):
            return _coordinator(allowed, oblast)
        case _:
            return None


def it_was_ruled_out(need: Need, allowed: tuple[Participant, ...]) -> bool:
    """Whether the agency to turn to is one that a restriction names by now: somebody takes its
    place, or people are told that nobody may.
    """
    return need.turn_to is not None and all(each.node != need.turn_to for each in allowed)


def _coordinator(allowed: tuple[Participant, ...], oblast: str) -> Turned:
    """Of the oblast before one of the whole country; by name, so that it is always the same."""
    deciding = sorted(
        (each for each in allowed if DECIDES in each.powers), key=lambda each: each.node
    )
    here = [each for each in deciding if oblast in each.oblasts]
    if here:
        return Turned(Contact.OBLAST, here[0].node)
    everywhere = [each for each in deciding if not each.oblasts]
    if everywhere:
        return Turned(Contact.NATIONAL, everywhere[0].node)
    return Turned(Contact.NOBODY)


def patience(request: Request, profile: Profile) -> timedelta:
    """How long a person has, before the next one is told."""
    if request.urgency == EMERGENCY:
        return profile.minutes("emergency_escalation_minutes")
    return profile.hours("escalation_hours")
