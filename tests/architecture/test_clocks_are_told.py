"""Passing a deadline is an event and a notice to a human: in the news that are polled, and by mail
or SMS to whoever is on duty. A clock that tells nobody needs a reason here.
"""

import re
from typing import Any, Final, cast

import pytest

from console.notices.duty import is_worth_a_notice
from console.ringing import WORTH
from contracts.catalogue import CATALOGUE, type_of
from services.gateway.handlers.feeds import NEWS, feed_subscriptions

RANG: Final = re.compile(
    r"-(due|overdue|near|needed|expired|ended|unseen|delayed|missing|not-begun|to-review)$"
    r"|-not-(arrived|found)$"
)
TELLS_NOBODY: Final = {
    "case-ended": "somebody here closed the case",
    "consent-ended": "a person said so here; of a guardian's tells majority-reached",
    "feedback-ended": "each task that it ends is told (task-stopped)",
    "no-removal-ended": "a letter; where it arrives it is removal-not-forbidden",
    "stay-ended": "somebody here recorded that the person left",
}
"""Word of an event that sounds like a clock -> why it is no notice."""


def word_of(event_type: str) -> str:
    return event_type.removesuffix(".v1").rpartition(".")[2]


def facts() -> dict[str, str]:
    """Everything that a service tells, by word: commands and what is recorded are no clocks."""
    return {
        word_of(event_type): event_type
        for event_type, row in CATALOGUE.items()
        if row.topic not in ("commands", "intake", "answers")
    }


CLOCKS: Final = sorted(word for word in facts() if RANG.search(word))


@pytest.mark.parametrize("word", CLOCKS)
def test_a_clock_that_rings_is_polled_and_rings_at_whoever_is_on_duty(word: str) -> None:
    event_type = facts()[word]
    polled = event_type in {type_of(owner, model) for owner, model in NEWS}
    told = (polled, is_worth_a_notice({"type": event_type}))
    assert told == ((False, False) if word in TELLS_NOBODY else (True, True))


def test_the_list_of_those_that_tell_nobody_and_the_notices_are_words_that_exist() -> None:
    assert set(TELLS_NOBODY) <= set(CLOCKS)
    assert facts().keys() >= WORTH
    assert len(CLOCKS) > 20


@pytest.mark.parametrize("word", sorted(WORTH))
def test_whatever_is_worth_a_notice_is_polled(word: str) -> None:
    assert facts()[word] in feed_subscriptions(cast(Any, None)).handlers


def test_news_are_read_from_the_topic_that_each_stands_on() -> None:
    heard = feed_subscriptions(cast(Any, None))
    assert {CATALOGUE[event_type].topic for event_type in heard.handlers} <= set(heard.topics)
