"""A draft: a request that nobody is asked for yet. It waits at the sender until somebody opens it.

Nothing of a draft is told to anybody: no capacity is asked, no search begins, no event says what
the person needs. It is no request until it is opened, and what a request must fulfil it must
fulfil then: the person, the case and the memorandum may be others by that day.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from contracts.vocabulary import Profile
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import (
    EMERGENCY,
    REQUEST_RULES,
    ROUTINE,
    Request,
    the_request_is_new,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be asked for, since when it is kept, and until when."""

    request: Request
    """As it would be opened; ``opened_at`` is when it was written."""
    ends_at: datetime
    warn_at: datetime | None
    """When people are first told that it is unsent; None: its days are too few for that."""

    def opened(self, case_id: UUID, now: datetime) -> Request:
        """The request that it becomes, of the case that goes on."""
        needs = tuple(replace(need, case_id=case_id) for need in self.request.needs)
        return replace(self.request, case_id=case_id, opened_at=now, needs=needs)


def an_emergency_is_no_draft(request: Request) -> Refusal | None:
    """Who is in danger now is helped now (project: unsent it would lie where nobody is rung)."""
    return Refusal("not-as-a-draft", "urgency") if request.urgency == EMERGENCY else None


DRAFT_RULES = (*REQUEST_RULES, an_emergency_is_no_draft)


def keep_draft(
    request: Request, case: Case, profile: Profile, *, already_there: bool
) -> Draft | Refused:
    """The request, kept for the profile's days, or every reason why it is refused.

    Home Office (UK), referral form: people are warned of a draft after 21 days, and it is gone
    after 28; of what is urgent they are told before. Whether it may be opened is asked when it is.
    """
    reasons = list(objections_to_work_on(case))
    reasons += [found for rule in DRAFT_RULES if (found := rule(request)) is not None]
    if there := the_request_is_new(already_there=already_there):
        reasons.append(there)
    if reasons:
        return Refused(tuple(reasons))
    ends_at = request.opened_at + profile.days("draft_kept_days")
    draft = Draft(request=request, ends_at=ends_at, warn_at=None)
    return replace(draft, warn_at=next_notice(draft, request.opened_at, profile))


def next_notice(draft: Draft, after: datetime, profile: Profile) -> datetime | None:
    """When people are told next that it is unsent; None: not before it is gone.

    Profile: ``draft_warning_days``, for a draft of whatever need, and ``urgent_accepted_hours``
    for one that is not routine: in that time an agency would have answered, had it been asked.
    """
    request = draft.request
    notices = [request.opened_at + profile.days("draft_warning_days")]
    if request.urgency != ROUTINE:
        notices.append(request.opened_at + profile.hours("urgent_accepted_hours"))
    return min((at for at in notices if after < at < draft.ends_at), default=None)
