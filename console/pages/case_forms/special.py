"""Forms of a case whose questions depend on the case: agreement, limits, help, corrections."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from console.desk import Visit
from console.forms import NO, Field, Kind, Objections
from console.pages.asking import agencies, register_of, requests_of
from console.pages.fields import (
    CASE_TYPE,
    DANGER,
    KNOWN,
    MAJORITY,
    WHEN,
    Fields,
    as_given,
    choice,
    many,
)
from console.pages.sheets import A_CASE, Body, Sheet, Thing
from console.telling import id_within
from contracts.vocabulary import NOT_YET_KNOWN, code_lists
from services.chassis.clock import new_id

CONSENT_DAYS: Final = 365
MERGED: Final = "duplicate-of"
CLASS: Final = {
    "class_agency_type": "agency_type",
    "class_oblasts": "oblasts",
    "class_except": "except_agencies",
}
"""Question of the form -> property of the class of agencies to which the person agrees."""
AS_A_DRAFT: Final = "as-a-draft"
"""The button beside *save*: the request is written, and nobody is asked."""
CAN_CONSENT: Final = ("person", "guardian")
"""Whom a form offers as who agreed: the door refuses the word of anybody else."""


SCREENED: Final[Fields] = (
    many("sexual_forms", "form-of-sexual-exploitation"),
    choice("recruiter_relation", "recruiter-relation"),
)
"""What a screening may find and a correction mend, and nobody is asked at first."""


async def _correctable(_visit: Visit, case: Thing) -> Fields:
    codes = case["codes"] or {}
    return tuple(
        replace(field, given=as_given(codes.get(field.name)))
        for field in (CASE_TYPE, MAJORITY, DANGER, *KNOWN, *SCREENED)
    )


def _changed(_visit: Visit, case: Thing, body: Body) -> Body:
    codes = case["codes"] or {}
    return {
        name: value
        for name, value in body.items()
        if value != codes.get(name) and value != NOT_YET_KNOWN
    }


async def _consent_fields(visit: Visit, case: Thing) -> Fields:
    until = visit.now + timedelta(days=CONSENT_DAYS)
    language = (case["codes"] or {}).get("language")
    return (
        many("purposes", "consent-purpose", required=True),
        many("categories", "consent-category", required=True),
        *await _to_whom(visit),
        Field(
            name="expires_at",
            kind=Kind.DAY,
            text="until",
            required=True,
            given=(until.date().isoformat(),),
        ),
        choice(
            "language",
            "language",
            text="asked-in",
            required=True,
            given=() if language in (None, NOT_YET_KNOWN) else (language,),
        ),
        Field(name="interpreter", kind=Kind.YES_NO, text="interpreter", required=True, given=(NO,)),
        _who_agreed(visit),
        choice(
            "guardian_status",
            "guardian-status",
            hint="consent-guardian-hint",
            given=as_given((case["codes"] or {}).get("guardian_status")),
        ),
        WHEN,
    )


async def _to_whom(visit: Visit) -> Fields:
    """Agencies by name; or a kind of them, those too that join later, but for some."""
    return (
        Field(
            name="recipients",
            kind=Kind.MANY,
            text="recipients",
            hint="recipients-hint",
            options=await agencies(visit, ours=True),
        ),
        choice("class_agency_type", "agency-type", text="recipient-class", hint="class-hint"),
        many("class_oblasts", "oblast", text="class-oblasts"),
        Field(
            name="class_except",
            kind=Kind.MANY,
            text="class-except",
            hint="class-except-hint",
            options=await agencies(visit, active=False),
        ),
    )


def _against_consent(body: Body) -> Objections:
    """Whoever is named hears of it, whatever is said of a class: nobody is both."""
    wrong: Objections = []
    if any(name in body for name in CLASS) and "class_agency_type" not in body:
        wrong.append({"code": "required", "field": "class_agency_type"})
    if set(body.get("class_except", ())) & set(body.get("recipients", ())):
        wrong.append({"code": "out-of-range", "field": "class_except"})
    return wrong


def _who_agreed(visit: Visit) -> Field:
    options = tuple((code, visit.words.label("consent-giver", code)) for code in CAN_CONSENT)
    return choice("given_by", "consent-giver", options=options, given=CAN_CONSENT[:1])


def _consent_body(visit: Visit, _case: Thing, body: Body) -> Body:
    named = {place: body.pop(name) for name, place in CLASS.items() if name in body}
    if named:
        body["recipient_class"] = named
    form_id = visit.form_id() or new_id()
    return body | {
        "consent_id": str(id_within(form_id, "consent")),
        "text_version": visit.desk.settings.consent_text,
    }


async def _withdrawal_fields(visit: Visit, case: Thing) -> Fields:
    rows = await register_of(visit, UUID(case["case_id"]), "consents")
    words = visit.words
    live = tuple(
        (row["consent_id"], ", ".join(words.label("consent-purpose", p) for p in row["purposes"]))
        for row in rows
        if row["ended_at"] is None
    )
    return (
        Field(
            name="consent_id",
            kind=Kind.CHOICE,
            text="which-consent",
            hint="leaving-is-another",
            options=live,
        ),
        WHEN,
    )


def _withdrawal_body(_visit: Visit, _case: Thing, body: Body) -> Body:
    """Stopping to share is the one kind there is: leaving a service takes no consent back."""
    return body | {"kind": code_lists()["withdrawal-kind"].fallback}


async def _restriction_fields(visit: Visit, _case: Thing) -> Fields:
    everybody = await agencies(visit, active=False)
    return (
        choice("recorded_for", "restriction-author", required=True, given=("person",)),
        Field(name="agency", kind=Kind.CHOICE, text="never-agency", options=everybody),
        choice("agency_type", "agency-type", text="never-type"),
        choice("oblast", "oblast", text="never-oblast"),
        Field(name="valid_until", kind=Kind.DAY, text="until", hint="for-ever-hint"),
    )


def _restriction_body(visit: Visit, _case: Thing, body: Body) -> Body:
    return body | {"restriction_id": str(id_within(visit.form_id() or new_id(), "restriction"))}


async def _refusal_fields(visit: Visit, _case: Thing) -> Fields:
    options = await agencies(visit, active=False)
    return (
        Field(name="provider", kind=Kind.CHOICE, text="provider", required=True, options=options),
    )


async def _referral_fields(visit: Visit, case: Thing) -> Fields:
    codes = case["codes"] or {}
    return (
        many("needs", "service-type", text="needs", required=True),
        choice("urgency", "urgency", required=True, given=("routine",)),
        choice("audience_class", "audience-class", given=as_given(codes.get("audience_class"))),
        choice("language", "language", text="speaks", given=as_given(codes.get("language"))),
        Field(
            name="dependants",
            kind=Kind.NUMBER,
            text="dependants",
            given=as_given(codes.get("dependants")),
        ),
        many("access_needs", "access-need"),
        choice(
            "separation_reason", "separation-reason", hint="separation-hint", nothing="together"
        ),
        Field(
            name="preferred_providers",
            kind=Kind.MANY,
            text="preferred",
            options=await agencies(visit),
        ),
        *await _asked_again(visit, case),
    )


async def _asked_again(visit: Visit, case: Thing) -> Fields:
    """After which help the person comes back: a request that is over, if there is one."""
    words = visit.words
    over = tuple(
        (
            one["request_id"],
            ", ".join(words.label("service-type", need["service_type"]) for need in one["needs"])
            + f" – {words.moment_of(one['opened_at'])}",
        )
        for one in await requests_of(visit, UUID(case["case_id"]))
        if one["over"]
    )
    if not over:
        return ()
    return (
        Field(
            name="return_of",
            kind=Kind.CHOICE,
            text="asks-again",
            hint="asks-again-hint",
            options=over,
            nothing="asks-anew",
        ),
    )


def _referral_body(visit: Visit, _case: Thing, body: Body) -> Body:
    form_id = visit.form_id() or new_id()
    needs = [
        {"need_id": str(id_within(form_id, "need", n)), "service_type": service}
        for n, service in enumerate(body.pop("needs"))
    ]
    draft = {"draft": True} if visit.value(AS_A_DRAFT) else {}
    return body | draft | {"request_id": str(id_within(form_id, "request")), "needs": needs}


def _links(case: Thing) -> list[tuple[str, str]]:
    """(other case, kind) of every link that can be taken back: a merge cannot."""
    return [(one["case_id"], one["kind"]) for one in case["links"] if one["kind"] != MERGED]


async def _unlink_fields(visit: Visit, case: Thing) -> Fields:
    words = visit.words
    links = tuple(
        (
            f"{kind}:{other}",
            f"{words.text('case-called', short=other[:8])} ({words.label('case-link-kind', kind)})",
        )
        for other, kind in _links(case)
    )
    which = Field(
        name="linked_case", kind=Kind.CHOICE, text="which-link", required=True, options=links
    )
    return (which, choice("reason", "unlink-reason", required=True))


def _unlink_body(_visit: Visit, _case: Thing, body: Body) -> Body:
    kind, _, other = body["linked_case"].partition(":")
    return {**body, "linked_case": other, "kind": kind}


CONSENT: Final = Sheet(
    word="consent",
    happened="consent-recorded",
    about=A_CASE,
    fields=_consent_fields,
    body=_consent_body,
    against=_against_consent,
    beside=tuple((f"recipient_class/{place}", name) for name, place in CLASS.items()),
    group="next-steps",
)
REFERRAL: Final = Sheet(
    word="referral",
    happened="referral-requested",
    about=A_CASE,
    fields=_referral_fields,
    body=_referral_body,
    leads_to=lambda _case, form_id: f"/requests/{id_within(form_id, 'request')}",
    other_way=AS_A_DRAFT,
    group="next-steps",
)
RESTRICTION: Final = Sheet(
    word="restriction",
    happened="restriction-recorded",
    about=A_CASE,
    fields=_restriction_fields,
    body=_restriction_body,
    group="next-steps",
)
REFUSAL: Final = Sheet(
    word="refusal",
    happened="provider-refused",
    about=A_CASE,
    fields=_refusal_fields,
    group="next-steps",
)
WITHDRAWAL: Final = Sheet(
    word="withdrawal",
    happened="consent-withdrawn",
    about=A_CASE,
    fields=_withdrawal_fields,
    body=_withdrawal_body,
    group="next-steps",
    stops=True,
)
CORRECT: Final = Sheet(
    word="correct",
    happened="case-corrected",
    about=A_CASE,
    fields=_correctable,
    body=_changed,
    group="corrections",
)
UNLINK: Final = Sheet(
    word="unlink",
    happened="case-unlinked",
    about=A_CASE,
    fields=_unlink_fields,
    body=_unlink_body,
    group="links",
    fits=lambda case: bool(_links(case)),
    stops=True,
)
