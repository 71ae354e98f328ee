"""Kills services at their failpoints while a load goes through the house.

Each service is given a short chain of orders for a round: its next life dies at the first, the one
after that at the second. No longer: after three attempts at one record a service would be right to
park it.
"""

import random
import signal
import threading
import time
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from deploy.demo.databases import Databases
from deploy.demo.stage import Stage
from deploy.local import control
from deploy.local.layout import StateFolder, read_json
from services.chassis.failpoints import Failpoint
from tests.faults.processes.load import Load
from tests.faults.processes.places import AT_STOP, BY_AN_OPERATOR, PLACES, Place
from tests.support.stack import wait_until_ready

KILLED = -9
LONGEST_CHAIN = 3
LOOK_SECONDS = 0.05
LAST_SECONDS = 30.0
CAREFUL = frozenset(
    {
        Failpoint.ATTEMPT_COUNTED,
        Failpoint.ATTEMPT_BEFORE_OVER,
        Failpoint.ROW_PARKED_BEFORE_COMMIT,
    }
)
"""Passed only in a life after an unclean end."""
EARLY = frozenset({Failpoint.REWOUND_BEFORE_MARK, Failpoint.RELAY_ABANDONED})
"""The load begins with them: the first of a chain, if it is in one."""
AWAITED = frozenset({Failpoint.ROW_PARKED_BEFORE_COMMIT})
"""The load waits for it before it lets any row be settled: nothing that settles one comes first."""
AGAIN = 6
"""How often the load goes at most, until every place was reached: a service may live three lives,
and a slow machine does in one commit what a quick one does in two."""


@dataclass(frozen=True)
class Order:
    """One service dies at the n-th pass of one place."""

    place: Place
    unit: str
    n: int

    @property
    def text(self) -> str:
        """As the environment says it."""
        return f"{self.place.failpoint}:{self.n}"

    def __str__(self) -> str:
        return f"{self.unit} at {self.text}"


def drawn(seed: int, places: Iterable[Place] = PLACES) -> list[Order]:
    """One order for each place: the service and the pass are the seed's."""
    chance = random.Random(seed)  # noqa: S311 - a schedule, no secret
    orders = [
        Order(place, chance.choice(place.services), chance.randint(1, place.most))
        for place in places
    ]
    chance.shuffle(orders)
    return orders


def rounds_of(orders: Sequence[Order]) -> list[list[Order]]:
    """Share orders out over rounds: a short chain for each service, what stops it at its end."""
    rounds: list[list[Order]] = []
    for order in sorted(orders, key=_needs_first):
        for each in rounds:
            if _fits(order, each):
                each.append(order)
                break
        else:
            rounds.append([order])
    return [sorted(each, key=_needs_last) for each in rounds]


def _needs_first(order: Order) -> bool:
    return order.place.failpoint in AT_STOP


def _needs_last(order: Order) -> int:
    failpoint = order.place.failpoint
    ranks = (EARLY, AWAITED, set(Failpoint) - CAREFUL - AT_STOP, CAREFUL, AT_STOP)
    return next(rank for rank, those in enumerate(ranks) if failpoint in those)


def _fits(order: Order, others: Sequence[Order]) -> bool:
    same = [each for each in others if each.unit == order.unit]
    if order.place.failpoint in AT_STOP:
        return (
            not any(each.place.failpoint in AT_STOP for each in same) and len(same) < LONGEST_CHAIN
        )
    if order.place.failpoint in EARLY and any(each.place.failpoint in EARLY for each in same):
        return False
    return len(same) < LONGEST_CHAIN


