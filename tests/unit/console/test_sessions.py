"""A session is in memory, is covered when nobody touches it, and ends whatever is done."""

from datetime import timedelta

import pytest

from console.sessions import FAILURES_LIMIT, Limits, Sessions
from services.chassis.clock import FrozenClock
from services.chassis.identity import Caller
from tests.support.console_bench import NOW, TASK, Bench

NURSE = Caller("a.nurse", frozenset({"provider-intake"}), "a")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def sessions(clock: FrozenClock) -> Sessions:
    return Sessions(clock, Limits(idle_seconds=600, whole_seconds=8 * 3600, most=2))


def opened(sessions: Sessions) -> str:
    cookie = sessions.open(NURSE, "token", "ru")
    assert cookie is not None
    return cookie


def test_a_session_is_covered_after_a_time_without_a_touch(
    sessions: Sessions, clock: FrozenClock
) -> None:
    cookie = opened(sessions)
    clock.advance(timedelta(seconds=599))
    found = sessions.find(cookie)
    assert found is not None
    assert not found.locked
    clock.advance(timedelta(seconds=601))
    found = sessions.find(cookie)
    assert found is not None
    assert found.locked


def test_a_covered_session_is_opened_by_the_same_person_only(
    sessions: Sessions, clock: FrozenClock
) -> None:
    cookie = opened(sessions)
    clock.advance(timedelta(seconds=601))
    found = sessions.find(cookie)
    assert found is not None
    assert not sessions.unlock(found, None)
    assert not sessions.unlock(found, Caller("a.other", NURSE.roles, "a"))
    assert found.locked
    assert sessions.unlock(found, NURSE)
    assert not found.locked


def test_a_busy_session_ends_all_the_same(sessions: Sessions, clock: FrozenClock) -> None:
    cookie = opened(sessions)
    for _ in range(8 * 6):
        clock.advance(timedelta(seconds=599))
        sessions.find(cookie)
    clock.advance(timedelta(seconds=599))
    assert sessions.find(cookie) is None


def test_no_more_people_than_may_be_are_signed_in(sessions: Sessions, clock: FrozenClock) -> None:
    opened(sessions)
    opened(sessions)
    assert sessions.open(NURSE, "token", "ru") is None
    clock.advance(timedelta(hours=9))
    opened(sessions)


def test_wrong_tokens_close_the_door_for_a_while(sessions: Sessions, clock: FrozenClock) -> None:
    for _ in range(FAILURES_LIMIT):
        sessions.failed()
    assert sessions.too_many_failures()
    clock.advance(timedelta(seconds=61))
    assert not sessions.too_many_failures()


def test_a_session_shows_neither_token_nor_secret_where_it_is_printed(sessions: Sessions) -> None:
    found = sessions.find(opened(sessions))
    assert found is not None
    assert found.token not in repr(found)
    assert found.secret not in repr(found)


async def test_a_covered_screen_shows_nothing_but_the_cover(bench: Bench) -> None:
    await bench.sign_in("nurse")
    bench.clock.advance(timedelta(minutes=11))
    for path in ("/", "/offers", f"/offers/{TASK}", "/capacity"):
        answer = await bench.browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/locked")
    covered = await bench.browser.get("/locked")
    assert "/offers" not in covered.text
    refused = await bench.send("/locked", {"token": "token-of-guard"})
    assert refused.status_code == 403
    await bench.send("/locked", {"token": "token-of-nurse"})
    assert (await bench.browser.get("/offers")).status_code == 200


async def test_signing_out_and_leaving_end_the_session(bench: Bench) -> None:
    for path in ("/leave", "/sign-out"):
        await bench.sign_in("nurse")
        cookie = bench.browser.cookies["session"]
        if path == "/leave":
            away = await bench.browser.get(path)
            assert away.headers["location"] == bench.desk.settings.exit_address
        else:
            await bench.send(path, {})
        assert bench.desk.sessions.find(cookie) is None


async def test_a_token_that_a_service_no_longer_knows_ends_the_session(bench: Bench) -> None:
    await bench.sign_in("nurse")
    bench.node.shows["referral/v1/tasks"] = 401
    assert (await bench.browser.get("/offers")).headers["location"] == "/sign-in"
    assert (await bench.browser.get("/")).headers["location"] == "/sign-in"
