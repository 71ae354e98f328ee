"""Whom the law lets or makes us tell: child authorities, the body that could remove somebody, and
an authority that is owed a number. A restriction always wins. Nothing of a decision is in any.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.vocabulary import NOT_YET_KNOWN, Profile, code_lists
from services.identification.domain.case import (
    Case,
    Change,
    ChildProtection,
    Closed,
    HelpedWithoutIdentification,
    Presumed,
    Reflection,
    told_anew,
)
from services.identification.domain.child import authorities_left, guardian_request
from services.identification.domain.clocks import Clocks
from services.identification.domain.everyday import to_be_told
from services.identification.domain.hand_over import (
    NO_IDENTIFYING_AGENCY,
    Participant,
    Situation,
    live,
    names,
    restricted,
)
from services.identification.domain.record import NOBODY

CHILD: Final = "child-notification"
NO_REMOVAL: Final = "no-removal"
ANONYMOUS: Final = "anonymous-notification"
SENT: Final = "sent"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
ENDED: Final = "ended"
STANDS: Final = frozenset({SENT, DELIVERED})
TRAFFICKING: Final = "trafficking"
GROUPS: Final = {"Sexual exploitation": "sexual", "Forced labour": "labour", "Other": "other"}
"""GLOTIP's form of exploitation -> our group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What was sent before: of which kind, to whom, and what became of it."""

    kind: str
    agency: str
    agency_type: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildNotice:
    """Tell this child authority, and ask it for somebody if it is the guardianship body."""

    recipient: str
    agency_type: str
    guardian_request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """Which child authorities a message can reach, and which types somebody has to phone."""

    notices: tuple[ChildNotice, ...]
    by_phone: tuple[str, ...]


def child_notices(
    case: Case, situation: Situation, sent: Iterable[Notice], clocks: Clocks
) -> ToTell:
    """One agency of each type that the profile names, while nobody told that type."""
    done = {found.agency_type for found in sent if found.kind == CHILD}
    asked = [kind for kind in authorities_left(case, clocks) if kind not in done]
    reached = {kind: _nearest(case, situation, kind, CHILD) for kind in asked}
    bodies = clocks.profile.codes("guardianship_body_types")
    return ToTell(
        notices=tuple(
            ChildNotice(
                recipient=found.node,
                agency_type=kind,
                guardian_request=guardian_request(case) if kind in bodies else NOBODY,
            )
            for kind, found in reached.items()
            if found is not None
        ),
        by_phone=tuple(
            kind
            for kind, found in reached.items()
            if found is None and kind not in case.record.authorities_to_tell
        ),
    )


def no_removal_recipient(
    case: Case, situation: Situation, sent: Iterable[Notice], profile: Profile
) -> Participant | None:
    """Whom to tell that a foreign citizen may not be removed now; only with consent."""
    told = [found for found in sent if found.kind == NO_REMOVAL and found.state in STANDS]
    if told or not may_not_be_removed(case) or not is_foreign(case, profile):
        return None
    consented = [
        found
        for kind in profile.codes("removal_authority_types")
        for found in _reachable(situation, kind, NO_REMOVAL)
        if _has_consented(situation, found)
    ]
    return min(consented, key=lambda found: _rank(case, found), default=None)


def may_not_be_removed(case: Case) -> bool:
    """From reasonable grounds until the decision, however late it comes (Art. 10(2) and 13(1))."""
    return isinstance(case.state, Reflection | ChildProtection | Presumed)


def is_foreign(case: Case, profile: Profile) -> bool:
    """Known to be a citizen of another state."""
    return case.codes.citizenship not in (profile.country, NOT_YET_KNOWN)


def count_anonymously(case: Case) -> Change:
    """The number went into the batch; the person is told so."""
    counted = replace(case, record=replace(case.record, counted_anonymously=True))
    return to_be_told(counted, ANONYMOUS)


def is_still_a_number(case: Case) -> bool:
    """Nobody is told as a number who was identified since, is a child, or never was a case."""
    helped = isinstance(case.state, HelpedWithoutIdentification | Closed)
    return helped and not case.codes.is_child and case.codes.case_type == TRAFFICKING


def leave_out_of_the_batch(case: Case) -> Change:
    """The case was in no batch after all; it may be counted again, and nothing is to be told."""
    left = tuple(about for about in case.record.to_tell if about != ANONYMOUS)
    out = replace(case, record=replace(case.record, counted_anonymously=False, to_tell=left))
    return Change(case=out, facts=(told_anew(out),) if out.to_dos != case.to_dos else ())


def note_no_removal(case: Case, *, told: bool) -> Change:
    """Whether that body is told now."""
    return Change(case=replace(case, record=replace(case.record, no_removal_told=told)), facts=())


def is_counted_anonymously(case: Case, profile: Profile) -> bool:
    """A law of the profile wants the number of adults who did not want to be identified.

    Where nobody takes part who may identify, nobody was asked.
    """
    return (
        profile.law("anonymous_notification_law") is not None
        and isinstance(case.state, HelpedWithoutIdentification)
        and case.state.reason != NO_IDENTIFYING_AGENCY
        and not case.codes.is_child
        and case.codes.case_type == TRAFFICKING
        and not case.record.counted_anonymously
    )


def anonymous_recipient(case: Case, situation: Situation, profile: Profile) -> str | None:
    """Who is told the number: somebody whom no restriction of the person rules out."""
    found = (
        _nearest(case, situation, kind, ANONYMOUS)
        for kind in profile.codes("anonymous_notification_recipients")
    )
    return next((each.node for each in found if each is not None), None)


def anonymous_groups(case: Case, profile: Profile) -> tuple[str, str]:
    """Own or foreign citizen, and the group of exploitation: as far as the profile lets it."""
    fields = profile.codes("anonymous_notification_fields")
    citizen, group = NOT_YET_KNOWN, NOT_YET_KNOWN
    if "citizen-group" in fields and case.codes.citizenship != NOT_YET_KNOWN:
        citizen = "foreign" if is_foreign(case, profile) else "own"
    if "exploitation-group" in fields:
        group = next((_group(code) for code in case.codes.exploitation if _group(code)), group)
    return citizen, group


def batch_due(now: datetime, months: int) -> datetime:
    """The first moment of the month in which a batch that is open now is sent."""
    month = now.month - 1 + months
    return now.replace(
        year=now.year + month // 12,
        month=month % 12 + 1,
        day=1,
        hour=0,
        minute=0,
        second=0,
        microsecond=0,
    )


def _group(code: str) -> str:
    return GROUPS.get(code_lists()["exploitation"].maps["glotip"].outward.get(code, ""), "")


def _nearest(case: Case, situation: Situation, kind: str, purpose: str) -> Participant | None:
    reachable = _reachable(situation, kind, purpose)
    return min(reachable, key=lambda found: _rank(case, found), default=None)


def _rank(case: Case, found: Participant) -> tuple[bool, str]:
    return (case.codes.oblast not in found.oblasts, found.node)


def _reachable(situation: Situation, kind: str, purpose: str) -> list[Participant]:
    return [
        found
        for found in situation.policy.participants
        if found.active
        and found.agency_type == kind
        and found.node != situation.node
        and not restricted(found, situation)
        and situation.policy.permits(situation.node, found.node, purpose)
    ]


def _has_consented(situation: Situation, recipient: Participant) -> bool:
    return any(
        NO_REMOVAL in consent.purposes
        and NO_REMOVAL in consent.categories
        and live(consent, situation.now)
        and names(consent, recipient)
        for consent in situation.consents
    )
