"""Drafts of requests: what was written for a person and is asked of nobody yet. Sent, or dropped.

They stand on the case's page; nothing of them is in the pages' own memory, nor outside the node.
"""

from typing import Final

from console.desk import Visit
from console.pages.asking import drafts_of
from console.pages.fields import choice
from console.pages.sheets import About, Ids, Sheet, Thing, asks
from services.chassis.errors import NotFound


async def _read(visit: Visit, ids: Ids) -> Thing:
    for draft in await drafts_of(visit, ids["case_id"]):
        if draft["request_id"] == str(ids["request_id"]):
            return draft
    raise NotFound("the case has no such draft")


A_DRAFT: Final = About(
    place="/cases/{case_id}/drafts/{request_id}",
    read=_read,
    called=lambda words, draft: words.text("case-called", short=draft["case_id"][:8]),
    clocks=lambda draft: [("draft_kept_until", draft["ends_at"])],
    given=("request_id",),
    home="/cases/{case_id}",
    gone="draft-is-gone",
)
DRAFT_FORMS: Final[tuple[Sheet, ...]] = (
    Sheet(
        word="send-draft",
        happened="referral-opened",
        about=A_DRAFT,
        fields=asks(),
        clocks=("draft_kept_until",),
    ),
    Sheet(
        word="drop-draft",
        happened="need-cancelled",
        about=A_DRAFT,
        fields=asks(choice("reason", "cancel-reason", required=True)),
        clocks=("draft_kept_until",),
        stops=True,
    ),
)
