"""A request: coded needs for which providers are sought, each on its own.

Needs run in parallel, none blocks another. A return after a closed loop is a new request.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.refusals import Refusal, Refused

EMERGENCY: Final = "emergency"


class NeedState(StrEnum):
    """Where the search for one need stands."""

    ASKING = "asking"
    """Providers were asked whether they could."""
    OFFERED = "offered"
    """A task is with a provider, or was carried out."""
    NOT_FOUND = "not-found"
    """Nobody is left; a person decides."""
    ENDED = "ended"
    """The case was closed, or sharing was stopped, before anybody took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for, for one case."""

    request_id: UUID
    case_id: UUID
    urgency: str
    audience_class: str
    language: str
    preferred: tuple[str, ...]
    opened_at: datetime
    needs: tuple["Need", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One need. ``round`` counts searches; every one after the first is a re-route."""

    request_id: UUID
    need_id: UUID
    case_id: UUID
    service_type: str
    state: NeedState = NeedState.ASKING
    round: int = 1

    def next_round(self) -> "Need":
        """The need, searched for once more."""
        return replace(self, state=NeedState.ASKING, round=self.round + 1)

    def in_state(self, state: NeedState) -> "Need":
        """The need in another state."""
        return replace(self, state=state)


def needs_are_not_repeated(request: Request) -> Refusal | None:
    """Each need has an id of its own."""
    counted = Counter(need.need_id for need in request.needs)
    repeated = any(times > 1 for times in counted.values())
    return Refusal("need-repeated", "needs") if repeated else None


def needs_are_there(request: Request) -> Refusal | None:
    """A request asks for something."""
    return None if request.needs else Refusal("needs-missing", "needs")


REQUEST_RULES: Final = (needs_are_there, needs_are_not_repeated)


def open_request(request: Request, case: Case, *, already_there: bool) -> Request | Refused:
    """The request, opened, or every reason why it is refused."""
    reasons = list(objections_to_work_on(case))
    reasons += [found for rule in REQUEST_RULES if (found := rule(request)) is not None]
    if already_there:
        reasons.append(Refusal("request-exists", "request_id"))
    return Refused(tuple(reasons)) if reasons else request


def may_be_sought_again(request: Request, need: Need, reroute_hops: int) -> bool:
    """Whether the next provider is looked for without a person.

    Never for an emergency (a human calls somebody at once), and never beyond the profile's hops.
    """
    return request.urgency != EMERGENCY and need.round <= reroute_hops
