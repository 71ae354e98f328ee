"""Whoever is on duty is told that something came, and not one word more, and not too often."""

import base64
import email
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
import yaml

from console.notices.duty import Duty, Turn, is_an_emergency, is_worth_a_notice, read_duty
from console.notices.sending import ByMail, BySms, Way
from console.notices.watching import Feed, Notices
from services.chassis.clock import FrozenClock
from services.chassis.errors import InfrastructureFailure, SettingsWrong
from tests.support.console_bench import CASE, NOW, TASK
from tests.support.sinks import MailSink, a_mail_sink

MINSK = ZoneInfo("Europe/Minsk")
SENTENCES = {
    "Please open your work list.",
    "Пожалуйста, откройте список дел.",
    "Калі ласка, адкрыйце спіс спраў.",
}


def some_news(word: str = "offer-received", urgency: str = "routine") -> dict[str, Any]:
    """As the gateway's feed shows it."""
    facts = {"task_id": str(TASK), "other_agency": "interior-brest", "urgency": urgency}
    kind = f"org.nrm.referral.{word}.v1"
    return {"type": kind, "case_id": str(CASE), "time": NOW.isoformat(), "facts": facts}


class World:
    """A feed, a mail sink, an SMS sink and a clock."""

    def __init__(self, folder: Path, sink: MailSink) -> None:
        self.clock, self.sink, self.folder = FrozenClock(NOW), sink, folder
        self.feed: list[dict[str, Any]] = []
        self.sms: list[dict[str, str]] = []
        self.fails_after = 1_000
        """From which position on the feed shows nothing."""
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "sms":
            self.sms.append(json.loads(request.content))
            return httpx.Response(200)
        after = int(request.url.params["after"])
        if after >= self.fails_after:
            return httpx.Response(503)
        page = self.feed[after : after + 200]
        return httpx.Response(200, json={"incoming": page, "next": after + len(page)})

    def notices(self, **duty: Any) -> Notices:
        """The part, as it is after a start."""
        contacts = [{"by": "mail", "to": "duty@agency.example"}, {"by": "sms", "to": "+375000101"}]
        given = {
            "contacts": contacts,
            "mail": {
                "host": "127.0.0.1",
                "port": self.sink.port,
                "sender": "node@agency.example",
                "starttls": False,
            },
            "sms": {"address": "http://sms/send"},
            **duty,
        }
        known = Duty.model_validate(given)
        assert known.mail is not None
        assert known.sms is not None
        feed = Feed(self.client, "http://gateway", "token", self.folder / "mark")
        turns = [Turn(contact, known, MINSK) for contact in known.contacts]
        ways: dict[str, Way] = {"mail": ByMail(known.mail), "sms": BySms(known.sms, self.client)}
        return Notices(feed, turns, ways, self.clock, 15)

    async def begun(self, **duty: Any) -> Notices:
        """The part after its first look."""
        part = self.notices(**duty)
        await part.look()
        return part


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_mail_sink() as sink:
        yield World(tmp_path, sink)


def text_of(mail: str) -> str:
    body = email.message_from_string(mail).get_payload()
    assert isinstance(body, str)
    return base64.b64decode(body).decode().strip()


async def test_a_notice_holds_one_sentence_and_nothing_of_the_case(world: World) -> None:
    part = await world.begun()
    world.feed.append(some_news())
    assert await part.look()
    (mail,), (sms,) = world.sink.mails, world.sms
    assert text_of(mail) in SENTENCES
    assert sms == {"to": "+375000101", "text": text_of(mail)}
    for word in (str(CASE), str(TASK), "interior", "offer", "referral"):
        assert word not in mail.replace("duty@agency.example", "")


async def test_what_was_there_before_the_first_start_is_no_news(world: World) -> None:
    world.feed.append(some_news())
    part = await world.begun()
    await part.look()
    assert world.sms == []


async def test_many_events_are_one_notice_and_the_next_waits_its_time(world: World) -> None:
    part = await world.begun()
    for _ in range(7):
        world.feed.append(some_news())
        await part.look()
    assert len(world.sms) == 1
    world.clock.advance(timedelta(minutes=15))
    await part.look()
    assert len(world.sms) == 2


async def test_no_day_has_more_notices_than_may_be(world: World) -> None:
    part = await world.begun(most_each_day=3)
    for _ in range(10):
        world.feed.append(some_news())
        await part.look()
        world.clock.advance(timedelta(minutes=16))
    assert len(world.sms) == 3
    world.clock.advance(timedelta(days=1))
    await part.look()
    assert len(world.sms) == 4