@dataclass
class Chain:
    """The orders of one service in one round, one life after another."""

    state: StateFolder
    unit: str
    orders: list[Order]
    reached: list[Order] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    begun: bool = False
    """Whether a life has taken the first order."""
    _armed: int = 0
    _restarts: int = 0

    def begin(self) -> None:
        """Arm the first and end the present life: well, or the next one must be careful."""
        self._restarts = int(read_json(self.state.processes)[self.unit]["restarts"])
        self._arm()
        if self.orders[0].place.failpoint in CAREFUL:
            control.kill(self.state, self.unit)
        elif (identity := control.processes(self.state)[self.unit]) is not None:
            identity.send(signal.SIGTERM)

    def _arm(self) -> None:
        control.arm(self.state, self.unit, self.orders[self._armed].text)
        self._armed += 1

    def look(self) -> None:
        """Note deaths, and arm the life after the one that is armed and has begun."""
        if self.over or not self._armed:
            return
        if not self.state.failpoint_of(self.unit).exists():
            self.begun = True
            if self._armed < len(self.orders):
                self._arm()
        told = read_json(self.state.processes).get(self.unit)
        if told is None or int(told["restarts"]) - self._restarts - 1 <= len(self.reached):
            return
        self.reached.append(self.orders[len(self.reached)])
        if told["last_exit"] != KILLED:
            self.wrong.append(f"{self.reached[-1]} ended with {told['last_exit']}")

    @property
    def over(self) -> bool:
        """Whether every order was followed."""
        return len(self.reached) == len(self.orders)

    @property
    def due(self) -> Order | None:
        """What the present life is to die at."""
        return None if self.over else self.orders[len(self.reached)]


class Sweep:
    """One round: chains, the load, and who watches the chains."""

    def __init__(self, stage: Stage, orders: Sequence[Order]) -> None:
        self.stage = stage
        failpoints = frozenset(order.place.failpoint for order in orders)
        self.load = Load(stage, failpoints)
        self.load.died = lambda failpoint: self._over({failpoint})
        by_unit: dict[str, list[Order]] = {}
        for order in orders:
            if order.place.failpoint not in BY_AN_OPERATOR:
                by_unit.setdefault(order.unit, []).append(order)
        self.chains = [Chain(stage.state, unit, its) for unit, its in by_unit.items()]
        self._done = threading.Event()

    def run(self) -> None:
        """Kill, load, wait until every place was reached and everybody is back.

        Somebody looks from the first kill on: a life that dies as it starts is followed by one
        that would know of no order.
        """
        self._rewind()
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            for chain in self.chains:
                chain.begin()
            self.stage.until("the armed lives", self._have_begun)
            for _ in range(AGAIN):
                self.load.go()
                self.load.wanted = frozenset()
                if self._all_reached():
                    break
        finally:
            self._done.set()
            watcher.join()
        missed = [str(chain.due or chain.orders[-1]) for chain in self.chains if not chain.over]
        assert not missed, f"never reached: {', '.join(missed)}"
        wrong = [sentence for chain in self.chains for sentence in chain.wrong]
        assert not wrong, wrong
        self.load.unpark()
        wait_until_ready(self.stage.state)
        self.load.forget_nonsense()

    def _have_begun(self) -> bool:
        return all(chain.begun for chain in self.chains)

    def _all_reached(self) -> bool:
        """Wait a little for the last deaths; services that die when they stop are stopped."""
        deadline = time.monotonic() + LAST_SECONDS
        while not all(chain.over for chain in self.chains):
            for chain in self.chains:
                due = chain.due
                if due is not None and due.place.failpoint in AT_STOP:
                    self._stop(chain)
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def _stop(self, chain: Chain) -> None:
        """Ask a service to stop that dies of it, once it runs."""
        wait_until_ready(self.stage.state)
        identity = control.processes(self.stage.state)[chain.unit]
        if identity is not None and chain.due is not None:
            identity.send(signal.SIGTERM)
            identity.wait(LAST_SECONDS)

    def _watch(self) -> None:
        while not self._done.wait(LOOK_SECONDS):
            for chain in self.chains:
                chain.look()
                due = chain.due
                if due and due.place.failpoint is Failpoint.ROW_PARKED_BEFORE_COMMIT:
                    self.load.tried_too_often()

    def _rewind(self) -> None:
        """Forget for some that they read from the log start, so that they do it again."""
        topology = control.topology_of(self.stage.state)
        for chain in self.chains:
            if chain.orders[0].place.failpoint is Failpoint.REWOUND_BEFORE_MARK:
                Databases(self.stage.state).rows(
                    topology.unit(chain.unit), "DELETE FROM inbox_start"
                )

    def _over(self, failpoints: Set[Failpoint]) -> bool:
        """Whether these were reached, as far as they are in this round."""
        return all(
            order in chain.reached
            for chain in self.chains
            for order in chain.orders
            if order.place.failpoint in failpoints
        )
