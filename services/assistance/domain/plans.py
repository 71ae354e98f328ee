"""The assistance plan of one person across agencies: what is needed, agreed, done, and asked after.

Needs, risk, goals and parts are codes. The parts name agencies; each part is asked for by a
referral of its own, so that nothing of the plan leaves the node by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from contracts.vocabulary import NOT_YET_KNOWN, Profile, is_a_reason
from services.assistance.domain.dates import after_months
from services.assistance.domain.refusals import Objection, Refusal, lies_in_the_future, refused

CHILDREN: Final = frozenset({"child", "believed-child"})
HIGH_RISK: Final = "high"
YES: Final = "yes"
MONITORED_NO_LONGER: Final = frozenset({"moved-away", "died", "entered-in-error"})
"""Why a child's plan ends before its months of monitoring: another place goes on with it, or nobody
is there to be monitored."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Being written; nothing of it is agreed."""

    code: ClassVar[str] = "draft"


@dataclass(frozen=True, slots=True)
class Agreed:
    """The person agreed to its parts."""

    code: ClassVar[str] = "agreed"


@dataclass(frozen=True, slots=True)
class Underway:
    """Help is given."""

    code: ClassVar[str] = "active"


@dataclass(frozen=True, slots=True)
class Reintegration:
    """Back to a life of one's own."""

    code: ClassVar[str] = "reintegration"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Somebody asks after the person; a child is monitored until ``monitored_until``."""

    code: ClassVar[str] = "follow-up"
    monitored_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Nothing more is planned, with a reason; it may be opened again."""

    code: ClassVar[str] = "closed"
    reason: str


PlanState: TypeAlias = Draft | Agreed | Underway | Reintegration | FollowUp | Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one agency does, and whether the person agreed to it."""

    part_id: UUID
    service_type: str
    agency: str
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a plan says."""

    majority: str
    risk: str
    safety_plan: str
    needs: tuple[str, ...]
    goals: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistancePlan:
    """The plan of one case."""

    plan_id: UUID
    case_id: UUID
    content: Content
    state: PlanState


def the_plan_is_still_a_draft(known: AssistancePlan | None, told: Content) -> Objection | None:
    """What was agreed with the person is changed with the person: it goes back to a draft first.

    Convention, Art. 12(7): consensual and informed.
    """
    draft = known is None or isinstance(known.state, Draft)
    return None if draft else Objection(code="wrong-state")


def a_plan_meets_a_need(known: AssistancePlan | None, told: Content) -> Objection | None:
    """A plan for nothing is none (Bulgarian mechanism, plan: needs)."""
    return None if told.needs else Objection(code="needs-missing", field="needs")


def each_part_stands_once(known: AssistancePlan | None, told: Content) -> Objection | None:
    """Two parts under one id would be mistaken for each other.

    Project: the person agrees to each by its id.
    """
    ids = {part.part_id for part in told.parts}
    return Objection(code="need-repeated", field="parts") if len(ids) < len(told.parts) else None


DRAFT_RULES: Final[tuple[Callable[[AssistancePlan | None, Content], Objection | None], ...]] = (
    the_plan_is_still_a_draft,
    a_plan_meets_a_need,
    each_part_stands_once,
)


def draft(
    known: AssistancePlan | None, ids: tuple[UUID, UUID], told: Content
) -> AssistancePlan | Refusal:
    """The plan as it is written now; ``ids`` are the plan's and the case's."""
    found = [rule(known, told) for rule in DRAFT_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    return AssistancePlan(plan_id=ids[0], case_id=ids[1], content=told, state=Draft())


NEXT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "draft": frozenset({"agreed", "closed"}),
        "agreed": frozenset({"draft", "active", "closed"}),
        "active": frozenset({"reintegration", "closed"}),
        "reintegration": frozenset({"active", "follow-up", "closed"}),
        "follow-up": frozenset({"active", "closed"}),
        "closed": frozenset({"active"}),
    }
)
"""From each state, where a plan can go; a closed one is opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A person moves the plan on."""

    to: str
    reason: str | None
    now: datetime
    profile: Profile


def the_step_is_one_of_its_ways(plan: AssistancePlan, step: Step) -> Objection | None:
    """Plan, agree, act, reintegrate, ask after; back only where it says so.

    Code list: ``plan-state``, after ODIHR, NRM Handbook 2022.
    """
    return None if step.to in NEXT[plan.state.code] else Objection(code="wrong-state", field="to")


def the_person_agreed_to_something(plan: AssistancePlan, step: Step) -> Objection | None:
    """A plan is agreed with the person, part by part (Convention, Art. 12(7))."""
    if step.to != Agreed.code or any(part.agreed for part in plan.content.parts):
        return None
    return Objection(code="required", field="parts")


def the_risk_was_looked_at(plan: AssistancePlan, step: Step) -> Objection | None:
    """Nobody agrees to a plan whose danger nobody has judged (Bulgarian mechanism, plan: risk)."""
    if step.to != Agreed.code or plan.content.risk != NOT_YET_KNOWN:
        return None
    return Objection(code="required", field="risk")


def high_risk_has_a_safety_plan(plan: AssistancePlan, step: Step) -> Objection | None:
    """Where the danger is high the first thing is what to do when it comes.

    Bulgarian mechanism, plan: safety plan.
    """
    content = plan.content
    if step.to != Agreed.code or content.risk != HIGH_RISK or content.safety_plan == YES:
        return None
    return Objection(code="required", field="safety_plan")


