"""Who is signed in: in memory only, by a random cookie of which only the digest is kept.

A restart signs everybody out. A session holds the caller's token, so that services are asked with
that person's rights and no others; it may never be logged, stored or put into a page.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import Final

from services.chassis.clock import Clock
from services.chassis.identity import Caller

COOKIE_BYTES: Final = 32
FAILURES_LIMIT: Final = 20
FAILURES_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives, how long it stays open untouched, and how many there may be."""

    idle_seconds: float
    whole_seconds: float
    most: int


@dataclass(slots=True)
class Session:
    """One person at one browser."""

    caller: Caller
    token: str = field(repr=False)
    began: float
    touched: float
    language: str
    secret: str = field(repr=False)
    """What every form of this session carries."""
    locked: bool = False
    said: str = ""
    """The name of a text that the next page shows once."""

    def may(self, roles: frozenset[str]) -> bool:
        """Whether this person has one of the roles."""
        return bool(self.caller.roles & roles)


class Sessions:
    """Every session of this process."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._sessions: dict[bytes, Session] = {}
        self._failures: list[float] = []

    def open(self, caller: Caller, token: str, language: str) -> str | None:
        """A new session's cookie; None when as many as may be are signed in."""
        self._forget_the_old()
        if len(self._sessions) >= self._limits.most:
            return None
        cookie, now = secrets.token_urlsafe(COOKIE_BYTES), self._clock.monotonic()
        self._sessions[_digest(cookie)] = Session(
            caller=replace(caller),
            token=token,
            began=now,
            touched=now,
            language=language,
            secret=secrets.token_urlsafe(COOKIE_BYTES),
        )
        return cookie

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, covered when nobody touched it for long; None when it ended."""
        digest, now = _digest(cookie), self._clock.monotonic()
        session = self._sessions.get(digest)
        if session is None:
            return None
        if now - session.began > self._limits.whole_seconds:
            del self._sessions[digest]
            return None
        if now - session.touched > self._limits.idle_seconds:
            session.locked = True
        if not session.locked:
            session.touched = now
        return session

    def unlock(self, session: Session, caller: Caller | None) -> bool:
        """Uncover the screen for the same person, and nobody else."""
        if caller is None or not hmac.compare_digest(caller.name, session.caller.name):
            self.failed()
            return False
        session.locked, session.touched = False, self._clock.monotonic()
        return True

    def close(self, cookie: str) -> None:
        """Sign out; nothing remains."""
        self._sessions.pop(_digest(cookie), None)

    def failed(self) -> None:
        """Somebody gave a wrong token."""
        self._failures.append(self._clock.monotonic())

    def too_many_failures(self) -> bool:
        """Whether so many were wrong lately that nobody signs in for a while."""
        since = self._clock.monotonic() - FAILURES_SECONDS
        self._failures = [at for at in self._failures if at > since][-FAILURES_LIMIT:]
        return len(self._failures) >= FAILURES_LIMIT

    def _forget_the_old(self) -> None:
        until = self._clock.monotonic() - self._limits.whole_seconds
        for digest in [key for key, one in self._sessions.items() if one.began < until]:
            del self._sessions[digest]


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
