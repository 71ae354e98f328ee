"""Consent, withdrawal and restriction: the gateway's own commands, decided under the case's row.

Each returns its objections; none means that it was done. From the commit of a withdrawal on
nothing new is shared: whoever sends locks the same row. Nothing here reads about the person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from contracts.intake import (
    ConsentRecorded,
    ConsentWithdrawn,
    PersonDetected,
    RestrictionRecorded,
)
from services.chassis.audit import record
from services.chassis.clock import derived_id, new_id
from services.chassis.messaging.work import Work
from services.gateway.disclosure.consent import (
    consent_ended,
    consent_expired,
    consent_granted,
    restriction_set,
)
from services.gateway.domain.consent import (
    GUARDIAN,
    STOP_SHARING,
    TURNS,
    AgencyClass,
    Consent,
    ConsentRegister,
    Restriction,
    consent_objections,
    restriction_objections,
    stopped_elsewhere,
    what_is_forbidden,
    withdrawal_objections,
)
from services.gateway.domain.refusals import Objection
from services.gateway.handlers.context import StopSharing
from services.gateway.settings import SERVICE
from services.gateway.store import cases, merges, same_person, stream
from services.gateway.store import consent as register
from services.gateway.store.cases import CaseRow


async def record_consent(body: ConsentRecorded, case_id: UUID, work: Work) -> tuple[Objection, ...]:
    """Enter a consent and tell the node's services."""
    tx = work.transaction
    row = await cases.lock_case(tx, case_id, work.now)
    consent = _consent(body, case_id)
    objections = consent_objections(
        consent,
        ConsentRegister(
            now=work.now,
            frozen=row.frozen,
            id_taken=await register.consent_exists(tx, consent.consent_id),
            given_by=body.given_by,
            guardian_status=body.guardian_status,
        ),
    )
    if objections:
        return objections
    await register.add_consent(
        tx,
        consent,
        {
            "text_version": body.text_version,
            "language": body.language,
            "interpreter": body.interpreter,
            "given_by": body.given_by,
            "occurred_at": body.occurred_at,
            "granted_at": work.now,
        },
    )
    stream.publish_consent_fact(tx, consent_granted(consent), case_id=case_id)
    return ()


