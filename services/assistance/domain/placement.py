"""Where somebody is placed by age, for how long, and that families stay together.

The numbers and the services are the profile's. A rule here never puts anybody out: it asks for a
reason, which is recorded, or tells a human.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contracts.vocabulary import NOT_YET_KNOWN, PLACES_TO_LIVE, Profile, is_a_reason
from services.assistance.domain.hold import CheckedIn, Confirmed, Held, Hold
from services.assistance.domain.pool import Pool, fits
from services.assistance.domain.refusals import Objection

REASONS: Final = "placement-reason"
FOR_ADULTS: Final = frozenset({"crisis-room", "shelter"})
"""Either will do for an adult: the law names crisis rooms and centres of protection alike."""
FAMILIES: Final = frozenset({"carer-with-children", "minor-mother"})
BELOW_3, FROM_3_TO_17, ADULT = "below-3", "from-3-to-17", "adult"
BY_SERVICE: Final[Mapping[str, str]] = MappingProxyType(
    {"child-0-2": BELOW_3, "child-3-17": FROM_3_TO_17}
)
BY_AUDIENCE: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("girls", "boys", "any-child", "minor-mother"), FROM_3_TO_17)
    | dict.fromkeys(("women", "men", "any-adult", "carer-with-children"), ADULT)
)
IN_PROFILE: Final[Mapping[str, str]] = MappingProxyType(
    {BELOW_3: "below_3", FROM_3_TO_17: "3_to_17", ADULT: "adult"}
)


def placement_class(hold: Hold) -> str:
    """As a person here said it, else by the service, else by whom the place was asked for."""
    if hold.placement_class != NOT_YET_KNOWN:
        return hold.placement_class
    known = BY_AUDIENCE.get(hold.audience_class, NOT_YET_KNOWN)
    return BY_SERVICE.get(hold.service_type, known)


def is_a_stay(hold: Hold) -> bool:
    """Whether whoever is here lives here: in a place, or in accommodation without counted ones."""
    return hold.pool_id is not None or hold.service_type in PLACES_TO_LIVE


def stay_limit(hold: Hold, profile: Profile) -> int:
    """For how many months somebody may stay; 0: there is no limit, or the age is not known."""
    by_age = IN_PROFILE.get(placement_class(hold))
    if hold.service_type not in PLACES_TO_LIVE or by_age is None:
        return 0
    return profile.number(f"stay_limit_{by_age}_months")


def is_placed_as_foreseen(hold: Hold, profile: Profile) -> bool:
    """Whether the profile places this class of age here; a family stays together wherever it is.

    Belarus Law 350-Z, Art. 20; HTCDS and the handbook of NRM on keeping mother and child together.
    """
    by_age = IN_PROFILE.get(placement_class(hold))
    if hold.service_type not in PLACES_TO_LIVE or by_age is None or hold.audience_class in FAMILIES:
        return True
    foreseen = profile.word(f"placement_{by_age}_service")
    return hold.service_type == foreseen or {hold.service_type, foreseen} <= FOR_ADULTS


def a_reason_is_recorded(reason: str | None) -> bool:
    """Whether a person said why it is otherwise than foreseen; an unknown word says nothing."""
    return is_a_reason(REASONS, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A person here chooses a pool for somebody; ``after`` is the hold as it would be."""

    pool: Pool | None
    needs: frozenset[str]
    after: Hold
    profile: Profile


def something_is_kept(hold: Hold, asked: Assignment) -> Objection | None:
    """Whoever is gone needs no place (project: a free place is for who comes)."""
    kept = isinstance(hold.state, Held | Confirmed | CheckedIn)
    return None if kept else Objection(code="wrong-state")


def the_chosen_pool_is_known(hold: Hold, asked: Assignment) -> Objection | None:
    """A pool exists once its capacity was reported (project: only counted places can be taken)."""
    return Objection(code="unknown-pool", field="pool_id") if asked.pool is None else None


def the_chosen_pool_is_of_this_service(hold: Hold, asked: Assignment) -> Objection | None:
    """Another service is another task, with its own consent.

    Convention, Art. 12(7): consensual and informed.
    """
    if asked.pool is None or asked.pool.service_type == hold.service_type:
        return None
    return Objection(code="place-does-not-suit", field="pool_id")


def a_place_is_free_there(hold: Hold, asked: Assignment) -> Objection | None:
    """Nobody is put out for somebody else (project: a stay ends by a person's word alone)."""
    if asked.pool is None or asked.pool.available or asked.pool.pool_id == hold.pool_id:
        return None
    return Objection(code="place-does-not-suit", field="pool_id")


def the_place_has_what_is_needed(hold: Hold, asked: Assignment) -> Objection | None:
    """Step-free is step-free: no reason replaces it.

    Rights of Persons with Disabilities, Art. 9.
    """
    if asked.pool is None or asked.needs <= asked.pool.suits:
        return None
    return Objection(code="place-does-not-suit", field="needs")


def a_family_is_not_separated_without_a_reason(hold: Hold, asked: Assignment) -> Objection | None:
    """A carer and the children, a minor mother and her child, get one place that takes both.

    ODIHR, NRM Handbook 2022; Rights of the Child, Art. 9.
    """
    family = hold.audience_class in FAMILIES
    if asked.pool is None or not family or a_reason_is_recorded(asked.after.reason):
        return None
    if fits(asked.pool, hold.audience_class):
        return None
    return Objection(code="reason-missing", field="reason")


def the_place_is_for_whom_it_was_asked(hold: Hold, asked: Assignment) -> Objection | None:
    """Women do not find a man in their room; a person here may say why it is right.

    Convention, Art. 12(1)(a): appropriate and secure accommodation.
    """
    if asked.pool is None or hold.audience_class in FAMILIES:
        return None
    if a_reason_is_recorded(asked.after.reason) or fits(asked.pool, hold.audience_class):
        return None
    return Objection(code="place-does-not-suit", field="pool_id")


def the_class_of_age_is_placed_as_foreseen(hold: Hold, asked: Assignment) -> Objection | None:
    """The profile says which service places whom by age (Belarus Law 350-Z, Art. 20)."""
    after = asked.after
    if a_reason_is_recorded(after.reason) or is_placed_as_foreseen(after, asked.profile):
        return None
    return Objection(code="reason-missing", field="placement_class")


ASSIGNMENT_RULES: Final[tuple[Callable[[Hold, Assignment], Objection | None], ...]] = (
    something_is_kept,
    the_chosen_pool_is_known,
    the_chosen_pool_is_of_this_service,
    a_place_is_free_there,
    the_place_has_what_is_needed,
    a_family_is_not_separated_without_a_reason,
    the_place_is_for_whom_it_was_asked,
    the_class_of_age_is_placed_as_foreseen,
)
