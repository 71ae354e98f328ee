"""Legal holds and stays: what keeps a record from being destroyed, how long, what never follows.

Both narrow: they never let anything be shared, read or changed that a freeze forbids. Nothing here
knows why the person stopped sharing, or whose record it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN, Profile
from services.gateway.domain.refusals import Objection

LIFTED: Final = "lifted"
EXPIRED: Final = "expired"
NOT_CONFIRMED: Final = "not-confirmed"
NOT_STOPPED: Final = "not-stopped"
LEGAL_HOLD: Final = "legal-hold"
RUNNING_STAY: Final = "running-stay"
NOT_YET_DUE: Final = "not-yet-due"
SECOND_PERSON: Final = "second-person-needed"
ID_TAKEN: Final = Objection("id-reused", "hold_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a jurisdiction's profile says of holds, and of destruction after a withdrawal."""

    longest: timedelta
    confirmed_within: timedelta
    notice: timedelta
    destroyed_after: timedelta


def terms_of(profile: Profile) -> Terms:
    """The terms of a profile."""
    return Terms(
        longest=profile.days("legal_hold_days"),
        confirmed_within=profile.hours("legal_hold_confirm_hours"),
        notice=profile.days("legal_hold_notice_days"),
        destroyed_after=profile.hours("destroy_after_withdrawal_hours"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """A hold as it is kept. Who placed it stands in the audit."""

    hold_id: UUID
    case_id: UUID
    ground: str
    placed_at: datetime
    ends_at: datetime
    confirm_by: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def stands_until(self) -> datetime:
        """Its own end, or sooner while no second person confirmed it."""
        if self.ended_at is not None:
            return self.ended_at
        return self.ends_at if self.confirmed_at else min(self.ends_at, self.confirm_by)

    @property
    def kind_of_end(self) -> str:
        """Why it ends when nobody lifts it."""
        return EXPIRED if self.confirmed_at or self.ends_at <= self.confirm_by else NOT_CONFIRMED


def stands(hold: LegalHold, now: datetime) -> bool:
    """Whether it keeps the record now; its end need not have been noted yet."""
    return hold.placed_at <= now < hold.stands_until


def that_one_person_saw(holds: Iterable[LegalHold], ground: str) -> tuple[LegalHold, ...]:
    """Those on this ground that no second person ever confirmed, whether they stand or are over."""
    return tuple(hold for hold in holds if hold.ground == ground and hold.confirmed_at is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """A hold that is asked for, and what is known here."""

    ground: str
    ends_at: datetime
    now: datetime
    terms: Terms
    case_known: bool
    id_taken: bool
    again_alone: bool
    """Whoever placed one on this ground, which nobody else confirmed or lifted, asks again; or a
    system does.
    """


def a_hold_is_about_a_known_case(asked: Placing) -> Objection | None:
    """A record that is not here cannot be kept (project: whoever relies on it has to hear so)."""
    return None if asked.case_known else Objection("unknown-case")


def a_hold_has_an_id_of_its_own(asked: Placing) -> Objection | None:
    """Another hold came before under this id (project: one id is one hold in the audit)."""
    return ID_TAKEN if asked.id_taken else None


def a_hold_has_a_ground(asked: Placing) -> Objection | None:
    """What a person took back is kept only for a ground of the law (GDPR, Art. 17(3))."""
    return Objection("reason-missing", "ground") if asked.ground == NOT_YET_KNOWN else None


def a_hold_ends_after_now(asked: Placing) -> Objection | None:
    """A hold that is over keeps nothing (project: whoever relies on it has to hear so)."""
    return Objection("out-of-range", "ends_at") if asked.ends_at <= asked.now else None


def a_hold_is_no_longer_than_the_profile_lets_it(asked: Placing) -> Objection | None:
    """Kept no longer than the ground needs (GDPR, Art. 5(1)(e)): a person looks at it again."""
    too_long = asked.ends_at > asked.now + asked.terms.longest
    return Objection("hold-too-long", "ends_at") if too_long else None


def nobody_keeps_a_record_alone_by_placing_again(asked: Placing) -> Objection | None:
    """What nobody confirmed is not placed anew by the same person, hours after hours, for ever.

    Project: two people see each ground.
    """
    return Objection(SECOND_PERSON) if asked.again_alone else None


PLACING_RULES: Final[tuple[Callable[[Placing], Objection | None], ...]] = (
    a_hold_is_about_a_known_case,
    a_hold_has_an_id_of_its_own,
    a_hold_has_a_ground,
    a_hold_ends_after_now,
    a_hold_is_no_longer_than_the_profile_lets_it,
    nobody_keeps_a_record_alone_by_placing_again,
)


def placing_objections(asked: Placing) -> tuple[Objection, ...]:
    """Everything that speaks against a hold."""
    found = [rule(asked) for rule in PLACING_RULES]
    return tuple(objection for objection in found if objection)


def standing_objections(hold: LegalHold | None, now: datetime) -> tuple[Objection, ...]:
    """Only a hold of this case that still stands is confirmed or lifted.

    Project: a new ground needs a new hold.
    """
    if hold is None:
        return (Objection("unknown-hold", "hold_id"),)
    return () if stands(hold, now) else (Objection("hold-ended", "hold_id"),)


def confirming_objections(
    hold: LegalHold | None, now: datetime, second_person: tuple[Objection, ...]
) -> tuple[Objection, ...]:
    """Two people see the ground of a hold; once confirmed it needs no third.

    Project: nobody keeps a record alone.
    """
    against = standing_objections(hold, now) + second_person
    if hold is not None and hold.confirmed_at is not None:
        against += (Objection("wrong-state"),)
    return against


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody lives in a place of this node, until ``ended_at``: None, they still do."""

    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroying:
    """What is asked when somebody destroys what the safe has of a case."""

    stopped_at: datetime | None
    holds: tuple[LegalHold, ...]
    stays: tuple[Stay, ...]
    now: datetime
    terms: Terms
    lifted_by_the_same: bool
    """Whoever asks lifted a hold of it before."""


def the_sharing_of_it_was_stopped(asked: Destroying) -> str | None:
    """A running case is closed, not destroyed (GDPR, Art. 17(1)(b): consent was withdrawn)."""
    return NOT_STOPPED if asked.stopped_at is None else None


def no_legal_hold_stands(asked: Destroying) -> str | None:
    """Erasure waits for what a law or a claim needs (GDPR, Art. 17(3)(b) and (e))."""
    held = any(stands(hold, asked.now) for hold in asked.holds)
    return LEGAL_HOLD if held else None


def nobody_lives_here_any_more(asked: Destroying) -> str | None:
    """Whoever gives somebody a bed needs to know whom: they ask for their own consent instead.

    Project: a running stay needs its record.
    """
    return RUNNING_STAY if any(stay.ended_at is None for stay in asked.stays) else None


def the_agreed_hours_after_the_stop_are_over(asked: Destroying) -> str | None:
    """Counted from the stop, and anew from the end of every hold and every stay: whoever was forced
    to take consent back can say so meanwhile. Nothing undoes the stop itself.

    Profile: ``destroy_after_withdrawal_hours``.
    """
    if asked.stopped_at is None:
        return None
    ends = [hold.stands_until for hold in asked.holds if hold.placed_at <= asked.now]
    left = [stay.ended_at for stay in asked.stays if stay.ended_at is not None]
    due_at = max([asked.stopped_at, *ends, *left]) + asked.terms.destroyed_after
    return NOT_YET_DUE if asked.now < due_at else None


def whoever_lifted_a_hold_does_not_destroy_what_it_kept(asked: Destroying) -> str | None:
    """Evidence goes by the word of two people, also where one person has both roles.

    Project: nobody destroys evidence alone.
    """
    return SECOND_PERSON if asked.lifted_by_the_same else None


DESTROYING_RULES: Final[tuple[Callable[[Destroying], str | None], ...]] = (
    the_sharing_of_it_was_stopped,
    no_legal_hold_stands,
    nobody_lives_here_any_more,
    whoever_lifted_a_hold_does_not_destroy_what_it_kept,
    the_agreed_hours_after_the_stop_are_over,
)


def destroying_objections(asked: Destroying) -> tuple[str, ...]:
    """Everything that speaks against it, as codes of a problem."""
    found = [rule(asked) for rule in DESTROYING_RULES]
    return tuple(code for code in found if code)


def notice_at(hold: LegalHold, terms: Terms) -> datetime:
    """When people hear that it ends: in time, or halfway through a shorter one."""
    begun = hold.confirmed_at or hold.placed_at
    return hold.stands_until - min(terms.notice, (hold.stands_until - begun) / 2)
