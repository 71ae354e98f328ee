"""A request: coded needs for which providers are sought, each on its own.

Needs run in parallel, none blocks another. A return after a closed loop is a new request.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import PLACES_TO_LIVE
from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.refusals import Refusal, Refused

EMERGENCY: Final = "emergency"
ROUTINE: Final = "routine"


CHILDREN: Final = frozenset({"child", "believed-child"})
RECORD_THEM_FIRST: Final = Refusal("best-interests-missing", "needs")
"""The one objection that another stream may take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Providers were asked whether they could; at ``due_at`` the search goes on by itself."""

    code: ClassVar[str] = "asking"
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A task is with a provider, or was carried out."""

    code: ClassVar[str] = "offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """Nobody is left; a person decides, or somebody more is told at ``due_at``."""

    code: ClassVar[str] = "not-found"
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """Still nobody: the sender's supervisor was told, then whoever the restrictions allow.

    ``told``: who was told last (list ``escalation-contact``); ``told_agency``: the agency to which
    the sender's people may turn, none that a restriction names.
    """

    code: ClassVar[str] = "escalated"
    told: str
    due_at: datetime | None = None
    told_agency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It was called off, the case was closed, or sharing was stopped.

    ``told``: who had been told that nobody was left.
    """

    code: ClassVar[str] = "ended"
    told: str | None = None


NeedState: TypeAlias = Asking | Offered | NotFound | Escalated | Ended


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
    dependants: int | None = None
    separation_reason: str | None = None
    """Why dependants stay behind: without one no rule parts a family."""
    return_of: UUID | None = None
    """The request whose loop was closed before the person came back."""
    access_needs: tuple[str, ...] = ()
    best_interests: str | None = None
    """Of a child that another agency referred to us: what was found to be best for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One need. ``round`` counts searches; every one after the first is a re-route."""

    request_id: UUID
    need_id: UUID
    case_id: UUID
    service_type: str
    state: NeedState = Asking()
    round: int = 1

    @property
    def told(self) -> str | None:
        """Who was told last that nobody is left (list ``escalation-contact``)."""
        return self.state.told if isinstance(self.state, Escalated | Ended) else None

    @property
    def due_at(self) -> datetime | None:
        """When the search goes on by itself: the answers are in, or the next one is told."""
        state = self.state
        return state.due_at if isinstance(state, Asking | NotFound | Escalated) else None

    @property
    def turn_to(self) -> str | None:
        """The agency to turn to now; nobody once somebody acted."""
        return self.state.told_agency if isinstance(self.state, Escalated) else None

    def next_round(self) -> "Need":
        """The need, searched for once more; whom to tell begins anew."""
        return replace(self, state=Asking(), round=self.round + 1)

    def in_state(self, state: NeedState) -> "Need":
        """The need in another state."""
        return replace(self, state=state)

    def ended(self) -> "Need":
        """The need, for which nobody is looked for any more."""
        return replace(self, state=Ended(told=self.told))


def needs_are_not_repeated(request: Request) -> Refusal | None:
    """Each need has an id of its own (project: tasks name their need by it)."""
    counted = Counter(need.need_id for need in request.needs)
    repeated = any(times > 1 for times in counted.values())
    return Refusal("need-repeated", "needs") if repeated else None


def needs_are_there(request: Request) -> Refusal | None:
    """A request asks for something (project: nobody can be offered nothing)."""
    return None if request.needs else Refusal("needs-missing", "needs")


REQUEST_RULES: Final = (needs_are_there, needs_are_not_repeated)


def nobody_is_left_behind_without_a_reason(request: Request, case: Case) -> Refusal | None:
    """Whoever is known to depend on the person comes along, or it is recorded why not.

    Council of Europe Convention, Art. 12; ODIHR, NRM Handbook (2022): families stay together.
    """
    said, known = request.dependants, case.dependants
    fewer = said is not None and known is not None and said < known
    if fewer and asks_for_a_place_to_live(request) and request.separation_reason is None:
        return Refusal("reason-missing", "separation_reason")
    return None


def asks_for_a_place_to_live(request: Request) -> bool:
    """Whether somebody is to live elsewhere."""
    return any(need.service_type in PLACES_TO_LIVE for need in request.needs)


def who_comes_along(request: Request, case: Case, service_type: str) -> int | None:
    """As the request says; to a place to live, else, all whom the case knows."""
    if request.dependants is not None or service_type not in PLACES_TO_LIVE:
        return request.dependants
    return case.dependants if request.separation_reason is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The request that a new one continues, and whether every need of it has come to its end."""

    request: Request | None = None
    all_over: bool = False


NONE_EARLIER: Final = Earlier()


def a_return_follows_a_closed_loop(request: Request, earlier: Earlier) -> Refusal | None:
    """A return is a new request of the same case, linked to the one that ended.

    FHIR R4, ServiceRequest.basedOn.
    """
    if request.return_of is None:
        return None
    before = earlier.request
    if before is None or before.case_id != request.case_id:
        return Refusal("unknown-request", "return_of")
    return None if earlier.all_over else Refusal("loop-not-closed", "return_of")


def best_interests_come_before_a_placement(request: Request, case: Case) -> Refusal | None:
    """Only in an emergency is a child placed first (Rights of the Child, Art. 3).

    Of a child that was referred to us the record is the sender's, and for another place: who refers
    it onward says with the request what was found.
    """
    if request.urgency == EMERGENCY or not asks_for_a_place_to_live(request):
        return None
    if case.referred:
        lacks = case.majority in CHILDREN and request.best_interests is None
        return Refusal("best-interests-missing", "best_interests") if lacks else None
    return RECORD_THEM_FIRST if case.best_interests_open else None


def the_request_is_new(*, already_there: bool) -> Refusal | None:
    """One id is one request (project: what arrives twice is looked for once)."""
    return Refusal("request-exists", "request_id") if already_there else None


def open_request(
    request: Request, case: Case, *, already_there: bool, earlier: Earlier = NONE_EARLIER
) -> Request | Refused:
    """The request, opened, or every reason why it is refused."""
    found = (
        *objections_to_work_on(case),
        *(rule(request) for rule in REQUEST_RULES),
        nobody_is_left_behind_without_a_reason(request, case),
        a_return_follows_a_closed_loop(request, earlier),
        best_interests_come_before_a_placement(request, case),
        the_request_is_new(already_there=already_there),
    )
    reasons = tuple(each for each in found if each is not None)
    return Refused(reasons) if reasons else request


def may_be_sought_again(request: Request, offers: int, reroute_hops: int) -> bool:
    """Whether the next provider is looked for without a person.

    Never for an emergency (a human calls somebody at once), and never beyond the profile's hops:
    ``offers`` are those that counted as tries; a round that ended without one is no hop.
    """
    return request.urgency != EMERGENCY and offers <= reroute_hops
