"""What rings at whoever is on duty: an offer came, a clock ran out, something is stuck.

By the words of events, as ``news-kind`` has them; the page of news shows just these as what waits.
"""

from typing import Final

MISSING: Final = "child-missing"
WORTH: Final = frozenset(
    {
        MISSING,
        *("offer-received", "offer-unseen", "task-expired", "task-stopped"),
        *("expected-earlier", "help-called-off"),
        *("decision-overdue", "awaited-decision-overdue"),
        *("provider-not-found", "need-escalated", "start-overdue", "hand-over-failed"),
        *("draft-end-near", "draft-ended"),
        *("sending-delayed", "sending-refused", "case-opened", "case-frozen"),
        *("child-notification-failed", "child-notification-overdue", "no-removal-not-sent"),
        "removal-forbidden",
        *("arrival-overdue", "person-not-arrived", "own-consent-needed", "hold-expired"),
        *("follow-up-due", "monitoring-ended", "episode-not-begun", "placement-to-review"),
        *("stay-limit-near", "stay-overdue"),
        *("reflection-review-due", "reflection-ended", "majority-review-due"),
        *("consent-expired", "consent-expiry-near", "destruction-due"),
        *("legal-hold-end-near", "legal-hold-ended"),
        *("contract-exhausted", "contract-exceeded"),
    }
)
