"""Any sequence of commands and of clocks that run out: no undefined state, no clock lost.

The machine keeps the clocks as the service does: stopped, started (the same kind again moves it),
and fired in the order of their times; a case that is over takes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
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
    Detected,
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
    everyday,
    help_without_identification,
    is_over,
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
from tests.unit.identification.builders import BORDER, CASE_ID, NOW, a_case, as_named, some_codes

OTHER = replace(a_case(), case_id=UUID("22222222-2222-4222-8222-222222222222"))
REFUSALS = frozenset(code_lists()["refusal-reason"].codes)
MAJORITIES = some.sampled_from(["adult", "believed-adult", "child", "believed-child"])
Decided = Change | Refusal | None


def coded(name: str) -> Any:
    return some.sampled_from(code_lists()[name].codes)


class WholeLife(RuleBasedStateMachine):
    """One case of one jurisdiction."""

    case: Case
    clocks: Clocks
    now: datetime
    running: dict[str, datetime]
    fired: set[str]

    @initialize(
        profile=some.sampled_from(known_profiles()),
        majority=MAJORITIES,
        identifies=some.booleans(),
        presumed=some.booleans(),
    )
    def open(self, profile: str, majority: str, identifies: bool, presumed: bool) -> None:
        self.clocks = Clocks(profile=load_profile(profile))
        self.now, self.running, self.fired = NOW, {}, set()
        opening = Opening(
            case_id=CASE_ID,
            origin="detected",
            counted_by=BORDER,
            codes=some_codes(majority=majority),
            occurred_at=NOW,
            now=NOW,
        )
        self.took(open_case(opening, self.clocks, identifies=identifies))
        if presumed:
            self.presume()

    def took(self, change: Change) -> None:
        for kind in change.stopped:
            assert kind in KINDS
            self.running.pop(kind, None)
        for due in change.clocks:
            self.running[due.kind] = due.due_at
            self.fired.discard(due.kind)
        for fact in change.facts:
            assert disclosure.event_of(fact)
        self.case = change.case

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
        for _ in range(100):
            due = [(at, kind) for kind, at in self.running.items() if at <= self.now]
            if not due:
                return
            at, kind = min(due)
            del self.running[kind]
            self.fired.add(kind)
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
        self.ask(lambda: route.reach_majority(self.case, self.now, self.now, self.clocks))

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
        self.ask(lambda: everyday.link(self.case, as_named(OTHER), "family"))

    @rule()
    def help_without(self) -> None:
        if isinstance(self.case.state, Detected):
            self.ask(lambda: help_without_identification(self.case, "restricted", self.now))

    @rule(end=some.sampled_from(["close", "void", "merge", "die"]), really=some.integers(0, 3))
    def end(self, end: str, really: int) -> None:
        if really:
            return
        ends: dict[str, Callable[[], Decided]] = {
            "close": lambda: close(self.case, "needs-met", closed_at=self.now, now=self.now),
            "void": lambda: void(self.case, "test-entry", self.now),
            "merge": lambda: everyday.merge(self.case, as_named(OTHER), self.now),
            "die": lambda: everyday.die(self.case, self.now, self.now),
        }
        self.ask(ends[end])

    @invariant()
    def the_state_is_one_of_those_that_are_defined(self) -> None:
        assert isinstance(self.case.state, get_args(State))
        assert set(self.case.to_dos) <= set(code_lists()["to-do"].codes)

    @invariant()
    def every_clock_that_the_state_needs_runs_or_has_run_out(self) -> None:
        state, alive = self.case.state, self.running.keys() | self.fired
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
