"""Builders for referral's unit tests: one invented need, one invented offer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.referral.access import Basis
from services.referral.domain import tasks
from services.referral.domain.agreements import Consent, Participant, Policy
from services.referral.domain.cases import Case
from services.referral.domain.facts import OfferLetter, ProgressLetter, Step, WithdrawalLetter
from services.referral.domain.listings import Cover, Listing
from services.referral.domain.refusals import Refused
from services.referral.domain.requests import Need, Request
from services.referral.domain.routing import Wanted
from services.referral.domain.tasks import Outcome, Side, Terms

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SPACE = UUID("6f0c1a54-6f1c-4f0e-9d0c-0d6f0c1a546f")
OUTCOME = Outcome(outcome="need-met", unit="visit", quantity=3)


def an_id(name: str) -> UUID:
    return uuid5(SPACE, name)


REFERENCE = an_id("reference")
AGENCY = "ngo-brest"


def objections(answer: object) -> set[tuple[str, str | None]]:
    """The codes of a refusal, each with the field it is about."""
    assert isinstance(answer, Refused)
    assert len(set(answer.reasons)) == len(answer.reasons)
    return {(reason.code, reason.field) for reason in answer.reasons}


def facts_of(step: Step[Any], at: datetime = NOW) -> list[str]:
    """What happened, by name: to this task, at this time, and told to its other side only."""
    given = step.task.terms
    assert given.task_id == an_id("task")
    assert [(fact.terms, fact.at) for fact in step.facts] == [(given, at)] * len(step.facts)
    for letter in step.letters:
        assert letter.to == given.other_agency
        match letter:
            case OfferLetter():
                assert letter.terms == given
            case ProgressLetter():
                assert (letter.progress.task_id, letter.progress.at) == (given.task_id, at)
            case WithdrawalLetter():
                assert letter.task_id == given.task_id
    return [type(fact).__name__ for fact in step.facts]


def carries(thing: object, **expected: Any) -> bool:
    """Whether it has just these values under these names."""
    return {name: getattr(thing, name) for name in expected} == expected


def goes_on(step: Step[Any]) -> str:
    """Who goes on with the need of a task that ended."""
    assert not (step.seek_again and step.a_person_decides)
    return "by itself" if step.seek_again else "by a person" if step.a_person_decides else ""


def terms(side: Side = Side.SENDER, **changes: Any) -> Terms:
    return replace(
        Terms(
            task_id=an_id("task"),
            case_id=an_id("case"),
            side=side,
            other_agency="redcross-vitebsk",
            service_type="nursing-visit",
            urgency="routine",
            majority="adult",
            audience_class="men",
            counted_by="interior-brest",
            answer_by=NOW + timedelta(days=2),
            request_id=an_id("request"),
            need_id=an_id("need"),
        ),
        **changes,
    )


def every_sent(side: Side = Side.SENDER) -> dict[str, tasks.SentTask]:
    """The sender's task in every state, by code."""
    given = terms(side)
    states: tuple[tasks.SentTask, ...] = (
        tasks.OfferedTask(terms=given),
        tasks.DeliveredTask(terms=given),
        tasks.SeenTask(terms=given),
        tasks.AcceptingTask(terms=given, expires_at=NOW + timedelta(minutes=15)),
        tasks.AcceptedTask(terms=given, hand_over_reference=REFERENCE),
        tasks.StartedTask(terms=given, hand_over_reference=REFERENCE),
        tasks.PausedTask(terms=given, hand_over_reference=REFERENCE, reason="person-away"),
        tasks.ClosedLoopTask(terms=given, outcome=OUTCOME),
        tasks.DeclinedTask(terms=given, reason="safety"),
        tasks.ExpiredTask(terms=given),
        tasks.CancelledTask(terms=given),
        tasks.StoppedTask(terms=given),
        tasks.NotSentTask(terms=given, reason="no-consent"),
    )
    return {state.code: state for state in states}


