"""What people decide by hand at the sender: to call a need off, to choose a provider.

A person may override what a telephone call can settle (language, area, an earlier decline), never
consent, a restriction, the person's own word or 24/7 cover (``access``, ``routing.UNBENDING``).
"""

from dataclasses import dataclass
from typing import Final

from services.referral.domain.cases import Case, objections_to_work_on
from services.referral.domain.refusals import Refusal, Refused
from services.referral.domain.requests import (
    EMERGENCY,
    Ended,
    Escalated,
    Need,
    NotFound,
    Offered,
    Request,
)
from services.referral.domain.tasks import (
    OPEN_STATES,
    ClosedLoopTask,
    Side,
    Task,
    UnansweredTask,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A need with every task that it had at this node, the newest last."""

    need: Need
    tasks: tuple[Task, ...] = ()

    @property
    def closed(self) -> bool:
        """Somebody helped, and the outcome is known."""
        return any(isinstance(task, ClosedLoopTask) for task in self.tasks)

    @property
    def unanswered(self) -> Task | None:
        """The offer that nobody has taken yet; whoever only looks for a place has not."""
        return next((task for task in self.tasks if isinstance(task, UnansweredTask)), None)

    @property
    def over(self) -> bool:
        """Nothing more happens for this need."""
        return is_over(self.need, frozenset(task.code for task in self.tasks))


def is_over(need: Need, states: frozenset[str]) -> bool:
    """Whether nothing more happens for a need whose tasks are in these states."""
    return ClosedLoopTask.code in states or isinstance(need.state, Ended)


UNKNOWN: Final = Refused((Refusal("unknown-request", "request_id"),))


def something_is_left_to_call_off(needs: tuple[Standing, ...]) -> Refusal | None:
    """What has ended is not called off (FHIR R4, Task.status: completed is an end)."""
    if any(not each.over for each in needs):
        return None
    ended = any(each.closed for each in needs)
    return Refusal("already-completed" if ended else "wrong-state", "need_id")


def cancelled(case: Case, needs: tuple[Standing, ...]) -> tuple[Standing, ...] | Refused:
    """The needs that are called off, or every reason why none is: only before COMPLETED."""
    reasons = list(objections_to_work_on(case))
    if (against := something_is_left_to_call_off(needs)) is not None:
        reasons.append(against)
    return Refused(tuple(reasons)) if reasons else tuple(each for each in needs if not each.over)


def nobody_has_helped_yet(standing: Standing) -> Refusal | None:
    """A need that was met is no longer open (FHIR R4, Task.status: completed is an end)."""
    return Refusal("already-completed", "need_id") if standing.closed else None


def the_choice_is_a_persons(request: Request, standing: Standing, provider: str) -> Refusal | None:
    """After nobody was found, or where nobody has the offer any more; or in an emergency that
    nobody took, which no machine re-routes.

    Project: a search that runs has one hand on it; an emergency is never left to a machine.
    """
    if standing.closed or _may_choose(request, standing, provider):
        return None
    return Refusal("wrong-state", "need_id")


def objections_to_choosing(
    case: Case, request: Request, standing: Standing, provider: str
) -> tuple[Refusal, ...]:
    """Why a person may not choose for this need now, whoever is chosen."""
    found = (
        nobody_has_helped_yet(standing),
        the_choice_is_a_persons(request, standing, provider),
    )
    return (*objections_to_work_on(case), *filter(None, found))


def _may_choose(request: Request, standing: Standing, provider: str) -> bool:
    if isinstance(standing.need.state, NotFound | Escalated):
        return True
    if not isinstance(standing.need.state, Offered):
        return False
    waiting = standing.unanswered
    if not any(task.code in OPEN_STATES[Side.SENDER] for task in standing.tasks):
        return True
    urgent = request.urgency == EMERGENCY
    return urgent and waiting is not None and waiting.terms.other_agency != provider