def an_end_has_a_reason(plan: AssistancePlan, step: Step) -> Objection | None:
    """A plan is not closed without saying why; an unknown word does not say it.

    Code list: ``plan-end-reason``.
    """
    if step.to != Closed.code or is_a_reason("plan-end-reason", step.reason):
        return None
    return Objection(code="reason-missing", field="reason")


def a_child_is_monitored_to_the_end(plan: AssistancePlan, step: Step) -> Objection | None:
    """The profile's months of monitoring are the child's: no way round shortens them.

    Once help began a child's plan is closed from follow-up alone, when they are over. Help that is
    given again begins them anew. Where nobody is left to be monitored here they end before
    (profile: ``child_monitoring_months``; Bulgarian mechanism, measure 3.2).
    """
    state, child = plan.state, plan.content.majority in CHILDREN
    if step.to != Closed.code or not child or step.reason in MONITORED_NO_LONGER:
        return None
    if isinstance(state, FollowUp):
        until = state.monitored_until
        return Objection(code="too-early") if until is None or step.now < until else None
    return Objection(code="too-early") if isinstance(state, Underway | Reintegration) else None


STEP_RULES: Final[tuple[Callable[[AssistancePlan, Step], Objection | None], ...]] = (
    the_step_is_one_of_its_ways,
    the_person_agreed_to_something,
    the_risk_was_looked_at,
    high_risk_has_a_safety_plan,
    an_end_has_a_reason,
    a_child_is_monitored_to_the_end,
)


def advance(plan: AssistancePlan, step: Step) -> AssistancePlan | Refusal:
    """The plan in its next state."""
    found = [rule(plan, step) for rule in STEP_RULES]
    if against := tuple(objection for objection in found if objection):
        return Refusal(objections=against)
    return replace(plan, state=_state(plan, step))


def _state(plan: AssistancePlan, step: Step) -> PlanState:
    if step.to == FollowUp.code:
        child = plan.content.majority in CHILDREN
        months = step.profile.number("child_monitoring_months")
        return FollowUp(monitored_until=after_months(step.now, months) if child else None)
    if step.to == Closed.code:
        return Closed(reason=step.reason or NOT_YET_KNOWN)
    plain = {each.code: each for each in (Draft(), Agreed(), Underway(), Reintegration())}
    return plain[step.to]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Asking after the person: when it is due, and what the person said once it was done."""

    follow_up_id: UUID
    plan_id: UUID
    due_at: datetime
    done_at: datetime | None = None
    feedback: tuple[str, ...] = ()
    goals_met: tuple[str, ...] = ()


def first_asking(plan: AssistancePlan, follow_up_id: UUID, step: Step) -> Asking | None:
    """Who is followed up is asked after the profile's months, without anybody planning it."""
    if not isinstance(plan.state, FollowUp):
        return None
    months = step.profile.number("follow_up_months")
    return Asking(
        follow_up_id=follow_up_id, plan_id=plan.plan_id, due_at=after_months(step.now, months)
    )


def nobody_has_asked_yet(plan: AssistancePlan, known: Asking | None) -> Objection | None:
    """Nobody is asked after under a closed plan, nor twice in one asking.

    Project: what the person said stays as it was said.
    """
    done = known is not None and known.done_at is not None
    return Objection(code="wrong-state") if done or isinstance(plan.state, Closed) else None


def the_asking_lies_ahead(asked: Asking, now: datetime) -> Objection | None:
    """Nobody is reminded of what is past (project: its clock has to ring)."""
    return Objection(code="out-of-range", field="due_at") if asked.due_at <= now else None


def plan_asking(
    plan: AssistancePlan, known: Asking | None, asked: Asking, now: datetime
) -> Asking | Refusal:
    """A person plans to ask after somebody; once more moves it."""
    return refused(nobody_has_asked_yet(plan, known), the_asking_lies_ahead(asked, now)) or asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the person said, as codes."""

    feedback: tuple[str, ...]
    goals_met: tuple[str, ...]
    happened_at: datetime
    now: datetime


def the_person_was_heard_by_now(heard: Heard) -> Objection | None:
    """A time later than now is a mistake (project: nobody is done with what is to come)."""
    if lies_in_the_future(heard.happened_at, heard.now):
        return Objection(code="in-the-future", field="occurred_at")
    return None


def only_goals_of_the_plan_are_met(plan: AssistancePlan, heard: Heard) -> Objection | None:
    """A goal that nobody agreed to was not met (Convention, Art. 12(7): consensual, informed)."""
    if set(heard.goals_met) <= set(plan.content.goals):
        return None
    return Objection(code="out-of-range", field="goals_met")


def record_asking(plan: AssistancePlan, known: Asking, heard: Heard) -> Asking | Refusal:
    """Somebody asked; the person's answer as codes."""
    against = refused(
        nobody_has_asked_yet(plan, known),
        the_person_was_heard_by_now(heard),
        only_goals_of_the_plan_are_met(plan, heard),
    )
    return against or replace(
        known, done_at=heard.happened_at, feedback=heard.feedback, goals_met=heard.goals_met
    )
