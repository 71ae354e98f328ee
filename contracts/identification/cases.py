"""Who was detected, handed over, decided about; how a case ended."""

from typing import Annotated

from contracts.envelope import Contract, Count, Flag, Node, Reference, Time, code
from contracts.intake import Codes
from contracts.vocabulary import NOT_YET_KNOWN


class CaseOpened(Contract):
    """A case exists in this node. ``counted_by`` is the node in whose statistics it counts."""

    origin: Annotated[str, code("case-origin")]
    counted_by: Node
    case_type: Annotated[str, code("case-type")]
    majority: Annotated[str, code("majority")]
    immediate_danger: Flag
    oblast: Annotated[str, code("oblast")]
    citizenship: Annotated[str, code("country")]
    country_of_exploitation: Annotated[str, code("country")]
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes]
    industry: Annotated[str, code("industry")]
    audience_class: Annotated[str, code("audience-class")]
    language: Annotated[str, code("language")]
    occurred_at: Time
    to_dos: Annotated[tuple[Annotated[str, code("to-do")], ...], Codes] = ()
    dependants: Count | None = None


class CaseChanged(Contract):
    """Codes of the case after a correction, and what is still not known.

    ``child_after_all``: this correction made a child of whom this case said to be an adult.
    """

    case_type: Annotated[str, code("case-type")]
    majority: Annotated[str, code("majority")]
    immediate_danger: Flag
    oblast: Annotated[str, code("oblast")]
    citizenship: Annotated[str, code("country")]
    country_of_exploitation: Annotated[str, code("country")]
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes]
    industry: Annotated[str, code("industry")]
    audience_class: Annotated[str, code("audience-class")]
    language: Annotated[str, code("language")]
    to_dos: Annotated[tuple[Annotated[str, code("to-do")], ...], Codes] = ()
    dependants: Count | None = None
    child_after_all: Flag = False


class HandOverOffered(Contract):
    """Addressed: a detecting agency offers a case to one with the power to identify."""

    offer_id: Reference
    counted_by: Node
    case_type: Annotated[str, code("case-type")]
    majority: Annotated[str, code("majority")]
    immediate_danger: Flag
    occurred_at: Time
    oblast: Annotated[str, code("oblast")] = NOT_YET_KNOWN
    citizenship: Annotated[str, code("country")] = NOT_YET_KNOWN
    country_of_exploitation: Annotated[str, code("country")] = NOT_YET_KNOWN
    exploitation: Annotated[tuple[Annotated[str, code("exploitation")], ...], Codes] = ()
    industry: Annotated[str, code("industry")] = NOT_YET_KNOWN
    language: Annotated[str, code("language")] = NOT_YET_KNOWN
    audience_class: Annotated[str, code("audience-class")] = NOT_YET_KNOWN
    dependants: Count | None = None


class HandOverRequired(HandOverOffered):
    """Addressed: the same offer, because the child route or a law requires it, consent or not."""

    ground: Annotated[str, code("hand-over-ground")]
    guardian_status: Annotated[str, code("guardian-status")] = "unknown"
    """Of a child: whoever takes over must not ask a guardian who is suspected."""


class HandOverReceived(Contract):
    """Addressed, back to the detecting agency: the case is now worked here.

    ``hand_over_reference`` is good for one use when identity is handed over in person or by phone.
    ``decision_due_at``: by when somebody here decides whether there are reasonable grounds.
    """

    offer_id: Reference
    hand_over_reference: Reference
    decision_due_at: Time | None = None


class DecisionClockTold(Contract):
    """Addressed, to the agency that handed the case over: the first decision did not come in time,
    or is awaited no more.

    Why it is over (decided this way or that, closed, entered in error) is in no event that leaves.
    No other clock is told: that it runs at all would say what was decided.
    """

    offer_id: Reference
    status: Annotated[str, code("clock-status")]


class HandOverStarted(Contract):
    """Local: a hand-over to this agency was put into the outgoing queue."""

    offer_id: Reference
    recipient: Node


class HandOverConfirmed(Contract):
    """Local: the identifying agency has the case, and by when it decides first."""

    offer_id: Reference
    recipient: Node
    hand_over_reference: Reference
    decision_due_at: Time | None = None


class AwaitedDecisionOverdue(Contract):
    """Local, where the case was handed over: that agency has not decided in time. It changes no
    right of the person; a person here asks why.
    """

    offer_id: Reference
    recipient: Node
    due_at: Time | None = None


class DecisionClockStopped(Contract):
    """Local, where the case was handed over: that agency's first decision is awaited no more, or
    it tells us no more of it. What was decided, if anything, nobody here is told.
    """

    offer_id: Reference
    recipient: Node
    status: Annotated[str, code("clock-status")]


class HandOverFailed(Contract):
    """Local: the offer may not leave, or sharing ended; the worker decides what next."""

    offer_id: Reference
    recipient: Node
    reason: Annotated[str, code("not-sent-reason")]


class PersonHelpedWithoutIdentification(Contract):
    """Nobody decides about the person, and no identifying authority beside this node, if it is one,
    holds anything; help goes on.
    """

    reason: Annotated[str, code("help-reason")]


class IdentificationResumed(Contract):
    """Whether the person is identified is open again: the person agreed to it later, is a child
    after all, or somebody takes part who may decide. The first clock runs where it is decided.
    """

    resumed_at: Time


class PersonScreened(Contract):
    """A screening was recorded."""

    result: Annotated[str, code("screening-result")]
    occurred_at: Time


class PersonPresumed(Contract):
    """Reasonable grounds: legal status of a presumed victim."""

    decided_at: Time


class PersonNotPresumed(Contract):
    """No reasonable grounds; the reasons."""

    decided_at: Time
    reasons: tuple[Annotated[str, code("decision-reason")], ...]


class ReflectionStarted(Contract):
    """Recovery and reflection period (Council of Europe Convention, Art. 13: at least 30 days)."""

    starts_at: Time
    ends_at: Time


class ReflectionEnded(Contract):
    """The period is over; the conclusive decision may be taken."""

    ended_at: Time


class PersonIdentified(Contract):
    """Conclusive decision: legal status of an identified victim."""

    decided_at: Time
    counted_by: Node


class PersonNotIdentified(Contract):
    """Conclusive decision against; the reasons."""

    decided_at: Time
    reasons: tuple[Annotated[str, code("decision-reason")], ...]


class DecisionOverdue(Contract):
    """An authority's clock ran out. It changes no right of the person."""

    decision: Annotated[str, code("decision-kind")]
    due_at: Time


class CaseFrozen(Contract):
    """Sharing with this node was stopped by the agency it came from; nothing may be read."""

    frozen_at: Time


class DestructionDue(Contract):
    """The hours are over in which this agency destroys what it has of a case that it froze. The
    software destroys nothing by itself: a person here does, and says so to whoever stopped the
    sharing. While a legal hold stands this is not told; its end starts the hours anew.
    """

    due_at: Time


class CaseEnded(Contract):
    """The case was closed."""

    reason: Annotated[str, code("close-reason")]
    closed_at: Time


class CaseVoided(Contract):
    """The case was entered in error; statistics forget it at the next recount."""

    reason: Annotated[str, code("error-reason")]