def every_provided() -> dict[str, tasks.ProvidedTask]:
    """The provider's task in every state, by code."""
    given = terms(Side.PROVIDER)
    states: tuple[tasks.ProvidedTask, ...] = (
        tasks.DeliveredTask(terms=given),
        tasks.SeenTask(terms=given),
        tasks.AcceptingTask(terms=given, expires_at=NOW + timedelta(minutes=15)),
        tasks.AcceptedTask(terms=given, hand_over_reference=REFERENCE),
        tasks.StartedTask(terms=given, hand_over_reference=REFERENCE),
        tasks.PausedTask(terms=given, hand_over_reference=REFERENCE, reason="person-away"),
        tasks.CompletedTask(terms=given, outcome=OUTCOME),
        tasks.DeclinedTask(terms=given, reason="safety"),
        tasks.ExpiredTask(terms=given),
        tasks.CancelledTask(terms=given),
        tasks.StoppedTask(terms=given),
    )
    return {state.code: state for state in states}


def a_case(**changes: Any) -> Case:
    return replace(Case(case_id=an_id("case"), known=True, counted_by="interior-brest"), **changes)


def a_need(name: str = "need", **changes: Any) -> Need:
    given: dict[str, Any] = {
        "request_id": an_id("request"),
        "need_id": an_id(name),
        "case_id": an_id("case"),
        "service_type": "nursing-visit",
        **changes,
    }
    return Need(**given)


def a_request(*needs: Need, **changes: Any) -> Request:
    given = Request(
        request_id=an_id("request"),
        case_id=an_id("case"),
        urgency="routine",
        audience_class="men",
        language="ru",
        preferred=(),
        opened_at=NOW,
        needs=needs,
    )
    return replace(given, **changes)


def a_listing(agency: str = "redcross-vitebsk", **changes: Any) -> Listing:
    given = Listing(
        service_id=f"{agency}.nursing-visit",
        agency=agency,
        service_type="nursing-visit",
        cover=Cover.HOURS,
        audiences=frozenset({"any-adult"}),
        languages=frozenset({"ru", "be"}),
        oblasts=frozenset({"BY-BR"}),
        home_oblast="BY-VI",
    )
    return replace(given, **changes)


def wanted(**changes: Any) -> Wanted:
    given = Wanted(urgency="routine", audience_class="men", oblast="BY-BR", language="ru")
    return replace(given, **changes)


def a_participant(node: str = "redcross-vitebsk", **changes: Any) -> Participant:
    given = Participant(
        node=node,
        agency_type="red-cross",
        status="active",
        powers=frozenset({"provide"}),
        oblasts=frozenset({"BY-VI", "BY-BR"}),
    )
    return replace(given, **changes)


def a_consent(**changes: Any) -> Consent:
    given = Consent(
        consent_id=an_id("consent"),
        purposes=frozenset({"referral"}),
        categories=frozenset({"needs"}),
        expires_at=NOW + timedelta(days=30),
        recipients=frozenset({"redcross-vitebsk"}),
    )
    return replace(given, **changes)


def a_basis(**changes: Any) -> Basis:
    given = Basis(
        own_node="interior-brest",
        now=NOW,
        policy=Policy(
            version=1,
            participants=(
                a_participant(),
                a_participant("interior-brest", agency_type="interior-affairs"),
            ),
            pairs=frozenset({("interior-brest", "redcross-vitebsk")}),
        ),
        consents=(a_consent(),),
        restrictions=(),
    )
    return replace(given, **changes)


def a_service(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A good record, as an agency would write it; its id says its agency, kind and number."""
    given: dict[str, Any] = {
        "organization_id": AGENCY,
        "name": "Crisis room",
        "status": "active",
        "service_type": "crisis-room",
        "eligibility": {"audience_classes": ["women"]},
        "languages": [{"code": "ru"}],
        "cover": "round-the-clock",
        "schedules": [{"freq": "DAILY", "opens_at": "00:00", "closes_at": "24:00"}],
        "phones": [{"number": "+375 00 000-00-00", "description": "duty"}],
        "cost_options": [{"amount": 0, "currency": "BYN"}],
        "service_areas": [{"extent": "BY-BR", "extent_type": "iso-3166-2"}],
        "service_capacity": [{"available": 2, "maximum": 4}],
        "service_at_locations": [],
        **changes,
    }
    return {"id": f"{given['organization_id']}.{given['service_type']}.{number}", **given}


def a_document(*services: Any) -> dict[str, Any]:
    return {
        "version": "3.1",
        "organizations": [{"id": AGENCY, "name": "An invented NGO"}],
        "services": list(services),
    }
