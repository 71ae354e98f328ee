"""Who is asked for a need, and who gets the offer: the same facts always give the same choice.

Whether an agency may learn of the case at all (consent, restrictions, policy) is said in
``access``; here stands only whether the service fits, and in which order those that fit come.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from contracts.vocabulary import NOT_YET_KNOWN, PLACES_TO_LIVE
from services.referral.domain.cases import Case
from services.referral.domain.listings import Cover, Listing
from services.referral.domain.requests import (
    EMERGENCY,
    ROUTINE,
    Request,
    who_comes_along,
)

UNANSWERED: Final = "unanswered"
WAITLIST: Final = "waitlist"
FAMILY, MINOR_MOTHER, GIRLS = "carer-with-children", "minor-mother", "girls"
_WIDER: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "women": frozenset({"any-adult"}),
        "men": frozenset({"any-adult"}),
        "girls": frozenset({"any-child"}),
        "boys": frozenset({"any-child"}),
    }
)
"""Classes of places that take somebody of the class, too."""
_STATUS_ORDER: Final[Mapping[str, int]] = MappingProxyType(
    {"capacity": 0, "ask": 1, WAITLIST: 2, UNANSWERED: 3}
)
"""What an answer is worth. Who said ``none``, or could not be asked, is not in it."""
ROOM: Final = frozenset({"capacity", "ask"})
"""Answers of who has a place, or may have one. Who keeps a waiting list has none: what it accepts
before a place is free is declined by itself.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is sought, as codes."""

    urgency: str
    audience_class: str
    oblast: str
    language: str
    preferred: tuple[str, ...] = ()
    tried: frozenset[str] = frozenset()
    """Agencies that had an offer for this need already."""
    refused_by_person: frozenset[str] = frozenset()
    """Agencies that the person did not want, for whichever need of the case."""
    cooling_down: frozenset[str] = frozenset()
    """Agencies that declined not long ago, for a reason that concerns this need."""
    access_needs: frozenset[str] = frozenset()
    """What a service must have so that the person can come and be understood."""
    together: bool = False
    """A family that is to live in one place: ``audience_class`` says so, too."""


def takes(classes: frozenset[str], audience_class: str) -> bool:
    """Whether a place for ``classes`` takes somebody of this class; not known is not refused."""
    if not classes or audience_class == NOT_YET_KNOWN:
        return True
    return bool(classes & ({audience_class} | _WIDER.get(audience_class, frozenset())))


def class_of_place(audience_class: str, *, together: bool) -> str:
    """The class that a place must take: dependants come along to wherever somebody lives.

    Families are not parted by age rules without a recorded reason (ODIHR, NRM Handbook 2022); a
    girl and her child are a family, too, and no adult's.
    """
    if not together or audience_class == MINOR_MOTHER:
        return audience_class
    return MINOR_MOTHER if audience_class == GIRLS else FAMILY


def stays_together(service_type: str, request: Request, case: Case) -> bool:
    """Whether the need is a place to live for a family."""
    return (
        service_type in PLACES_TO_LIVE
        and bool(who_comes_along(request, case, service_type))
        and request.separation_reason is None
    )


def unsaid(listing: Listing, wanted: Wanted) -> int:
    """How many of the person's access needs the service does not say it meets.

    It orders and never rules out: a directory is seldom complete, and a person whom no service says
    it is ready for is offered what there is, with the need said in the offer
    (Convention on the Rights of Persons with Disabilities, Art. 9).
    """
    return len(wanted.access_needs - listing.access)


def it_takes_such_a_person(listing: Listing, wanted: Wanted) -> str | None:
    """The service is for somebody like this (code list: ``audience-class``)."""
    if wanted.together:
        return None
    return None if takes(listing.audiences, wanted.audience_class) else "audience-does-not-fit"


def a_family_stays_together(listing: Listing, wanted: Wanted) -> str | None:
    """A place to live takes the dependants too, or a reason to part them is recorded.

    ODIHR, NRM Handbook 2022; Rights of the Child, Art. 9.
    """
    parts = wanted.together and not takes(listing.audiences, wanted.audience_class)
    return "family-would-be-separated" if parts else None


def it_serves_the_oblast(listing: Listing, wanted: Wanted) -> str | None:
    """The service is given where the person is (HSDS 3.1, service_areas)."""
    unknown = wanted.oblast == NOT_YET_KNOWN or not listing.oblasts
    return None if unknown or wanted.oblast in listing.oblasts else "out-of-area"


def they_can_talk(listing: Listing, wanted: Wanted) -> str | None:
    """Somebody there speaks the language, or an interpreter does.

    Convention, Art. 12(1)(c): translation and interpretation.
    """
    unknown = wanted.language == NOT_YET_KNOWN or listing.interpreter
    return None if unknown or wanted.language in listing.languages else "language"


def an_emergency_needs_cover_round_the_clock(listing: Listing, wanted: Wanted) -> str | None:
    """Nobody is sent to a closed door (project: an emergency is answered within minutes)."""
    closed = wanted.urgency == EMERGENCY and listing.cover is not Cover.ROUND_THE_CLOCK
    return "not-round-the-clock" if closed else None


def it_was_not_tried_for_this_need(listing: Listing, wanted: Wanted) -> str | None:
    """An agency gets one offer per need (project: every hop reaches somebody new)."""
    return "already-tried" if listing.agency in wanted.tried else None


def it_did_not_decline_lately(listing: Listing, wanted: Wanted) -> str | None:
    """Who declined is asked again after the profile's time for the reason.

    Profile: ``cool_down_at_capacity_hours`` and its neighbours.
    """
    return "cooling-down" if listing.agency in wanted.cooling_down else None


def the_person_did_not_refuse_it(listing: Listing, wanted: Wanted) -> str | None:
    """A provider that the person refused is never offered again.

    Convention, Art. 12(7): consensual and informed.
    """
    return "refused-by-the-person" if listing.agency in wanted.refused_by_person else None


FIT_RULES: Final[tuple[Callable[[Listing, Wanted], str | None], ...]] = (
    it_takes_such_a_person,
    a_family_stays_together,
    it_serves_the_oblast,
    they_can_talk,
    an_emergency_needs_cover_round_the_clock,
    it_was_not_tried_for_this_need,
    it_did_not_decline_lately,
    the_person_did_not_refuse_it,
)
UNBENDING: Final[tuple[Callable[[Listing, Wanted], str | None], ...]] = (
    a_family_stays_together,
    an_emergency_needs_cover_round_the_clock,
    the_person_did_not_refuse_it,
)
"""What holds for a person who chooses by hand, too; the rest a telephone call can settle."""


def misfits(listing: Listing, wanted: Wanted) -> tuple[str, ...]:
    """Every reason why the service does not fit."""
    return tuple(found for rule in FIT_RULES if (found := rule(listing, wanted)) is not None)


def objections_to_a_choice(listing: Listing, wanted: Wanted) -> tuple[str, ...]:
    """Every reason why not even a person may choose the service."""
    return tuple(found for rule in UNBENDING if (found := rule(listing, wanted)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """A service that fits, what its agency answered, and how many open tasks we have with it."""

    listing: Listing
    status: str
    load: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known before anybody is asked: open tasks by agency, and what a service answered for
    the need last, None while it has not.
    """

    loads: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, str | None] = field(default_factory=dict)

    def had_nothing(self, listing: Listing) -> bool:
        """It was asked, and had no place, did not answer or could not be asked."""
        if listing.service_id not in self.answers:
            return False
        return self.answers[listing.service_id] not in ROOM


