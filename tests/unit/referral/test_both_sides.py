"""Both sides of a task in any order of commands, letters and clocks: no state that nobody knows,
no clock lost, and at the end both sides agree whether somebody is helped.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.vocabulary import code_lists
from services.referral.access import Basis, objections_to_offering
from services.referral.domain import (
    expecting,
    facts,
    noticing,
    pausing,
    providing,
    routing,
    sending,
)
from services.referral.domain.agreements import Participant, Policy, Restriction
from services.referral.domain.expecting import Times
from services.referral.domain.facts import ProgressLetter, Step, WithdrawalLetter
from services.referral.domain.listings import Cover
from services.referral.domain.providing import Answer
from services.referral.domain.refusals import Refused
from services.referral.domain.routing import Bid
from services.referral.domain.tasks import (
    OPEN_STATES,
    AcceptedTask,
    AcceptingTask,
    DeadlineKind,
    ProvidedTask,
    SentTask,
    Side,
    Task,
    UnansweredTask,
    due_of,
    notices_of,
)
from tests.unit.referral.builders import (
    NOW,
    OUTCOME,
    REFERENCE,
    a_basis,
    a_case,
    a_consent,
    a_listing,
    an_id,
    terms,
    wanted,
)

SOON, LATER = NOW + timedelta(minutes=15), NOW + timedelta(days=2)
PLACE = providing.Place(reference=REFERENCE, start_by=NOW + timedelta(days=5))
AT_PROVIDER = (
    "say seen",
    "say accepted",
    "say declined",
    "pause",
    "resume",
    "place",
    "expect",
    "expect later",
    "plan beginning",
    "no place",
    "hold overdue",
    "start",
    "complete",
    "stop episode",
    "freeze",
    "acceptance not told",
)
AT_SENDER = ("expire", "cancel", "close case", "refuse", "stop", "not sent", "feedback ends")
ON_THE_WAY = ("to provider", "to provider", "to sender", "to sender", "again to sender")
STATES = frozenset(code_lists()["task-state"].codes)
ACCEPTED = ("to provider", "say accepted", "place", *("to sender",) * 4)
EXPECTED = (*ACCEPTED, "expect", "plan beginning")
BEFORE = ((), ("to provider",), ACCEPTED, EXPECTED, (*ACCEPTED, "start", "to sender"))
"""Ways to where the deeper states begin: chance alone rarely gets there."""
HELPED = {"accepted", "in-progress", "on-hold"}


@dataclass
class Pair:
    """One task at both sides, and the letters that are on their way."""

    sent: SentTask
    to_provider: list[Any]
    provided: ProvidedTask | None = None
    to_sender: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    held: bool = False

    def sender(self, step: Step[Any]) -> None:
        self.sent = step.task
        self.to_provider += step.letters

    def provider(self, step: Step[Any] | Refused) -> None:
        if isinstance(step, Refused):
            assert step.reasons
            return
        names = {type(fact) for fact in step.facts}
        self.held = (self.held or facts.HoldRequested in names) and not (
            names & {facts.HoldAbandoned, facts.TaskStarted}
        )
        self.provided = step.task
        self.to_sender += step.letters

    def deliver_to_provider(self) -> None:
        if not self.to_provider:
            return
        letter = self.to_provider.pop(0)
        if isinstance(letter, WithdrawalLetter):
            if self.provided is not None:
                self.provider(providing.withdrawn(self.provided, letter.state, NOW))
        elif self.provided is None:
            given = replace(letter.terms, side=Side.PROVIDER)
            self.provider(providing.received(given, NOW))

    def deliver_to_sender(self, *, again: bool = False) -> None:
        if again and self.told:
            self.to_sender.insert(0, self.told[-1])
        if self.to_sender:
            letter = self.to_sender.pop(0)
            self.told.append(letter)
            assert isinstance(letter, ProgressLetter)
            self.sender(sending.progressed(self.sent, letter.progress, NOW))

    def settle(self) -> None:
        while self.to_provider or self.to_sender:
            self.deliver_to_provider()
            self.deliver_to_sender()


def act(pair: Pair, word: str) -> None:
    """One thing that happens; at a provider that has no offer nothing does."""
    if word in AT_SENDER:
        pair.sender(at_sender(pair.sent, word))
    elif word in AT_PROVIDER:
        if pair.provided is not None:
            pair.provider(at_provider(pair.provided, word))
    elif word == "to provider":
        pair.deliver_to_provider()
    else:
        pair.deliver_to_sender(again=word.startswith("again"))


def at_sender(task: SentTask, word: str) -> Step[SentTask]:
    match word:
        case "expire":
            return sending.expired(task, NOW)
        case "cancel" | "close case":
            return sending.cancelled(task, NOW, even_started=word == "cancel")
        case "refuse":
            return sending.refused_by_the_person(task, NOW)
        case "stop":
            return sending.stopped(task, NOW, tell_provider=True)
        case "not sent":
            return sending.not_sent(task, "no-consent", NOW)
        case _:
            return sending.feedback_ended(task, NOW)


def at_provider(task: ProvidedTask, word: str) -> Step[ProvidedTask] | Refused:
    case = a_case()
    if word.startswith("say "):
        said = Answer(answer=word[4:], reason="safety", at=NOW, hold_until=SOON)
        return providing.answered(task, case, said)
    if word in ("pause", "resume"):
        if word == "pause":
            return pausing.paused(task, case, "person-away", NOW)
        return pausing.resumed(task, case, NOW)
    steps = {
        "place": lambda: providing.hold_placed(task, PLACE, NOW),
        "expect": lambda: expecting.scheduled(task, Times(arrive_by=SOON), NOW),
        "expect later": lambda: expecting.scheduled(task, Times(arrive_by=LATER), NOW),
        "plan beginning": lambda: expecting.scheduled(task, Times(starts_at=LATER), NOW),
        "no place": lambda: providing.hold_refused(task, "at-capacity", NOW),
        "hold overdue": lambda: providing.hold_overdue(task, NOW),
        "start": lambda: providing.started(task, NOW),
        "complete": lambda: providing.completed(task, OUTCOME, NOW),
        "stop episode": lambda: providing.episode_stopped(task, NOW),
        "freeze": lambda: providing.sharing_stopped(task, NOW),
        "acceptance not told": lambda: providing.not_told(task, "accepted", NOW),
    }
    return steps[word]()


def clocks_are_kept(task: Task) -> None:
    """Whatever waits for somebody has a clock, and nothing that ended has one."""
    due, tells = due_of(task), notices_of(task)
    if task.terms.side is Side.SENDER and isinstance(task, UnansweredTask):
        assert due is not None
        assert due.kind is DeadlineKind.ANSWER
    elif isinstance(task, AcceptingTask):
        assert due is not None
        assert due.kind is DeadlineKind.HOLD
    if task.code in ("offered", "delivered"):
        assert tells.seen_by == SOON
        assert noticing.unseen(task, SOON).facts
    if task.code == "accepted":
        assert tells.start_by is not None
    if task.code not in OPEN_STATES[task.terms.side]:
        assert due is None
        assert tells.seen_by is tells.start_by is None


@given(
    st.sampled_from(BEFORE),
    st.lists(st.sampled_from(AT_PROVIDER + AT_SENDER + ON_THE_WAY * 4), max_size=25),
)
@settings(max_examples=400)
def test_no_order_loses_a_clock_or_leaves_the_sides_apart(
    before: tuple[str, ...], words: list[str]
) -> None:
    first = sending.offer(terms(urgency="emergency", seen_by=SOON), NOW)
    pair = Pair(sent=first.task, to_provider=list(first.letters))
    quiet = "freeze", "acceptance not told"
    for word in (*before, *words):
        act(pair, word)
        for task in (pair.sent, pair.provided):
            if task is not None:
                assert task.code in STATES
                clocks_are_kept(task)
    pair.settle()
    here, there = pair.sent, pair.provided
    assert there is not None
    if there.code not in OPEN_STATES[Side.PROVIDER] and there.code != "completed":
        assert not pair.held or set(words) & {"no place", "stop episode"}
    if here.code in HELPED and not set(words) & set(quiet):
        assert there.code == here.code
    if isinstance(here, AcceptingTask) and not set(words) & set(quiet):
        assert isinstance(there, AcceptingTask)
        assert here.expires_at == there.expires_at == SOON
    if isinstance(here, AcceptedTask) and isinstance(there, AcceptedTask):
        assert (here.arrive_by, here.starts_at) == (there.arrive_by, there.starts_at)
    the_ends_agree(here, there)


def the_ends_agree(here: SentTask, there: ProvidedTask) -> None:
    """Nobody waits for what the other ended, and what came of help is known to both."""
    if here.code == "loop-closed":
        assert there.code == "completed"
    if here.code in ("expired", "cancelled", "declined"):
        assert there.code not in OPEN_STATES[Side.PROVIDER]
    outcome = getattr(there, "outcome", None)
    if outcome is not None and here.code in ("expired", "cancelled", "loop-closed"):
        assert getattr(here, "outcome", None) == outcome


AGENCIES = ("redcross-vitebsk", "ngo-brest", "shelter-minsk")
TYPES = ("red-cross", "ngo", "media")


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    """Any memorandum, consents and restrictions over three agencies."""
    participants = tuple(
        Participant(
            node=node,
            agency_type=draw(st.sampled_from(TYPES)),
            status=draw(st.sampled_from(["active", "suspended", "proposed", "left"])),
            powers=frozenset(draw(st.sets(st.sampled_from(["provide", "observe"])))),
            oblasts=frozenset(draw(st.sets(st.sampled_from(["BY-BR", "BY-VI"])))),
        )
        for node in AGENCIES
        if draw(st.booleans())
    )
    pairs = frozenset(("interior-brest", node) for node in draw(st.sets(st.sampled_from(AGENCIES))))
    restrictions = tuple(
        Restriction(restriction_id=an_id(str(number)), agency=agency, agency_type=kind, oblast=at)
        for number, (agency, kind, at) in enumerate(
            draw(
                st.sets(
                    st.sampled_from(
                        [
                            *((node, None, None) for node in AGENCIES),
                            *((None, kind, None) for kind in TYPES),
                            (None, None, "BY-BR"),
                        ]
                    )
                )
            )
        )
    )
    consents = (a_consent(recipients=frozenset(draw(st.sets(st.sampled_from(AGENCIES))))),)
    return a_basis(
        policy=Policy(version=1, participants=participants, pairs=pairs),
        consents=consents,
        restrictions=restrictions,
        chosen_for=draw(st.sampled_from([None, "person-asked"])),
    )


@given(
    basis=bases(),
    refused=st.frozensets(st.sampled_from(AGENCIES)),
    urgency=st.sampled_from(["routine", "emergency"]),
    covers=st.lists(st.sampled_from(list(Cover)), min_size=3, max_size=3),
)
def test_a_refused_or_restricted_provider_is_never_offered(
    basis: Basis, refused: frozenset[str], urgency: str, covers: list[Cover]
) -> None:
    sought = wanted(refused_by_person=refused, urgency=urgency)
    fitting = [
        listing
        for node, cover in zip(AGENCIES, covers, strict=True)
        if not objections_to_offering((listing := a_listing(node, cover=cover)).agency, basis)
        and not routing.misfits(listing, sought)
    ]
    chosen = routing.choose(tuple(Bid(listing=each, status="ask") for each in fitting), sought)
    if chosen is None:
        return
    agency = chosen.listing.agency
    found = basis.policy.participant(agency)
    assert found is not None
    assert agency not in refused
    assert agency in basis.consents[0].recipients
    assert found.agency_type != "media"
    assert urgency == "routine" or chosen.listing.cover is Cover.ROUND_THE_CLOCK
    for rule in basis.restrictions:
        assert rule.agency != agency
        assert rule.agency_type != found.agency_type
        assert rule.oblast not in found.oblasts