@pytest.mark.parametrize(
    ("urgency", "emergencies", "told"),
    [("routine", True, 0), ("emergency", True, 1), ("emergency", False, 0)],
)
async def test_outside_the_hours_only_an_emergency_is_told_and_only_to_whom_it_may(
    world: World, urgency: str, emergencies: bool, told: int
) -> None:
    hours = [{"days": ["TU"], "opens_at": "09:00", "closes_at": "18:00"}]
    contact = {"by": "sms", "to": "+375000101", "hours": hours, "emergencies": emergencies}
    part = await world.begun(contacts=[contact])
    world.feed.append(some_news(urgency=urgency))
    await part.look()
    assert len(world.sms) == told
    world.clock.advance(timedelta(hours=20, minutes=1))  # Tuesday, 09:01 in Minsk
    await part.look()
    assert len(world.sms) == 1


async def test_an_emergency_waits_for_no_routine_notice_and_for_no_other_day(
    world: World,
) -> None:
    contact = {"by": "sms", "to": "+375000101", "emergencies": True}
    part = await world.begun(contacts=[contact], most_each_day=1)
    world.feed.append(some_news())
    await part.look()
    world.feed.append(some_news(urgency="emergency"))
    await part.look()
    assert len(world.sms) == 2
    world.feed.append(some_news(urgency="emergency"))
    await part.look()
    assert len(world.sms) == 2
    world.clock.advance(timedelta(minutes=15))
    await part.look()
    assert len(world.sms) == 3


def test_somebody_in_immediate_danger_is_an_emergency() -> None:
    assert is_an_emergency({"facts": {"immediate_danger": True}})
    assert not is_an_emergency({"facts": {"immediate_danger": False}})


def test_a_missing_child_is_an_emergency_and_one_that_was_found_is_no_notice() -> None:
    missing, found = some_news("child-missing"), some_news("child-found")
    assert is_an_emergency(missing)
    assert is_worth_a_notice(missing)
    assert not is_an_emergency(found)
    assert not is_worth_a_notice(found)


async def test_no_news_is_passed_over_when_a_page_fails(world: World) -> None:
    part = await world.begun()
    world.feed += [some_news(), *(some_news("task-started") for _ in range(200))]
    whole, world.fails_after = world.fails_after, 1
    with pytest.raises(InfrastructureFailure):
        await part.look()
    world.fails_after = whole
    await part.look()
    assert len(world.sms) == 1


async def test_what_is_no_work_is_no_notice(world: World) -> None:
    part = await world.begun()
    world.feed += [some_news("task-started"), some_news("loop-closed"), {"type": "", "facts": {}}]
    await part.look()
    assert world.sms == []


@pytest.mark.parametrize(
    "word",
    [
        *("offer-received", "decision-overdue", "provider-not-found", "sending-delayed"),
        *("removal-forbidden", "child-notification-overdue", "child-notification-failed"),
        "no-removal-not-sent",
        *("need-escalated", "start-overdue"),
        *("task-stopped", "expected-earlier", "help-called-off"),
    ],
)
async def test_offers_overdue_clocks_and_what_is_stuck_are_told(world: World, word: str) -> None:
    part = await world.begun()
    world.feed.append(some_news(word))
    await part.look()
    assert len(world.sms) == 1


async def test_a_notice_that_did_not_go_is_sent_after_all_also_after_a_crash(world: World) -> None:
    world.sink.refuses = True
    part = await world.begun()
    world.feed.append(some_news())
    assert not await part.look()
    assert not await part.look()
    world.sink.refuses = False
    assert await world.notices().look()
    assert len(world.sink.mails) == 1


async def test_after_a_start_anew_nothing_is_told_again(world: World) -> None:
    part = await world.begun()
    world.feed.append(some_news())
    await part.look()
    await world.notices().look()
    assert len(world.sms) == 1


def test_a_wrong_file_is_told_by_its_places_and_never_by_its_words(tmp_path: Path) -> None:
    path = tmp_path / "duty.yaml"
    path.write_text(yaml.safe_dump({"contacts": [{"by": "mail", "to": "secret word"}]}))
    with pytest.raises(SettingsWrong, match=r"contacts\.0\.to") as wrong:
        read_duty(path)
    assert "secret" not in str(wrong.value)
    path.write_text(yaml.safe_dump({"contacts": [{"by": "mail", "to": "a@b.example"}]}))
    with pytest.raises(SettingsWrong, match="mail"):
        read_duty(path)
