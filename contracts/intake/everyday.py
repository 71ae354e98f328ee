"""What happens to a case on any day: links, contact, a new officer, a new helper, an end."""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract, Flag, FormVersion, Reference, Time, code


class CaseLinked(Contract):
    """This case and another one of this node belong together."""

    linked_case: Reference
    kind: Annotated[str, code("case-link-kind")]


class CaseUnlinked(Contract):
    """A link between two cases of this node was a mistake. A second person says so, never the one
    who linked them; a merge is not undone by it.
    """

    linked_case: Reference
    kind: Annotated[str, code("case-link-kind")]
    reason: Annotated[str, code("unlink-reason")]


class DuplicateFound(Contract):
    """The same case was entered twice; this one ends, the other one goes on."""

    into_case: Reference


class OwnershipTransferred(Contract):
    """Another officer of this node leads the case; the id is the node's own, no name."""

    officer_id: Reference
    reason: Annotated[str, code("ownership-reason")]


class ContactChanged(Contract):
    """Nobody can reach the person on a safe way, or somebody can again."""

    reachable: Flag
    occurred_at: Time | None = None


class ChildMissing(Contract):
    """A child is missing, or was found."""

    missing: Flag
    occurred_at: Time | None = None


class PersonDied(Contract):
    """The person has died; the case ends."""

    occurred_at: Time | None = None


class SafeContactChanged(Contract):
    """Another kind of way is safe now; the address itself is in the safe."""

    safe_channel: Annotated[str, code("safe-channel")]


class RepresentativeAppointed(Contract):
    """Somebody was appointed to stand by the person; of a guardian also whether they are safe."""

    kind: Annotated[str, code("representative-kind")]
    guardian_status: Annotated[str, code("guardian-status")] = "unknown"
    occurred_at: Time | None = None


class DependantsAdded(Contract):
    """More people who depend on the person became known."""

    added: Annotated[int, Field(ge=1, le=50, json_schema_extra={"x-nrm-class": "count"})]


class ReturnRecorded(Contract):
    """How a citizen who was exploited abroad came back, or that they have not."""

    channel: Annotated[str, code("return-channel")]
    occurred_at: Time | None = None


class Answer(Contract):
    """The answer to one question."""

    question: Annotated[str, code("question")]
    answer: Annotated[str, code("yes-no")]


class QuestionnaireRecorded(Contract):
    """A form was filled in: which one, which version, and the answers as codes."""

    form: Annotated[str, code("questionnaire-form")]
    form_version: FormVersion
    answers: Annotated[tuple[Answer, ...], Field(min_length=1, max_length=100)]
    occurred_at: Time | None = None


class PersonTold(Contract):
    """The person was told what was done without asking."""

    about: Annotated[str, code("told-about")]
    occurred_at: Time | None = None
