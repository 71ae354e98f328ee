"""What happens to a case on any day, as events inside the node."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from contracts.envelope import Contract
from contracts.identification import (
    CaseLinked,
    CaseMerged,
    CaseUnlinked,
    ChildFound,
    ChildMissing,
    ContactLost,
    ContactRegained,
    DependantsAdded,
    OwnershipTransferred,
    PersonDied,
    QuestionnaireRecorded,
    RepresentativeAppointed,
    ReturnRecorded,
    SafeContactChanged,
)
from services.identification.domain import facts
from services.identification.domain.everyday import is_of_the_same_person

EVERYDAY: Final[Mapping[type, Callable[[Any], Contract]]] = MappingProxyType(
    {
        facts.CaseWasLinked: lambda fact: CaseLinked(
            linked_case=fact.linked_case,
            kind=fact.kind,
            same_person=is_of_the_same_person(fact.kind),
        ),
        facts.CaseWasUnlinked: lambda fact: CaseUnlinked(
            linked_case=fact.linked_case,
            kind=fact.kind,
            reason=fact.reason,
            same_person=fact.same_person,
        ),
        facts.CaseWasMerged: lambda fact: CaseMerged(into_case=fact.into_case),
        facts.OwnershipWasTransferred: lambda fact: OwnershipTransferred(
            officer_id=fact.officer_id, reason=fact.reason
        ),
        facts.ContactWasLost: lambda fact: ContactLost(lost_at=fact.lost_at),
        facts.ContactWasRegained: lambda fact: ContactRegained(regained_at=fact.regained_at),
        facts.ChildWentMissing: lambda fact: ChildMissing(missing_at=fact.missing_at),
        facts.ChildWasFound: lambda fact: ChildFound(found_at=fact.found_at),
        facts.PersonHasDied: lambda fact: PersonDied(died_at=fact.died_at),
        facts.SafeContactWasChanged: lambda fact: SafeContactChanged(
            safe_channel=fact.safe_channel
        ),
        facts.RepresentativeWasAppointed: lambda fact: RepresentativeAppointed(
            kind=fact.kind, appointed_at=fact.appointed_at
        ),
        facts.DependantsWereAdded: lambda fact: DependantsAdded(dependants=fact.dependants),
        facts.ReturnWasRecorded: lambda fact: ReturnRecorded(
            channel=fact.channel, recorded_at=fact.recorded_at
        ),
        facts.QuestionnaireWasRecorded: lambda fact: QuestionnaireRecorded(
            form=fact.form,
            form_version=fact.form_version,
            answers=fact.answers,
            recorded_at=fact.recorded_at,
        ),
    }
)
