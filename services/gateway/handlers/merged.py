"""Cases that were entered twice, in the gateway's register: what the person said in one of them
about all of the sharing, or came of age in it, holds in each.

Every row of the family is locked before anything is read. No consent goes over, and nobody outside
learns that there were two.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from contracts.intake import ConsentWithdrawn
from services.chassis.audit import record
from services.chassis.messaging.work import Work
from services.gateway.disclosure.consent import consent_expired
from services.gateway.domain.consent import (
    GUARDIAN,
    STOP_SHARING,
    agreed_by,
    all_of_it_is_meant,
    stopped_last_at,
)
from services.gateway.handlers.consent import join_cases, lock_cases_of_one_person, withdraw
from services.gateway.handlers.context import StopSharing
from services.gateway.store import cases, merges, stream
from services.gateway.store import consent as register
from services.gateway.store.cases import CaseRow


async def keep_together(
    duplicate: UUID, goes_on: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    """A case was entered twice: what is forbidden in one of the two is forbidden in both, where all
    sharing was stopped in one, what was agreed to before is over in the other, too, and who is of
    age in one is of age in both.
    """
    tx = work.transaction
    await join_cases(duplicate, goes_on, work, stop_sharing)
    await merges.add_merged(tx, duplicate, goes_on, work.now)
    family = await merges.read_family(tx, duplicate)
    rows = {each: await cases.lock_case(tx, each, work.now) for each in family}
    await _stop_where_the_person_stopped(rows, work, stop_sharing)
    of_age = [row.of_age_at for row in rows.values() if row.of_age_at is not None]
    for case_id, row in rows.items() if of_age else ():
        if row.of_age_at is None:
            await _come_of_age(case_id, min(of_age), work)


async def _stop_where_the_person_stopped(
    rows: Mapping[UUID, CaseRow], work: Work, stop_sharing: StopSharing
) -> None:
    """Carry the last stop of all sharing to whichever case has not heard of it."""
    tx = work.transaction
    at = stopped_last_at(row.all_stopped_at for row in rows.values())
    if at is None:
        return
    for case_id, row in rows.items():
        if row.all_stopped_at is not None and row.all_stopped_at >= at:
            continue
        entries = await register.read_entries(tx, case_id)
        if all_of_it_is_meant(entries, row.created_at, at):
            ends: list[UUID | None] = [None]
        else:
            ends = [*sorted(agreed_by(entries, at))]
        for consent_id in ends:
            body = ConsentWithdrawn(kind=STOP_SHARING, consent_id=consent_id)
            await withdraw(body, case_id, work, stop_sharing)
        await cases.note_all_stopped(tx, case_id, at)


async def note_of_age(case_id: UUID, work: Work) -> None:
    """Of age, a person is asked afresh, in every case that is the same one."""
    await lock_cases_of_one_person(work, case_id)
    for each in await merges.read_family(work.transaction, case_id):
        await _come_of_age(each, work.now, work)


async def note_adult(case_id: UUID, work: Work) -> None:
    """Of age, as the case's codes say: heard once, though they say so each time."""
    row = await cases.read_case(work.transaction, case_id)
    if row is None or row.of_age_at is None:
        await note_of_age(case_id, work)


async def note_child(case_id: UUID, work: Work) -> None:
    """A child after all: that somebody was of age was a mistake; a safe guardian may consent anew.

    What expired stays expired.
    """
    tx = work.transaction
    row = await cases.read_case(tx, case_id)
    if row is None or row.of_age_at is None:
        return
    await lock_cases_of_one_person(work, case_id)
    for each in await merges.read_family(tx, case_id):
        await cases.note_of_age(tx, each, None)


async def _come_of_age(case_id: UUID, at: datetime, work: Work) -> None:
    """What a guardian agreed to covers nothing new.

    It expires and is not withdrawn: a running service is untouched (ADR 0019). The node's services
    hear of it, so that nobody is asked under it any more.
    """
    tx = work.transaction
    await cases.lock_case(tx, case_id, work.now)
    await cases.note_of_age(tx, case_id, at)
    expired = await register.expire_consents(tx, case_id, GUARDIAN, work.now)
    for consent_id in expired:
        stream.publish_consent_fact(tx, consent_expired(consent_id, work.now), case_id=case_id)
    if expired:
        record(tx, actor=work.caller, action="guardians-consent-expired", subject=str(case_id))
