"""What the gateway is told at the door, and tells."""

from typing import Final

from contracts import gateway, intake
from contracts.catalogue.rows import CASE, NODE, Fact, Told

DOOR: Final = (
    Told("consent-recorded", "", intake.ConsentRecorded),
    Told("consent-withdrawn", "", intake.ConsentWithdrawn),
    Told("restriction-recorded", "", intake.RestrictionRecorded),
    Told("legal-hold-placed", "", intake.LegalHoldPlaced),
    Told("legal-hold-confirmed", "", intake.LegalHoldConfirmed),
    Told("legal-hold-lifted", "", intake.LegalHoldLifted),
)
FACTS: Final = (
    Fact("consent-granted", "consent", gateway.ConsentGranted, CASE),
    Fact("consent-ended", "consent", gateway.ConsentEnded, CASE, never_waits=True),
    Fact("consent-expired", "consent", gateway.ConsentExpired, CASE),
    Fact("consent-expiry-near", "consent", gateway.ConsentExpiryNear, CASE),
    Fact("restriction-set", "consent", gateway.RestrictionSet, CASE, never_waits=True),
    Fact("restriction-lifted", "consent", gateway.RestrictionLifted, CASE),
    Fact("legal-hold-set", "consent", gateway.LegalHoldSet, CASE, never_waits=True),
    Fact("legal-hold-end-near", "consent", gateway.LegalHoldEndNear, CASE),
    Fact("legal-hold-ended", "consent", gateway.LegalHoldEnded, CASE),
    Fact("person-destroyed", "consent", gateway.PersonDestroyed, CASE),
    Fact("sending-delivered", "incoming", gateway.SendingDelivered, CASE),
    Fact("sending-refused", "incoming", gateway.SendingRefused, CASE),
    Fact("sending-delayed", "incoming", gateway.SendingDelayed, CASE),
    Fact("sharing-stopped", "incoming", gateway.SharingStopped, CASE, never_waits=True),
    Fact("feedback-ended", "incoming", gateway.FeedbackEnded, CASE),
    Fact("notice-queued", "incoming", gateway.NoticeQueued, CASE),
    Fact("policy-copied", "registry", gateway.PolicyCopied, NODE),
)
