"""What every page is given: one frozen object for the process, one for each request.

Nothing here decides. What a request brought is read once, bounded, and never written anywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request

from console.access import is_open_to
from console.agencies import Agencies
from console.calling import Query, Services
from console.sessions import Session, Sessions
from console.settings import Settings
from console.telling import Teller, Telling, Told
from console.words import Words
from contracts.vocabulary import LANGUAGES
from services.chassis.clock import Clock
from services.chassis.errors import NotAllowed
from services.chassis.identity import Tokens

LANGUAGE_COOKIE: Final = "language"
VISIT: Final = "visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The process's surroundings."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    sessions: Sessions
    services: Services
    agencies: Agencies
    teller: Teller
    roles_of_pages: Mapping[tuple[str, str], frozenset[str]]

    @property
    def cookie(self) -> str:
        """The session cookie's name; with the prefix that browsers guard where TLS is used."""
        return "__Host-session" if self.settings.secure_cookie else "session"

    def words(self, language: str) -> Words:
        """The texts in a language; of ours, or the one of the settings."""
        known = language if language in LANGUAGES else self.settings.language
        return Words(known, ZoneInfo(self.settings.time_zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request: who looks, and what the form said."""

    desk: Desk
    path: str
    cookie: str
    session_if_any: Session | None
    language: str
    form: Mapping[str, Sequence[str]]

    @property
    def session(self) -> Session:
        """Who is signed in; NotAllowed on a page that is open to anybody."""
        if self.session_if_any is None:
            raise NotAllowed("nobody is signed in")
        return self.session_if_any

    @property
    def words(self) -> Words:
        """The texts in this person's language."""
        return self.desk.words(self.language)

    @property
    def now(self) -> datetime:
        """Business time."""
        return self.desk.clock.now()

    def value(self, name: str) -> str:
        """The last value of a field of the form, without blanks around it; empty without."""
        given = self.form.get(name, ())
        return given[-1].strip() if given else ""

    def form_id(self) -> UUID | None:
        """The id under which the form was shown; None when it is not one."""
        try:
            return UUID(self.value("form_id"))
        except ValueError:
            return None

    def may_open(self, method: str, page: str) -> bool:
        """Whether a page would open for this person: what would not is not linked."""
        session = self.session_if_any
        roles = session.caller.roles if session is not None else frozenset()
        return is_open_to(self.desk.roles_of_pages[method, page], roles)

    async def tell(self, telling: Telling) -> Told:
        """Tell the node's door something, as this person."""
        return await self.desk.teller.tell(self.session, telling)

    async def ask(self, service: str, path: str, **query: Query) -> object:
        """Ask a service of the node, as this person."""
        return await self.desk.services.get(self.session, service, path, **query)


def visit_of(request: Request) -> Visit:
    """What the gate made of the request."""
    found = request.scope.get("state", {}).get(VISIT)
    if not isinstance(found, Visit):
        raise NotAllowed("the gate did not open")
    return found
