"""Whatever people do in whatever order: places add up, no state is undefined, no clock is lost."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.vocabulary import PLACES_TO_LIVE
from services.assistance import disclosure
from services.assistance.domain import (
    Assignment,
    CapacityReport,
    CheckedIn,
    Clock,
    Closing,
    Confirmed,
    Ending,
    Episode,
    EpisodeChange,
    Extension,
    Held,
    Hold,
    HoldAsked,
    HoldState,
    Moment,
    Placed,
    Planned,
    Pool,
    Refusal,
    arrival_is_due,
    arrive,
    assign,
    cancel,
    clocks_of_episode,
    clocks_of_hold,
    close,
    confirm,
    deliver,
    depart,
    end_early,
    expect,
    expire,
    extend,
    facts,
    give_up,
    limit_is_near,
    place,
    release,
    report,
    resume,
    schedule,
    sharing_ended,
    start_is_due,
    stay_is_over,
    stop,
    suspend,
)
from services.assistance.domain.episode import Delivery, EpisodeState
from tests.unit.assistance.builders import NOW, PROFILE, a_pool, an_episode

SERVICE = "child-3-17"
REASONS = some.sampled_from([None, "not-yet-known", "emergency"])
SPANS = some.sampled_from([timedelta(hours=1), timedelta(days=3), timedelta(days=160)])


@dataclass(frozen=True)
class Life:
    """One task: what is kept for it, and its help."""

    hold: Hold
    episode: Episode | None = None
    accepted_at: datetime = NOW

    @property
    def clocks(self) -> frozenset[Clock]:
        found = clocks_of_hold(self.hold, PROFILE)
        return found | (clocks_of_episode(self.episode) if self.episode else frozenset())


class Lives(RuleBasedStateMachine):
    """Two pools of one service and everybody who comes and goes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.lives: dict[int, Life] = {}
        self.running: dict[int, set[Clock]] = {}
        self.refused: list[str] = []
        self.next = 0
        self.pools: dict[UUID, Pool] = {}

    @initialize()
    def count_places(self) -> None:
        for number, audience in ((1, "girls"), (2, "any-child")):
            pool = a_pool(
                number, service_type=SERVICE, audience_class=audience, maximum=3, available=3
            )
            self.pools[pool.pool_id] = pool

    def keep(self, number: int, after: Life, pools: tuple[Pool | None, ...] = ()) -> None:
        """As the handlers do: what ran and no longer runs is forgotten, what is new is set."""
        before = self.lives.get(number)
        had = before.clocks if before else frozenset()
        ran = self.running.get(number, set())
        self.running[number] = (ran - (had - after.clocks)) | (after.clocks - had)
        self.lives[number] = after
        self.pools |= {pool.pool_id: pool for pool in pools if pool is not None}

    def placed(self, number: int, decided: Placed | Refusal | None) -> bool:
        if isinstance(decided, Refusal):
            self.told(decided)
        if not isinstance(decided, Placed):
            return False
        life = replace(self.lives[number], hold=decided.hold)
        self.keep(number, life, (decided.left, decided.pool))
        for fact in decided.facts:
            disclosure.event_of_hold(decided.hold, fact)
        return True

    def changed(self, number: int, decided: EpisodeChange | Refusal | None) -> None:
        if isinstance(decided, Refusal):
            self.told(decided)
        if isinstance(decided, EpisodeChange):
            self.keep(number, replace(self.lives[number], episode=decided.episode))
            for fact in decided.facts:
                disclosure.event_of(decided.episode, fact)

    def told(self, refusal: Refusal) -> None:
        assert refusal.objections
        self.refused += [objection.code for objection in refusal.objections]

    def one(self, which: int) -> tuple[int, Life, Pool | None]:
        number = sorted(self.lives)[which % len(self.lives)]
        life = self.lives[number]
        return number, life, self.pools.get(life.hold.pool_id or UUID(int=0))

    @rule(audience=some.sampled_from(["girls", "boys", "minor-mother"]))
    def ask(self, audience: str) -> None:
        self.next += 1
        asked = HoldAsked(
            task_id=UUID(int=self.next),
            case_id=UUID(int=100 + self.next),
            service_type=SERVICE,
            audience_class=audience,
            answer_by=self.now + timedelta(minutes=15),
            now=self.now,
            frozen=False,
        )
        found = place(asked, tuple(self.pools.values()), PROFILE)
        if isinstance(found, Placed):
            self.keep(self.next, Life(hold=found.hold), (found.pool,))

    @precondition(lambda self: self.lives)
    @rule(which=some.integers(0, 100))
    def accept(self, which: int) -> None:
        number, life, _ = self.one(which)
        if self.placed(number, confirm(life.hold, PROFILE, self.now)):
            life = self.lives[number]
            planned = an_episode(service_type=SERVICE)
            self.keep(number, replace(life, episode=planned, accepted_at=self.now))

    @precondition(lambda self: self.lives)
    @rule(which=some.integers(0, 100), hours=some.integers(-2, 2))
    def come(self, which: int, hours: int) -> None:
        number, life, pool = self.one(which)
        at = Moment(happened_at=self.now + timedelta(hours=hours), now=self.now)
        self.placed(number, arrive(life.hold, pool, at, PROFILE))

    @precondition(lambda self: self.lives)
    @rule(
        which=some.integers(0, 100),
        step=some.sampled_from(["leave", "give-up", "expire", "release", "stop-sharing"]),
    )
    def go(self, which: int, step: str) -> None:
        number, life, pool = self.one(which)
        at = Moment(happened_at=self.now, now=self.now)
        decided: Placed | Refusal | None
        match step:
            case "leave":
                decided = depart(life.hold, pool, at)
            case "give-up":
                decided = give_up(life.hold, pool, at)
            case "expire":
                decided = expire(life.hold, pool, self.now)
            case "release":
                decided = release(life.hold, pool, self.now)
            case _:
                decided = sharing_ended(life.hold, pool, self.now)
        self.placed(number, decided)

    @precondition(lambda self: self.lives)
    @rule(which=some.integers(0, 100), other=some.integers(1, 3), reason=REASONS)
    def move(self, which: int, other: int, reason: str | None) -> None:
        number, life, pool = self.one(which)
        asked = Assignment(
            pool=self.pools.get(UUID(int=other)),
            needs=frozenset(),
            after=replace(life.hold, reason=reason),
            profile=PROFILE,
        )
        self.placed(number, assign(life.hold, asked, pool, self.now))

    @precondition(lambda self: self.lives)
    @rule(which=some.integers(0, 100), span=SPANS, reason=REASONS)
    def stay_longer(self, which: int, span: timedelta, reason: str | None) -> None:
        number, life, _ = self.one(which)
        asked = Extension(ends_at=self.now + span, reason=reason, now=self.now, profile=PROFILE)
        self.placed(number, extend(life.hold, asked))

    @precondition(lambda self: any(life.episode for life in self.lives.values()))
    @rule(
        which=some.integers(0, 100),
        step=some.sampled_from(["schedule", "suspend", "resume", "deliver", "end", "stop", "drop"]),
        quantity=some.integers(0, 3),
    )
    def help(self, which: int, step: str, quantity: int) -> None:
        number, life, _ = self.one(which)
        if life.episode is None:
            return
        self.changed(number, self.decided(life.episode, step, quantity))
        if step == "schedule":
            begins = self.begins(quantity)
            moved = expect(life.hold, begins, life.accepted_at, PROFILE, self.now)
            if moved is not None:
                self.keep(number, replace(self.lives[number], hold=moved.hold))

    def begins(self, quantity: int) -> datetime:
        """Some days from now, sooner or later than was said before."""
        return self.now + timedelta(days=2 + 9 * quantity)

    def decided(self, episode: Episode, step: str, quantity: int) -> EpisodeChange | Refusal | None:
        steps: dict[str, Any] = {
            "schedule": lambda: schedule(episode, self.begins(quantity), self.now),
            "suspend": lambda: suspend(episode, "illness", self.now),
            "resume": lambda: resume(episode, self.now),
            "deliver": lambda: deliver(episode, self.delivery(quantity)),
            "end": lambda: end_early(
                episode, Ending(reason="safety", happened_at=self.now, now=self.now)
            ),
            "stop": lambda: stop(episode, self.now, "sharing-stopped"),
            "drop": lambda: cancel(episode, self.now),
        }
        decided: EpisodeChange | Refusal | None = steps[step]()
        return decided

    def delivery(self, quantity: int) -> Delivery:
        return Delivery(
            unit="night",
            quantity=quantity,
            outcome="need-met" if quantity == 3 else None,
            happened_at=self.now,
            now=self.now,
        )

    @rule(which=some.sampled_from([1, 2]), out_of_service=some.integers(0, 4))
    def shut(self, which: int, out_of_service: int) -> None:
        told = Closing(out_of_service=out_of_service, reason="repair", now=self.now)
        self.counted(close(self.pools.get(UUID(int=which)), told))

    @rule(which=some.sampled_from([1, 2]), maximum=some.integers(0, 6))
    def count(self, which: int, maximum: int) -> None:
        pool = self.pools[UUID(int=which)]
        told = CapacityReport(
            pool_id=pool.pool_id,
            service_type=SERVICE,
            audience_class=pool.audience_class,
            maximum=maximum,
            out_of_service=0,
            now=self.now,
        )
        self.counted(report(pool, told))

    def counted(self, decided: Pool | Refusal) -> None:
        if isinstance(decided, Refusal):
            self.told(decided)
        else:
            self.pools[decided.pool_id] = decided

    @rule(span=SPANS)
    def let_time_pass(self, span: timedelta) -> None:
        """What is due rings, in order, and each ring is heard by somebody."""
        self.now += span
        due = [
            (clock.due_at, clock.kind, number, clock)
            for number, clocks in self.running.items()
            for clock in clocks
            if clock.due_at <= self.now
        ]
        for due_at, kind, number, clock in sorted(due, key=lambda each: each[:3]):
            if clock in self.running[number]:
                self.running[number].discard(clock)
                self.ring(number, kind, due_at)

    def ring(self, number: int, kind: str, due_at: datetime) -> None:
        life = self.lives[number]
        hold, now = life.hold, self.now
        match kind:
            case "hold-expires":
                pool = self.pools.get(hold.pool_id or UUID(int=0))
                assert self.placed(number, expire(hold, pool, now))
            case "arrival-due":
                assert arrival_is_due(hold, now)
            case "stay-limit-nears":
                assert limit_is_near(hold, PROFILE, now)
            case "stay-ends":
                assert stay_is_over(hold, due_at, now)
            case "start-due":
                assert life.episode is not None
                assert start_is_due(life.episode, now)
            case _:
                raise AssertionError(kind)

    @invariant()
    def the_counts_are_those_of_the_holds(self) -> None:
        for pool in self.pools.values():
            states = [
                life.hold.state for life in self.lives.values() if life.hold.pool_id == pool.pool_id
            ]
            assert pool.held == sum(isinstance(state, Held | Confirmed) for state in states)
            assert pool.occupied == sum(isinstance(state, CheckedIn) for state in states)
            parts = (pool.available, pool.held, pool.occupied, pool.out_of_service)
            assert sum(parts) == pool.maximum
            assert min(parts) >= 0

    @invariant()
    def every_state_is_a_known_one(self) -> None:
        for life in self.lives.values():
            assert isinstance(life.hold.state, get_args(HoldState))
            assert isinstance(life.episode.state if life.episode else Planned(), EpisodeState)

    @invariant()
    def no_clock_is_lost_and_none_rings_for_nothing(self) -> None:
        for number, life in self.lives.items():
            ahead = {clock for clock in life.clocks if clock.due_at > self.now}
            assert ahead <= self.running[number]
            assert self.running[number] <= life.clocks

    @invariant()
    def no_family_is_apart_without_a_reason(self) -> None:
        for life in self.lives.values():
            if life.hold.audience_class == "minor-mother" and life.hold.is_kept:
                assert life.hold.reason == "emergency"


TestLives = Lives.TestCase


def test_every_fact_has_an_event_and_every_event_a_fact() -> None:
    told = {*disclosure.HOLD_EVENTS, facts.HoldWasReleased}
    assert told == set(get_args(facts.HoldHappened))
    assert set(disclosure.EPISODE_EVENTS) == set(get_args(facts.EpisodeFact))


def test_every_accommodation_counts_nights() -> None:
    for service in PLACES_TO_LIVE:
        started = an_episode(service_type=service)
        given = Delivery(unit="visit", quantity=1, outcome=None, happened_at=NOW, now=NOW)
        assert isinstance(deliver(started, given), Refusal)
