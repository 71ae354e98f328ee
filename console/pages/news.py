"""News: what happened in this person's cases and tasks, and what of it rang. The newest first.

The gateway says what is for whom; nothing is kept here, not even how far somebody has read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from console.answers import listed, moment_of, page
from console.desk import Visit, visit_of
from console.pages.standing import RULES, UNREADABLE, Piece, still_standing
from console.ringing import WORTH

PAGE: Final = "30"
PLACE_LIMIT: Final = 40
AT_THE_START: Final = 5
"""So many pieces stand on the first page."""
OF_A_CONTRACT: Final = frozenset({"contract-exhausted", "contract-exceeded"})
OF_A_NOTICE: Final = (
    *("removal-forbidden", "removal-not-forbidden", "anonymous-notification-received"),
)
NO_CLOCK: Final = OF_A_CONTRACT | {"consent-expired", "consent-expiry-near"}
CLOCKS: Final = frozenset(RULES) - NO_CLOCK
"""What stands there: of which somebody can say that it is done."""
LOOKS: Final = 4
"""So many pages of what the gateway shows are looked through at once, at most."""
WEEK, MONTH = "week", "month"
PERIODS: Final[Mapping[str, int | None]] = {"today": 0, WEEK: 7, MONTH: 30, "all": None}
WAITS: Final = "waits"
OF_A_DRAFT: Final = ("draft-end-near", "draft-ended")
"""What it is about has no page of its own: it stands on the case's."""
OFFERS: Final = ("offer-received", "offer-unseen")
OF_A_RECORD: Final = ("legal-hold-end-near", "legal-hold-ended", "destruction-due")
"""Why what is here of a case is kept, or no longer: opens for whoever sees to that."""
LASTING, RECORD = "own-consent-needed", "/holds/{case_id}"
"""What it is about is frozen: nothing opens but that somebody is here, and why what is kept is."""
OF_A_STOP: Final = (LASTING, "case-frozen")
PROVIDER: Final = "provider"
SAME: Final = (
    *("kind", "case_id", "task_id", "request_id", "need_id"),
    *("plan_id", "follow_up_id", "contract_id"),
)
"""What is told again of these is shown once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What somebody wants to see; an address holds nothing else."""

    period: str = WEEK
    waits: bool = False
    before: str = ""

    def address(self, **other: str) -> str:
        """The page that shows this, or something else instead of a part of it."""
        told = {"since": self.period, "only": WAITS if self.waits else "", "before": self.before}
        return "/news?" + urlencode({name: text for name, text in (told | other).items() if text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page of news, and before what the next one begins; empty: there is none."""

    pieces: Sequence[Piece]
    older: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What may still wait, and whether there may be more of it than stands here."""

    pieces: Sequence[Piece] = ()
    more: bool = False


async def list_news(request: Request) -> Response:
    """A page of news; where nothing is for this person, a few pages before it, too."""
    visit, chosen = visit_of(request), _chosen(request.query_params)
    for _ in range(LOOKS):
        shown = await _news(visit, chosen, WORTH if chosen.waits else frozenset())
        pieces = await still_standing(visit, shown.pieces) if chosen.waits else shown.pieces
        if pieces or not shown.older:
            break
        chosen = replace(chosen, before=shown.older)
    return page(
        visit,
        "news.html",
        pieces=await _with_links(visit, pieces),
        chosen=chosen,
        periods=tuple(PERIODS),
        older=chosen.address(before=shown.older) if shown.older else "",
    )


async def passed_clocks(visit: Visit) -> Waiting | None:
    """What cannot wait, of a month, and then what may still wait of a week although its clock ran
    out; None: nobody can say now.
    """
    if not visit.may_open("GET", "/news"):
        return Waiting()
    try:
        found = await _waiting(visit, Chosen(period=MONTH), cannot_wait=True)
        if len(found.pieces) < AT_THE_START:
            others = await _waiting(visit, Chosen(), cannot_wait=False)
            more = found.more or others.more
            found = Waiting(pieces=[*found.pieces, *others.pieces], more=more)
    except UNREADABLE:
        return None
    first = await _with_links(visit, found.pieces[:AT_THE_START])
    return Waiting(pieces=first, more=found.more or len(found.pieces) > AT_THE_START)


async def _waiting(visit: Visit, chosen: Chosen, *, cannot_wait: bool) -> Waiting:
    """What is not known to be done, each once: what is done is left out before anything is cut."""
    standing: dict[tuple[Any, ...], Piece] = {}
    more = True
    for _ in range(LOOKS):
        shown = await _news(visit, chosen, CLOCKS, cannot_wait=cannot_wait)
        asked = [each for each in shown.pieces if bool(each["cannot_wait"]) is cannot_wait]
        passed = [each for each in asked if cannot_wait or _is_late(visit, each)]
        for piece in await still_standing(visit, passed):
            standing.setdefault(tuple(piece[name] for name in SAME), piece)
        more = bool(shown.older)
        if not more or len(standing) > AT_THE_START:
            break
        chosen = replace(chosen, before=shown.older)
    return Waiting(pieces=list(standing.values()), more=more)


async def _news(
    visit: Visit, chosen: Chosen, kinds: frozenset[str], *, cannot_wait: bool = False
) -> Shown:
    """What the gateway shows of these kinds; of none: of every kind."""
    query: dict[str, str | Sequence[str]] = {"limit": PAGE}
    since = _since(visit, PERIODS[chosen.period])
    query |= {"since": since.isoformat()} if since is not None else {}
    query |= {"before": chosen.before} if chosen.before else {}
    query |= {"kind": sorted(kinds)} if kinds else {}
    query |= {"cannot_wait": "true"} if cannot_wait else {}
    told = await visit.ask("gateway", "/v1/news", **query)
    found = told if isinstance(told, Mapping) else {}
    return Shown(pieces=listed(found.get("news")), older=found.get("older") or "")


def _chosen(given: Mapping[str, str]) -> Chosen:
    period, before = given.get("since", WEEK), given.get("before", "")
    return Chosen(
        period=period if period in PERIODS else WEEK,
        waits=given.get("only") == WAITS,
        before=before[:PLACE_LIMIT],
    )


def _since(visit: Visit, days: int | None) -> datetime | None:
    """The beginning of the day, here; of today, or of so many days ago."""
    if days is None:
        return None
    here = visit.now.astimezone(ZoneInfo(visit.desk.settings.time_zone))
    return datetime.combine(here.date() - timedelta(days=days), time(), here.tzinfo)


def _is_late(visit: Visit, piece: Piece) -> bool:
    return bool(piece["due_at"]) and moment_of(piece["due_at"]) <= visit.now


async def _with_links(visit: Visit, pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Each with where this person sees what it is about."""
    tasks = await _tasks_of_plans(visit, pieces)
    found = []
    for piece in pieces:
        task_id = piece["task_id"] or tasks.get(piece["case_id"])
        link = _where(visit, {**piece, "task_id": task_id})
        named = piece["led_here"] and visit.may_open("GET", "/cases/{case_id}")
        named = named or link == RECORD.format(**piece)
        found.append({**piece, "link": link, "named": named})
    return found


async def _tasks_of_plans(visit: Visit, pieces: Sequence[Piece]) -> dict[str, str]:
    """The task under which a plan is shown, by case; a plan's news name the case alone."""
    found: dict[str, str] = {}
    if not visit.may_open("GET", "/help/{task_id}"):
        return found
    for case_id in dict.fromkeys(piece["case_id"] for piece in pieces if piece["plan_id"]):
        try:
            told = await visit.ask("referral", "/v1/tasks", side=PROVIDER, case_id=case_id)
        except UNREADABLE:
            continue
        found |= {task["case_id"]: task["task_id"] for task in reversed(listed(told))}
    return found


def _where(visit: Visit, piece: Piece) -> str | None:
    """The page of the help, the offers, the request or the case; None: none opens for this person.

    An offer is opened from the list alone: that tells its sender that a person saw it.
    """
    ours, kind = piece["side"] == PROVIDER, piece["kind"]
    if kind == LASTING:
        piece = {**piece, "task_id": None, "request_id": None, "led_here": False}
    if kind in OF_A_DRAFT:
        piece = {**piece, "request_id": None}
    ways = (
        (kind == LASTING, "/stays"),
        (kind in OF_A_CONTRACT, "/contracts"),
        (kind in OF_A_NOTICE, "/notices"),
        (kind in OF_A_RECORD, RECORD),
        (ours and kind in OFFERS, "/offers"),
        (ours and piece["plan_id"] and piece["task_id"], "/help/{task_id}/plans/{plan_id}"),
        (ours and piece["task_id"], "/help/{task_id}"),
        (ours and piece["task_id"], "/offers/{task_id}"),
        (not ours and piece["request_id"], "/requests/{request_id}"),
        (piece["led_here"], "/cases/{case_id}"),
        (kind in OF_A_STOP, RECORD),
    )
    for fits, template in ways:
        if fits and visit.may_open("GET", template):
            return template.format(**piece)
    return None