async def withdraw_consent(
    body: ConsentWithdrawn, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> tuple[Objection, ...]:
    """End one consent or all, tell the services, stop what was still to be sent.

    All: of every case that is the same one, whoever was told under which of them.
    """
    tx = work.transaction
    await lock_cases_of_one_person(work, case_id)
    recorded = await register.read_consents(tx, case_id)
    objections = withdrawal_objections(body.consent_id, recorded)
    if objections:
        return objections
    whole = body.consent_id is None
    for each in await merges.read_family(tx, case_id) if whole else (case_id,):
        await _withdraw(body, each, work, stop_sharing)
    return ()


async def _withdraw(
    body: ConsentWithdrawn, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    tx = work.transaction
    recorded = await register.read_consents(tx, case_id)
    await register.end_consents(tx, case_id, body.consent_id, kind=body.kind, now=work.now)
    await cases.note_withdrawal(tx, case_id, work.now)
    stream.publish_consent_fact(tx, consent_ended(body.consent_id, body.kind), case_id=case_id)
    everything = body.kind == STOP_SHARING and body.consent_id is None
    withdrawn = frozenset(
        known.consent_id for known in recorded if body.consent_id in (None, known.consent_id)
    )
    await stop_sharing(tx, case_id, everything=everything, withdrawn=withdrawn)


async def expire_guardians_consents(case_id: UUID, work: Work) -> None:
    """Of age, a person is asked afresh: what a guardian agreed to covers nothing new.

    It expires and is not withdrawn: a running service is untouched (ADR 0019). The node's services
    hear of it, so that nobody is asked under it any more.
    """
    tx = work.transaction
    await cases.lock_case(tx, case_id, work.now)
    expired = await register.expire_consents(tx, case_id, GUARDIAN, work.now)
    for consent_id in expired:
        stream.publish_consent_fact(tx, consent_expired(consent_id, work.now), case_id=case_id)
    if expired:
        record(tx, actor=work.caller, action="guardians-consent-expired", subject=str(case_id))


async def record_restriction(
    body: RestrictionRecorded, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> tuple[Objection, ...]:
    """Enter a restriction, tell the services, stop what was still to be sent there.

    It holds in every case of the person.
    """
    tx = work.transaction
    its_cases = await lock_cases_of_one_person(work, case_id)
    restriction = _restriction(body, case_id)
    taken = await register.restriction_exists(tx, body.restriction_id)
    now = ConsentRegister(now=work.now, frozen=its_cases[case_id].frozen, id_taken=taken)
    objections = restriction_objections(restriction, now)
    if not objections:
        await _forbid([(restriction, body.recorded_for)], case_id, work, stop_sharing)
        await _forbid_in_all(its_cases, work, stop_sharing)
    return objections


async def restrict_from_the_beginning(
    body: PersonDetected, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> tuple[Objection, ...]:
    """Enter what a detection forbids before any service hears of the case; all of it or nothing.

    What the same detection forbade when it was told before is no second restriction.
    """
    if not body.restrictions:
        return ()
    tx = work.transaction
    its_cases = await lock_cases_of_one_person(work, case_id)
    known = await register.read_restrictions(tx, case_id)
    held = {found.restriction_id: what_is_forbidden(found) for found in known}
    new: dict[UUID, tuple[Restriction, str]] = {}
    against: list[Objection] = []
    for position, asked in enumerate(body.restrictions):
        restriction, its_id = _restriction(asked, case_id), asked.restriction_id
        if held.get(its_id) == what_is_forbidden(restriction):
            continue
        taken = its_id in new or await register.restriction_exists(tx, its_id)
        now = ConsentRegister(now=work.now, frozen=its_cases[case_id].frozen, id_taken=taken)
        against += [
            Objection(each.code, f"restrictions/{position}/{each.field}")
            for each in restriction_objections(restriction, now)
        ]
        new[its_id] = (restriction, asked.recorded_for)
    if new and not against:
        await _forbid(new.values(), case_id, work, stop_sharing)
        await _forbid_in_all(its_cases, work, stop_sharing)
    return tuple(against)


async def _forbid(
    new: Iterable[tuple[Restriction, str]], case_id: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    """Enter restrictions of a locked case, tell the services, stop what was still to be sent."""
    tx = work.transaction
    for restriction, recorded_for in new:
        await register.add_restriction(tx, restriction, recorded_for=recorded_for, now=work.now)
        stream.publish_consent_fact(tx, restriction_set(restriction), case_id=case_id)
    await cases.note_withdrawal(tx, case_id, work.now)
    await stop_sharing(tx, case_id, everything=False, withdrawn=None)


async def keep_together(
    duplicate: UUID, goes_on: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    """A case was entered twice: what is forbidden in one of the two is forbidden in both, and where
    all sharing was stopped in one, what was agreed to before in the other is over, too.
    """
    tx = work.transaction
    await join_cases(duplicate, goes_on, work, stop_sharing)
    await merges.add_merged(tx, duplicate, goes_on, work.now)
    family = await merges.read_family(tx, duplicate)
    entries = {each: await register.read_entries(tx, each) for each in family}
    for each in family:
        others = [found for case_id, found in entries.items() if case_id != each]
        ended = stopped_elsewhere(entries[each], others)
        for consent_id in sorted(ended):
            body = ConsentWithdrawn(kind=STOP_SHARING, consent_id=consent_id)
            await _withdraw(body, each, work, stop_sharing)


async def join_cases(case_id: UUID, other: UUID, work: Work, stop_sharing: StopSharing) -> None:
    """Both cases are of one person: what is forbidden in one is, from now on, in the other, too.

    Consents stay where they are.
    """
    its_cases = await lock_cases_of_one_person(work, case_id, other)
    await same_person.link(work.transaction, case_id, other)
    await _forbid_in_all(its_cases, work, stop_sharing)


async def lock_cases_of_one_person(work: Work, *named: UUID) -> Mapping[UUID, CaseRow]:
    """The rows of these cases and of all that are linked, locked in one order for everybody.

    Looked up again once they are locked: somebody may have linked one more while we waited.
    """
    tx = work.transaction
    locked: dict[UUID, CaseRow] = {}
    while new := sorted(await same_person.cases_of(tx, named) - locked.keys()):
        for case_id in new:
            locked[case_id] = await cases.lock_case(tx, case_id, work.now)
    return locked


async def _forbid_in_all(
    its_cases: Mapping[UUID, CaseRow], work: Work, stop_sharing: StopSharing
) -> None:
    """What is forbidden in any of a person's cases is forbidden in each.

    One that is frozen is left as it is: nothing of it is shared, and whoever was told of it hears
    nothing because the person came again.
    """
    tx = work.transaction
    if len(its_cases) == 1:
        return
    held = {each: await register.read_recorded(tx, each, work.now) for each in its_cases}
    forbidden = {
        what_is_forbidden(found): (found, author)
        for recorded in held.values()
        for found, author in recorded
    }
    for case_id, row in its_cases.items():
        here = {what_is_forbidden(found) for found, _ in held[case_id]}
        new = [
            (await _carried(work, found, case_id), author)
            for said, (found, author) in forbidden.items()
            if said not in here
        ]
        if new and not row.frozen:
            await _forbid(new, case_id, work, stop_sharing)


async def _carried(work: Work, restriction: Restriction, case_id: UUID) -> Restriction:
    """The same for another case, under an id made of both: one that was lifted keeps its own."""
    for turn in range(TURNS):
        own_id = derived_id(SERVICE, str(restriction.restriction_id), str(case_id), turn)
        if not await register.restriction_exists(work.transaction, own_id):
            break
    else:
        own_id = new_id()
    return replace(restriction, restriction_id=own_id, case_id=case_id)


def _restriction(body: RestrictionRecorded, case_id: UUID) -> Restriction:
    return Restriction(
        restriction_id=body.restriction_id,
        case_id=case_id,
        agency=body.agency,
        agency_type=body.agency_type,
        oblast=body.oblast,
        valid_until=body.valid_until,
    )


def _consent(body: ConsentRecorded, case_id: UUID) -> Consent:
    group = body.recipient_class
    return Consent(
        consent_id=body.consent_id,
        case_id=case_id,
        purposes=frozenset(body.purposes),
        categories=frozenset(body.categories),
        recipients=frozenset(body.recipients),
        agency_class=AgencyClass(
            agency_type=group.agency_type,
            oblasts=frozenset(group.oblasts),
            except_agencies=frozenset(group.except_agencies),
        )
        if group
        else None,
        expires_at=body.expires_at,
    )
