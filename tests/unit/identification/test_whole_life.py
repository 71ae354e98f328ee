"""Any sequence of commands and of clocks that run out: no undefined state, no clock lost.

The machine keeps the clocks as the service does: stopped, started (the same kind again moves it),
and fired in the order of their times; a case that is over takes nothing. Two cases live beside each
other, so that one can be merged into the other however far either of them is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.vocabulary import code_lists, load_profile
from contracts.vocabulary.profile import known_profiles
from services.identification import disclosure
from services.identification.access import Standing, objections
from services.identification.domain import (
    CONCLUSIVE_DUE,
    REFLECTION_ENDS,
    Appointment,
    Case,
    Change,
    ChildProtection,
    Clocks,
    DecisionAsked,
    Declining,
    Detected,
    Identified,
    Measure,
    Opening,
    Presumed,
    Reconsideration,
    Reflection,
    Refusal,
    RevocationAsked,
    ScreeningAsked,
    State,
    close,
    correct,
    decide,
    decline_identification,
    everyday,
    help_without_identification,
    is_over,
    merging,
    open_case,
    period,
    run_out,
    screen,
    second_look,
    void,
)
from services.identification.domain import child as route
from services.identification.domain.clocks import (
    CHILD_NOTIFICATION_DUE,
    KINDS,
    MAJORITY_REVIEW,
    RECONSIDERATION_DUE,
)
from services.identification.domain.notices import may_not_be_removed
from tests.unit.identification.builders import BORDER, CASE_ID, NOW, as_named, some_codes

OTHER = UUID("22222222-2222-4222-8222-222222222222")
REFUSALS = frozenset(code_lists()["refusal-reason"].codes)
MAJORITIES = some.sampled_from(["adult", "believed-adult", "child", "believed-child"])
Decided = Change | Refusal | None


def coded(name: str) -> Any:
    return some.sampled_from(code_lists()[name].codes)


@dataclass
class Life:
    """One of the two cases, with its clocks."""

    case: Case
    running: dict[str, datetime] = field(default_factory=dict)
    fired: set[str] = field(default_factory=set)


class WholeLife(RuleBasedStateMachine):
    """Two cases of one jurisdiction, perhaps of one person; ``case`` is the one worked on."""

    clocks: Clocks
    now: datetime
    life: Life
    beside: Life

    @property
    def case(self) -> Case:
        return self.life.case

    @property
    def running(self) -> dict[str, datetime]:
        return self.life.running

    @initialize(
        profile=some.sampled_from(known_profiles()),
        majority=MAJORITIES,
        identifies=some.booleans(),
        presumed=some.booleans(),
    )
    def open(self, profile: str, majority: str, identifies: bool, presumed: bool) -> None:
        self.clocks = Clocks(profile=load_profile(profile))
        self.now = NOW
        for case_id in (OTHER, CASE_ID):
            opening = Opening(
                case_id=case_id,
                origin="detected",
                counted_by=BORDER,
                codes=some_codes(majority=majority),
                occurred_at=NOW,
                now=NOW,
            )
            change = open_case(opening, self.clocks, identifies=identifies)
            self.life = Life(change.case)
            self.took(change)
            self.beside = self.life if case_id == OTHER else self.beside
        if presumed:
            self.presume()

    @rule()
    def turn_to_the_other_case(self) -> None:
        self.life, self.beside = self.beside, self.life

    def took(self, change: Change) -> None:
        for kind in change.stopped:
            assert kind in KINDS
            self.running.pop(kind, None)
        for due in change.clocks:
            self.running[due.kind] = due.due_at
            self.life.fired.discard(due.kind)
        for fact in change.facts:
            assert disclosure.event_of(fact)
        self.life.case = change.case

    def ask(self, decision: Callable[[], Decided]) -> None:
        """Give a command as the service does: whoever may not, changes nothing."""
        standing = Standing(case=self.case, frozen=False, identifies=True)
        against = objections(standing, needs_power=True)
        assert bool(against) == is_over(self.case.state)
        decided = decision()
        if isinstance(decided, Refusal):
            assert decided.objections
            assert len(set(decided.objections)) == len(decided.objections)
            assert {objection.code for objection in decided.objections} <= REFUSALS
        elif decided is not None and not against:
            self.took(decided)

    @rule(days=some.integers(0, 40))
    def time_passes(self, days: int) -> None:
        """Every clock that is due fires, in order; one that it starts may be due as well."""
        self.now += timedelta(days=days)
        for _ in range(2):
            self.fire_what_is_due()
            self.turn_to_the_other_case()

    def fire_what_is_due(self) -> None:
        for _ in range(100):
            due = [(at, kind) for kind, at in self.running.items() if at <= self.now]
            if not due:
                return
            at, kind = min(due)
            del self.running[kind]
            self.life.fired.add(kind)
            before = self.case.state
            change = run_out(self.case, kind, at, self.clocks)
            if change is not None:
                self.took(change)
            assert kind == REFLECTION_ENDS or self.case.state == before
        raise AssertionError("clocks start each other for ever")

    @rule(found=some.sampled_from([(), ("threats",)]))
    def screen(self, found: tuple[str, ...]) -> None:
        asked = ScreeningAsked(
            result="indicators-found", occurred_at=self.now, now=self.now, means=found
        )
        self.ask(lambda: screen(self.case, asked))

    @rule(
        decision=coded("decision-kind"),
        outcome=coded("decision-outcome"),
        reason=coded("decision-reason"),
        early=some.booleans(),
    )
    def decide(self, decision: str, outcome: str, reason: str, early: bool) -> None:
        asked = DecisionAsked(
            decision=decision,
            outcome=outcome,
            reasons=(reason,),
            person_asked_early=early,
            decided_at=self.now,
            now=self.now,
        )
        self.ask(lambda: decide(self.case, asked, self.clocks))

    @rule()
    def presume(self) -> None:
        self.decide("reasonable-grounds", "positive", "act-shown", early=False)

    @rule(reason=coded("reflection-extension-reason"))
    def extend(self, reason: str) -> None:
        self.ask(lambda: period.extend_reflection(self.case, reason, self.now, self.clocks))

    @rule(reason=coded("reflection-end-reason"))
    def cut(self, reason: str) -> None:
        self.ask(lambda: period.cut_reflection(self.case, reason, self.now, self.now))

    @rule(ground=coded("reconsideration-ground"))
    def reconsider(self, ground: str) -> None:
        self.ask(lambda: second_look.reconsider(self.case, ground, self.now, self.clocks))

    @rule(ground=coded("revocation-ground"), agrees=some.booleans())
    def revoke(self, ground: str, agrees: bool) -> None:
        asked = RevocationAsked(
            ground=ground,
            second_authority="court-brest",
            may_agree=agrees,
            decided_at=self.now,
            now=self.now,
        )
        self.ask(lambda: second_look.revoke(self.case, asked, self.clocks))

    @rule(majority=MAJORITIES)
    def correct(self, majority: str) -> None:
        self.ask(lambda: correct(self.case, {"majority": majority}, self.now, self.clocks))

    @rule()
    def come_of_age(self) -> None:
        self.ask(lambda: route.reach_majority(self.case, self.now, self.now, self.now, self.clocks))

    @rule(outcome=coded("best-interests"), view=coded("childs-view"), emergency=some.booleans())
    def look_after(self, outcome: str, view: str, emergency: bool) -> None:
        measure = Measure(
            measure="child-centre", emergency=emergency, taken_at=self.now, now=self.now
        )
        self.ask(lambda: route.take_measure(self.case, measure))
        self.ask(lambda: route.record_best_interests(self.case, outcome, self.now, self.now))
        self.ask(lambda: route.record_view(self.case, view, self.now, self.now))

    @rule(kind=coded("representative-kind"), status=coded("guardian-status"))
    def appoint(self, kind: str, status: str) -> None:
        asked = Appointment(kind=kind, guardian_status=status, appointed_at=self.now, now=self.now)
        self.ask(lambda: everyday.appoint(self.case, asked))
        told = route.notify_guardian(self.case, self.now, self.now)
        safe = self.case.codes.is_child and self.case.codes.guardian_status == "checked-and-safe"
        assert isinstance(told, Change) is safe

    @rule(kind=coded("agency-type"))
    def tell_authority(self, kind: str) -> None:
        self.ask(
            lambda: route.record_authority_told(self.case, kind, self.now, self.now, self.clocks)
        )

    @rule()
    def tell_every_authority(self) -> None:
        for kind in route.authorities_left(self.case, self.clocks):
            self.tell_authority(kind)

    @rule(missing=some.booleans(), reachable=some.booleans())
    def lose(self, missing: bool, reachable: bool) -> None:
        at = self.now
        self.ask(lambda: everyday.miss_child(self.case, missing=missing, at=at, now=at))
        self.ask(lambda: everyday.change_contact(self.case, reachable=reachable, at=at, now=at))
        self.ask(lambda: everyday.link(self.case, as_named(self.beside.case), "family"))

    @rule()
    def help_without(self) -> None:
        if isinstance(self.case.state, Detected):
            self.ask(lambda: help_without_identification(self.case, "restricted", self.now))

    @rule(handed_over=some.booleans())
    def decline(self, handed_over: bool) -> None:
        asked = Declining(
            declined_at=self.now, said_at=self.now, now=self.now, handed_over=handed_over
        )
        self.ask(lambda: decline_identification(self.case, asked))

    @rule(end=some.sampled_from(["close", "void", "die"]), really=some.integers(0, 3))
    def end(self, end: str, really: int) -> None:
        if really:
            return
        ends: dict[str, Callable[[], Decided]] = {
            "close": lambda: close(self.case, "needs-met", closed_at=self.now, now=self.now),
            "void": lambda: void(self.case, "test-entry", self.now),
            "die": lambda: everyday.die(self.case, self.now, self.now),
        }
        self.ask(ends[end])

    @rule(further=some.booleans())
    def merge(self, further: bool) -> None:
        """Into the other one, whichever of the two is further along."""
        if further:
            self.presume()
        before, was_over = self.case, is_over(self.case.state)
        self.ask(lambda: merging.merge(self.case, as_named(self.beside.case), self.now))
        if not was_over and is_over(self.case.state):
            self.what_protected_the_person_goes_on(before, self.beside.case)

    def what_protected_the_person_goes_on(self, before: Case, goes_on: Case) -> None:
        """Whoever was merged away is as protected by the case that is left (Art. 10, 13, 14)."""
        assert not is_over(goes_on.state)
        identified = isinstance(goes_on.state, Identified)
        assert not may_not_be_removed(before) or may_not_be_removed(goes_on) or identified
        assert identified or not isinstance(before.state, Identified)
        assert goes_on.record.missing_at is not None or before.record.missing_at is None
        assert goes_on.codes.is_child or not before.codes.is_child
        if before.codes.is_child:
            safe = "checked-and-safe"
            assert goes_on.codes.guardian_status == safe or before.codes.guardian_status != safe
            assert goes_on.record.best_interests_at or not before.record.best_interests_at

    @invariant()
    def the_state_is_one_of_those_that_are_defined(self) -> None:
        assert isinstance(self.case.state, get_args(State))
        assert set(self.case.to_dos) <= set(code_lists()["to-do"].codes)

    @invariant()
    def every_clock_that_the_state_needs_runs_or_has_run_out(self) -> None:
        state, alive = self.case.state, self.running.keys() | self.life.fired
        if is_over(state):
            assert self.running == {}
            return
        needed = {
            Reflection: {REFLECTION_ENDS: "ends_at", CONCLUSIVE_DUE: "conclusive_due_at"},
            ChildProtection: {CONCLUSIVE_DUE: "conclusive_due_at"},
            Presumed: {CONCLUSIVE_DUE: "conclusive_due_at"},
            Reconsideration: {RECONSIDERATION_DUE: "due_at"},
        }
        for kind, name in needed.get(type(state), {}).items():
            assert kind in alive
            assert self.running.get(kind, getattr(state, name)) == getattr(state, name)
        assert (REFLECTION_ENDS in self.running) == isinstance(state, Reflection)
        if self.case.codes.is_child and route.authorities_left(self.case, self.clocks):
            assert CHILD_NOTIFICATION_DUE in alive
        believed = self.case.codes.majority == "believed-child"
        assert (MAJORITY_REVIEW in self.running) == believed

    @invariant()
    def a_child_is_protected_and_never_reflects(self) -> None:
        if self.case.codes.is_child:
            assert not isinstance(self.case.state, Reflection)
        else:
            assert not isinstance(self.case.state, ChildProtection)


WholeLife.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestWholeLife = WholeLife.TestCase
