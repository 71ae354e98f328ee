"""What happens to a case on any day. Codes, times and ids of this node only."""

from typing import Annotated

from contracts.envelope import Contract, Count, Flag, FormVersion, Reference, Time, code


class CaseLinked(Contract):
    """Two cases of this node belong together.

    ``same_person``: what the person forbade in the other case is forbidden in this one too.
    """

    linked_case: Reference
    kind: Annotated[str, code("case-link-kind")]
    same_person: Flag = False


class CaseUnlinked(Contract):
    """The link was a mistake. Told behind ``case-linked`` and under the same case, whichever of the
    two the supervisor named; where each was linked with the other, under both.

    ``same_person``: another link still says that both are of one person, or this one never said so:
    what is forbidden stays as it is.
    """

    linked_case: Reference
    kind: Annotated[str, code("case-link-kind")]
    reason: Annotated[str, code("unlink-reason")]
    same_person: Flag = False


class CaseMerged(Contract):
    """This case was entered twice; the other one goes on."""

    into_case: Reference


class OwnershipTransferred(Contract):
    """Another officer of this node leads the case."""

    officer_id: Reference
    reason: Annotated[str, code("ownership-reason")]


class ContactLost(Contract):
    """Nobody can reach the person on a safe way."""

    lost_at: Time


class ContactRegained(Contract):
    """The person can be reached again."""

    regained_at: Time


class ChildMissing(Contract):
    """An alarm: a child is missing."""

    missing_at: Time


class ChildFound(Contract):
    """The child was found."""

    found_at: Time


class PersonDied(Contract):
    """The person has died; ``case-ended`` follows."""

    died_at: Time


class SafeContactChanged(Contract):
    """Another kind of way is safe now."""

    safe_channel: Annotated[str, code("safe-channel")]


class RepresentativeAppointed(Contract):
    """Somebody was appointed to stand by the person."""

    kind: Annotated[str, code("representative-kind")]
    appointed_at: Time


class DependantsAdded(Contract):
    """How many people depend on the person now."""

    dependants: Count


class ReturnRecorded(Contract):
    """How a citizen who was exploited abroad came back."""

    channel: Annotated[str, code("return-channel")]
    recorded_at: Time


class QuestionnaireRecorded(Contract):
    """A form was filled in. The answers stay in the service."""

    form: Annotated[str, code("questionnaire-form")]
    form_version: FormVersion
    answers: Count
    recorded_at: Time
