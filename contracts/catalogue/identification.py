"""What identification is told at the door, and tells."""

from typing import Final

from contracts import identification, intake
from contracts.catalogue.rows import ADDRESSED, CASE, Fact, Told

DOOR: Final = (
    Told("person-detected", "detect-person", intake.PersonDetected),
    Told("screening-recorded", "record-screening", intake.ScreeningRecorded),
    Told("decision-recorded", "record-decision", intake.DecisionRecorded),
    Told("case-corrected", "correct-case", intake.CaseCorrected),
    Told("case-entered-in-error", "void-case", intake.CaseEnteredInError),
    Told("case-closed", "close-case", intake.CaseClosed),
)
FACTS: Final = (
    Fact("case-opened", "identification", identification.CaseOpened, CASE),
    Fact("case-changed", "identification", identification.CaseChanged, CASE),
    Fact("hand-over-started", "identification", identification.HandOverStarted, CASE),
    Fact("hand-over-confirmed", "identification", identification.HandOverConfirmed, CASE),
    Fact("hand-over-failed", "identification", identification.HandOverFailed, CASE),
    Fact(
        "person-helped-without-identification",
        "identification",
        identification.PersonHelpedWithoutIdentification,
        CASE,
    ),
    Fact("person-screened", "identification", identification.PersonScreened, CASE),
    Fact("person-presumed", "identification", identification.PersonPresumed, CASE),
    Fact("person-not-presumed", "identification", identification.PersonNotPresumed, CASE),
    Fact("reflection-started", "identification", identification.ReflectionStarted, CASE),
    Fact("reflection-ended", "identification", identification.ReflectionEnded, CASE),
    Fact("person-identified", "identification", identification.PersonIdentified, CASE),
    Fact("person-not-identified", "identification", identification.PersonNotIdentified, CASE),
    Fact("decision-overdue", "identification", identification.DecisionOverdue, CASE),
    Fact("case-frozen", "identification", identification.CaseFrozen, CASE),
    Fact("case-ended", "identification", identification.CaseEnded, CASE),
    Fact("case-voided", "identification", identification.CaseVoided, CASE),
    Fact("hand-over-offered", "outgoing", identification.HandOverOffered, ADDRESSED),
    Fact("hand-over-received", "outgoing", identification.HandOverReceived, ADDRESSED),
)
