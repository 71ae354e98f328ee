"""What an agency's system hears without asking for each case."""

from typing import Any, cast

import pytest

from contracts import identification
from contracts.catalogue import type_of
from contracts.envelope import Contract
from services.gateway.handlers.feeds import feed_subscriptions

HEARD = feed_subscriptions(cast(Any, None)).handlers


@pytest.mark.parametrize(
    "model",
    [
        identification.ChildNotificationReceived,
        identification.RemovalForbidden,
        identification.RemovalNotForbidden,
    ],
)
def test_what_another_agency_tells_by_law_is_news_where_it_arrives(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


@pytest.mark.parametrize(
    "model",
    [
        identification.ChildNotificationFailed,
        identification.ChildNotificationOverdue,
        identification.NoRemovalTold,
        identification.NoRemovalNotSent,
    ],
)
def test_that_an_authority_was_told_or_could_not_be_is_news(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD


@pytest.mark.parametrize("model", [identification.ChildMissing, identification.ChildFound])
def test_that_a_child_is_missing_or_was_found_is_news(model: type[Contract]) -> None:
    assert type_of("identification", model) in HEARD
