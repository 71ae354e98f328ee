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
    RestrictionRecorded,
)
from services.chassis.clock import derived_id, new_id
from services.chassis.messaging.work import Work
from services.gateway.disclosure.consent import (
    consent_ended,
    consent_expired,
    consent_granted,
    restriction_set,
)
from services.gateway.domain.consent import (
    TURNS,
    AgencyClass,
    Consent,
    ConsentRegister,
    Restriction,
    consent_objections,
    restriction_objections,
    was_given,
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
            guardian_status=body.guardian_status,
            of_age=row.of_age_at is not None,
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

    All: of every case that is the same one, whoever was told under which of them. Leaving a
    service is no withdrawal and does not come here (design: two commands).
    """
    tx = work.transaction
    await lock_cases_of_one_person(work, case_id)
    recorded = await register.read_consents(tx, case_id)
    objections = withdrawal_objections(body.consent_id, recorded)
    if objections:
        return objections
    whole = body.consent_id is None
    for each in await merges.read_family(tx, case_id) if whole else (case_id,):
        await withdraw(body, each, work, stop_sharing)
        if whole:
            await cases.note_all_stopped(tx, each, work.now)
    return ()


async def withdraw(
    body: ConsentWithdrawn, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    """End one consent, or all, of one case whose row is locked.

    What somebody gave who cannot, and an older version took, keeps nothing alive here: it expires
    first, so that no service keeps anything alive by it either.
    """
    tx = work.transaction
    recorded = await register.read_consents(tx, case_id)
    await register.end_consents(tx, case_id, body.consent_id, kind=body.kind, now=work.now)
    await cases.note_withdrawal(tx, case_id, work.now)
    for giver in sorted({each.given_by for each in recorded if not was_given(each)}):
        for expired in await register.expire_consents(tx, case_id, giver, work.now):
            fact = consent_expired(expired, work.now)
            stream.publish_consent_fact(tx, fact, case_id=case_id)
    stream.publish_consent_fact(tx, consent_ended(body.consent_id, body.kind), case_id=case_id)
    withdrawn = frozenset(
        known.consent_id for known in recorded if body.consent_id in (None, known.consent_id)
    )
    await stop_sharing(tx, case_id, everything=body.consent_id is None, withdrawn=withdrawn)


async def record_restriction(
    body: RestrictionRecorded, case_id: UUID, work: Work, stop_sharing: StopSharing
) -> tuple[Objection, ...]:
    """Enter a restriction, tell the services, stop what was still to be sent there.

    It holds in every case of the person.
    """
    tx = work.transaction
    its_cases = await lock_cases_of_one_person(work, case_id)
    restriction = restriction_of(body, case_id)
    taken = await register.restriction_exists(tx, body.restriction_id)
    now = ConsentRegister(now=work.now, frozen=its_cases[case_id].frozen, id_taken=taken)
    objections = restriction_objections(restriction, now)
    if not objections:
        await forbid([(restriction, body.recorded_for)], case_id, work, stop_sharing)
        await forbid_in_all(its_cases, work, stop_sharing)
    return objections


async def forbid(
    new: Iterable[tuple[Restriction, str]], case_id: UUID, work: Work, stop_sharing: StopSharing
) -> None:
    """Enter restrictions of a locked case, tell the services, stop what was still to be sent."""
    tx = work.transaction
    for restriction, recorded_for in new:
        await register.add_restriction(tx, restriction, recorded_for=recorded_for, now=work.now)
        stream.publish_consent_fact(tx, restriction_set(restriction), case_id=case_id)
    await cases.note_withdrawal(tx, case_id, work.now)
    await stop_sharing(tx, case_id, everything=False, withdrawn=None)


async def join_cases(case_id: UUID, other: UUID, work: Work, stop_sharing: StopSharing) -> None:
    """Both cases are of one person: what is forbidden in one is, from now on, in the other, too.

    Consents stay where they are.
    """
    its_cases = await lock_cases_of_one_person(work, case_id, other)
    await same_person.link(work.transaction, case_id, other)
    await forbid_in_all(its_cases, work, stop_sharing)


async def go_on_from(case_id: UUID, earlier: UUID, work: Work, stop_sharing: StopSharing) -> None:
    """What is forbidden in the earlier case is, from now on, in this one, too; nothing goes back
    before identification took it that both are of one person.
    """
    its_cases = await lock_cases_of_one_person(work, case_id, earlier)
    await same_person.wait_for_link(work.transaction, case_id, earlier)
    await forbid_in_all(its_cases, work, stop_sharing)


async def lock_cases_of_one_person(work: Work, *named: UUID) -> Mapping[UUID, CaseRow]:
    """The rows of these cases and of all that are linked, locked in the order of their ids.

    Looked up again once they are locked: somebody may have linked one more while we waited. What
    is found only then may have a smaller id than a row that is held already; of two that wait for
    each other the database then ends one, and that one is run again.
    """
    tx = work.transaction
    locked: dict[UUID, CaseRow] = {}
    while new := sorted(await same_person.cases_of(tx, named) - locked.keys()):
        for case_id in new:
            locked[case_id] = await cases.lock_case(tx, case_id, work.now)
    return locked


async def forbid_in_all(
    its_cases: Mapping[UUID, CaseRow], work: Work, stop_sharing: StopSharing
) -> None:
    """What is forbidden in any of a person's cases is forbidden in each to which a link leads.

    One that is frozen is left as it is: nothing of it is shared, and whoever was told of it hears
    nothing because the person came again.
    """
    tx = work.transaction
    if len(its_cases) == 1:
        return
    held = {each: await register.read_recorded(tx, each, work.now) for each in its_cases}
    reached = await same_person.reached_from(tx, its_cases)
    for case_id, row in its_cases.items():
        forbidden = {
            what_is_forbidden(found): (found, author)
            for source, recorded in held.items()
            for found, author in recorded
            if case_id in reached[source]
        }
        here = {what_is_forbidden(found) for found, _ in held[case_id]}
        new = [
            (await _carried(work, found, case_id), author)
            for said, (found, author) in forbidden.items()
            if said not in here
        ]
        if new and not row.frozen:
            await forbid(new, case_id, work, stop_sharing)


async def _carried(work: Work, restriction: Restriction, case_id: UUID) -> Restriction:
    """The same for another case, under an id made of both: one that was lifted keeps its own."""
    for turn in range(TURNS):
        own_id = derived_id(SERVICE, str(restriction.restriction_id), str(case_id), turn)
        if not await register.restriction_exists(work.transaction, own_id):
            break
    else:
        own_id = new_id()
    return replace(restriction, restriction_id=own_id, case_id=case_id)


def restriction_of(body: RestrictionRecorded, case_id: UUID) -> Restriction:
    """The restriction as the register holds it."""
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
        given_by=body.given_by,
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
