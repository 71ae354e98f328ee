"""The work list as a process: ``python -m console.main``. Only wiring is here."""

from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from console.access import PAGES
from console.agencies import Agencies
from console.app import make_app
from console.calling import Services, open_client
from console.desk import Desk
from console.notices.duty import Turn, read_duty
from console.notices.sending import ByMail, BySms, Way
from console.notices.watching import Feed, Notices
from console.sessions import Limits, Sessions
from console.settings import Settings
from console.telling import Teller
from services.chassis.clock import Clock, clock_from
from services.chassis.errors import SettingsWrong
from services.chassis.identity import Tokens
from services.chassis.runnable import Part, Runnable, run
from services.chassis.web import WebPart


async def build(settings: Settings) -> Runnable:
    """The pages, and the one client that asks the node's services."""
    client = open_client()
    clock = clock_from(settings.clock, settings.demo)
    services = Services(settings.addresses, client)
    limits = Limits(
        idle_seconds=settings.idle_minutes * 60.0,
        whole_seconds=settings.session_hours * 3600.0,
        most=settings.sessions_limit,
    )
    desk = Desk(
        settings=settings,
        clock=clock,
        tokens=Tokens.from_file(settings.tokens_file, settings.node),
        sessions=Sessions(clock, limits),
        services=services,
        agencies=Agencies(services, clock),
        teller=Teller(services, clock, settings.node, settings.answer_seconds),
        roles_of_pages=PAGES,
    )
    web = WebPart(make_app(desk), settings.host, settings.port)
    parts = (web, *_notices(settings, clock, client))
    return Runnable(settings.service, parts, closing=(client.aclose,))


def _notices(settings: Settings, clock: Clock, client: httpx.AsyncClient) -> tuple[Part, ...]:
    """The part that tells whoever is on duty; none without a file of duty contacts."""
    if settings.duty_file is None:
        return ()
    duty, zone = read_duty(settings.duty_file), ZoneInfo(settings.time_zone)
    ways: dict[str, Way] = {}
    if duty.mail is not None:
        ways["mail"] = ByMail(duty.mail)
    if duty.sms is not None:
        ways["sms"] = BySms(duty.sms, client)
    mark = settings.state_dir / f"notices-{settings.node}"
    feed = Feed(client, settings.addresses["gateway"], _token(settings), mark)
    turns = [Turn(contact, duty, zone) for contact in duty.contacts]
    return (Notices(feed, turns, ways, clock, settings.notices_seconds),)


def _token(settings: Settings) -> str:
    try:
        return (settings.notices_token_file or Path()).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise SettingsWrong("the file with the token for notices cannot be read") from None


if __name__ == "__main__":
    run(build, Settings)