def can_be_offered(bid: Bid, wanted: Wanted) -> bool:
    """Whoever has no place, or could not be asked, gets no offer.

    For a place on a list only somebody waits who can.
    """
    if bid.status == WAITLIST and wanted.urgency != ROUTINE:
        return False
    return bid.status in _STATUS_ORDER


def to_ask(
    fitting: Iterable[Listing], wanted: Wanted, heard: Heard, bound: int
) -> tuple[Listing, ...]:
    """Whom this round asks of those that fit: no more than the bound, the nearest first.

    Whoever was asked for the need before and had nothing to offer comes after all who were not,
    so that every round with such an end reaches somebody new.
    """
    ordered = sorted(
        fitting,
        key=lambda listing: (heard.had_nothing(listing), *_nearness(listing, wanted, heard)),
    )
    return tuple(ordered[:bound])


def choose(bids: tuple[Bid, ...], wanted: Wanted) -> Bid | None:
    """The one that gets the offer.

    Whoever has room, or may have, before who has a waiting list or did not answer; among them
    preferred first, then who says it meets the access needs, then by answer, then in the person's
    oblast, speaking the language without an interpreter, with the least load from us; at last by
    name, so that there is always one.
    """
    offered = [bid for bid in bids if can_be_offered(bid, wanted)]
    return min(offered, key=lambda bid: _order(bid, wanted), default=None)


Nearness = tuple[bool, int, bool, bool, int, str, str]


def _order(bid: Bid, wanted: Wanted) -> tuple[bool, bool, int, int, Nearness]:
    near = _nearness(bid.listing, wanted, Heard(loads={bid.listing.agency: bid.load}))
    return bid.status not in ROOM, near[0], near[1], _STATUS_ORDER[bid.status], near


def _nearness(listing: Listing, wanted: Wanted, heard: Heard) -> Nearness:
    return (
        listing.agency not in wanted.preferred,
        unsaid(listing, wanted),
        listing.home_oblast != wanted.oblast,
        wanted.language not in listing.languages,
        heard.loads.get(listing.agency, 0),
        listing.agency,
        listing.service_id,
    )
