"""News are for people whom the service that told them would show what they are about, and no other.

The gateway keeps news of every service; its table of readers may never be wider than theirs.
"""

from typing import Any

import pytest

from contracts.catalogue import CATALOGUE, type_of
from contracts.envelope import Contract
from contracts.gateway import SendingRefused
from contracts.identification import CaseLinked
from contracts.vocabulary import code_lists
from services.assistance.access import ROUTES as ASSISTANCE
from services.gateway.access.news import OF_A_CONTRACT, OF_A_FREEZE, readers_of
from services.gateway.access.routes import ROUTES as GATEWAY
from services.gateway.domain.news import CLOCKS, TIME, kind_of
from services.gateway.handlers.feeds import NEWS
from services.identification.access import ROUTES as IDENTIFICATION
from services.referral.access import SIDES

EVERY: tuple[tuple[str, type[Contract]], ...] = (*NEWS, ("identification", CaseLinked))
MOMENTS = {
    *("due_at", "decision_due_at", "answer_by", "seen_by", "start_by", "arrive_by", "limit_at"),
    "expires_at",
}
"""Properties by which something is due; of other moments the fact says what happened."""


def an_entry(owner: str, model: type[Contract], **facts: Any) -> dict[str, Any]:
    """A piece as it stands in the feed."""
    return {"type": type_of(owner, model), "time": "", "case_id": "", "facts": facts}


def shown_by(owner: str, side: str) -> frozenset[str]:
    """Who may read from the service what its news are about."""
    return {
        "identification": IDENTIFICATION["GET", "/v1/cases/{case_id}"],
        "referral": SIDES[side],
        "assistance": ASSISTANCE["GET", "/v1/episodes"],
        "gateway": GATEWAY["GET", "/v1/cases/{case_id}/consents"],
    }[owner]


@pytest.mark.parametrize("side", sorted(SIDES))
@pytest.mark.parametrize("led_here", [True, False])
@pytest.mark.parametrize(("owner", "model"), EVERY, ids=str)
def test_nobody_reads_news_of_what_the_service_would_not_show(
    owner: str, model: type[Contract], led_here: bool, side: str
) -> None:
    facts = {"side": side} if "side" in model.model_fields else {}
    entry = an_entry(owner, model, **facts)
    shown = shown_by(owner, side if facts else "sender")
    if kind_of(entry) in OF_A_FREEZE and not led_here:
        shown |= ASSISTANCE["GET", "/v1/episodes"]  # says of frozen cases that they are
    if kind_of(entry) in OF_A_FREEZE:
        shown |= IDENTIFICATION["GET", "/v1/cases"]  # so does the list of all cases
    if kind_of(entry) in OF_A_CONTRACT:
        shown = ASSISTANCE["GET", "/v1/contracts"]
    readers = readers_of(entry, led_here=led_here)
    assert readers
    assert readers <= shown & GATEWAY["GET", "/v1/news"]


def test_of_what_we_answered_whoever_answers_hears_that_it_did_not_go() -> None:
    progress, offer = (f"org.nrm.referral.task-{word}.v1" for word in ("progressed", "offered"))
    ours = an_entry("gateway", SendingRefused, outgoing_type=progress)
    other = an_entry("gateway", SendingRefused, outgoing_type=offer)
    assert readers_of(ours, led_here=False) == SIDES["provider"]
    assert readers_of(other, led_here=False) == SIDES["sender"]
    assert ours["facts"]["outgoing_type"] in CATALOGUE


def test_news_of_an_owner_that_nobody_knows_are_nobodys() -> None:
    entry = {"type": "org.nrm.coordination.meeting-held.v1", "facts": {}}
    assert readers_of(entry, led_here=True) == frozenset()
    assert readers_of({"type": "", "facts": {}}, led_here=True) == frozenset()


def test_every_kind_of_news_has_a_label_and_no_label_is_left_over() -> None:
    kinds = {kind_of(an_entry(owner, model)) for owner, model in EVERY}
    assert kinds == set(code_lists()["news-kind"].codes) - {"other"}


def test_every_moment_by_which_something_is_due_is_shown() -> None:
    models = {kind_of(an_entry(owner, model)): model for owner, model in EVERY}
    for kind, names in CLOCKS.items():
        assert set(names) <= {TIME, *models[kind].model_fields}, kind
    due = {kind for kind, model in models.items() if MOMENTS & set(model.model_fields)}
    assert due <= set(CLOCKS)
