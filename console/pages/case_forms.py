"""The forms about one case: each is a list of fields and the event that it becomes.

What a form offers before anybody chose is what the case says; nothing is kept between two pages.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from console.answers import back_to, listed, page
from console.desk import Visit, visit_of
from console.forms import NO, YES, Field, Kind, asked, read
from console.pages.cases import read_case, register_of
from console.telling import Telling, id_within
from contracts.vocabulary import NOT_YET_KNOWN
from services.chassis.clock import new_id

Fields = tuple[Field, ...]
Body = dict[str, Any]
Reasons = Sequence[Mapping[str, str | None]]
CONSENT_DAYS: Final = 365


def choice(name: str, code_list: str, **more: Any) -> Field:
    """One code of a list."""
    return Field(name=name, kind=Kind.CHOICE, code_list=code_list, **more)


def many(name: str, code_list: str, **more: Any) -> Field:
    """Several codes of a list."""
    return Field(name=name, kind=Kind.MANY, code_list=code_list, **more)


WHEN: Final = Field(name="occurred_at", kind=Kind.MOMENT, text="when", hint="when-hint")
CASE_TYPE: Final = choice("case_type", "case-type")
MAJORITY: Final = choice("majority", "majority")
DANGER: Final = Field(name="immediate_danger", kind=Kind.YES_NO, text="immediate-danger")
KNOWN: Final[Fields] = (
    choice("consent_outcome", "consent-outcome", hint="consent-outcome-hint"),
    choice("safe_channel", "safe-channel"),
    choice("language", "language", text="speaks"),
    choice("oblast", "oblast"),
    choice("citizenship", "country", text="citizenship"),
    choice("country_of_exploitation", "country", text="country-of-exploitation"),
    many("exploitation", "exploitation"),
    choice("industry", "industry"),
    choice("still_in_situation", "yes-no", text="still-in-situation"),
    Field(name="dependants", kind=Kind.NUMBER, text="dependants"),
    choice("audience_class", "audience-class"),
    choice("guardian_status", "guardian-status", hint="guardian-hint"),
)
"""What may be not yet known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseForm:
    """One form: where it is, what it asks, what it tells."""

    word: str
    """The last word of its address, and the name of its heading's text."""
    happened: str
    fields: Callable[[Visit, Mapping[str, Any]], Awaitable[Fields]]
    body: Callable[[Visit, Mapping[str, Any], Body], Body] | None = None
    leads_to: Callable[[UUID, UUID], str] | None = None
    """(case, form) -> where to go on; without one, back to the case."""


def asks(*fields: Field) -> Callable[[Visit, Mapping[str, Any]], Awaitable[Fields]]:
    """The same fields whatever the case is."""

    async def ask(_visit: Visit, _case: Mapping[str, Any]) -> Fields:
        return fields

    return ask


async def _correctable(_visit: Visit, case: Mapping[str, Any]) -> Fields:
    codes = case["codes"] or {}
    return tuple(
        replace(field, given=_as_given(codes.get(field.name)))
        for field in (CASE_TYPE, MAJORITY, DANGER, *KNOWN)
    )


def _as_given(value: Any) -> tuple[str, ...]:
    match value:
        case None:
            return ()
        case bool():
            return (YES if value else NO,)
        case list() | tuple():
            return tuple(value)
        case _:
            return (str(value),)


def _changed(_visit: Visit, case: Mapping[str, Any], body: Body) -> Body:
    codes = case["codes"] or {}
    return {
        name: value
        for name, value in body.items()
        if value != codes.get(name) and value != NOT_YET_KNOWN
    }


async def _consent_fields(visit: Visit, case: Mapping[str, Any]) -> Fields:
    until = visit.now + timedelta(days=CONSENT_DAYS)
    language = (case["codes"] or {}).get("language")
    return (
        many("purposes", "consent-purpose", required=True),
        many("categories", "consent-category", required=True),
        Field(
            name="recipients",
            kind=Kind.MANY,
            text="recipients",
            hint="recipients-hint",
            options=await agencies(visit),
        ),
        choice("class_agency_type", "agency-type", text="recipient-class", hint="class-hint"),
        many("class_oblasts", "oblast", text="class-oblasts"),
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
        choice("given_by", "consent-giver", given=("person",)),
        WHEN,
    )


def _consent_body(visit: Visit, _case: Mapping[str, Any], body: Body) -> Body:
    agency_type, oblasts = body.pop("class_agency_type", None), body.pop("class_oblasts", [])
    if agency_type is not None:
        body["recipient_class"] = {"agency_type": agency_type, "oblasts": oblasts}
    form_id = visit.form_id() or new_id()
    return body | {
        "consent_id": str(id_within(form_id, "consent")),
        "text_version": visit.desk.settings.consent_text,
    }


async def _withdrawal_fields(visit: Visit, case: Mapping[str, Any]) -> Fields:
    rows = await register_of(visit, UUID(case["case_id"]), "consents")
    words = visit.words
    live = tuple(
        (row["consent_id"], ", ".join(words.label("consent-purpose", p) for p in row["purposes"]))
        for row in rows
        if row["ended_at"] is None
    )
    return (
        choice("kind", "withdrawal-kind", required=True, hint="withdrawal-hint"),
        Field(name="consent_id", kind=Kind.CHOICE, text="which-consent", options=live),
        WHEN,
    )


async def _restriction_fields(visit: Visit, _case: Mapping[str, Any]) -> Fields:
    return (
        choice("recorded_for", "restriction-author", required=True, given=("person",)),
        Field(name="agency", kind=Kind.CHOICE, text="never-agency", options=await agencies(visit)),
        choice("agency_type", "agency-type", text="never-type"),
        choice("oblast", "oblast", text="never-oblast"),
        Field(name="valid_until", kind=Kind.DAY, text="until", hint="for-ever-hint"),
    )


def _restriction_body(visit: Visit, _case: Mapping[str, Any], body: Body) -> Body:
    return body | {"restriction_id": str(id_within(visit.form_id() or new_id(), "restriction"))}


async def _refusal_fields(visit: Visit, _case: Mapping[str, Any]) -> Fields:
    options = await agencies(visit)
    return (
        Field(name="provider", kind=Kind.CHOICE, text="provider", required=True, options=options),
    )


async def _referral_fields(visit: Visit, case: Mapping[str, Any]) -> Fields:
    codes = case["codes"] or {}
    return (
        many("needs", "service-type", text="needs", required=True),
        choice("urgency", "urgency", required=True, given=("routine",)),
        choice("audience_class", "audience-class", given=_as_given(codes.get("audience_class"))),
        choice("language", "language", text="speaks", given=_as_given(codes.get("language"))),
        Field(
            name="dependants",
            kind=Kind.NUMBER,
            text="dependants",
            given=_as_given(codes.get("dependants")),
        ),
        choice(
            "separation_reason", "separation-reason", hint="separation-hint", nothing="together"
        ),
        Field(
            name="preferred_providers",
            kind=Kind.MANY,
            text="preferred",
            options=await agencies(visit),
        ),
    )


def _referral_body(visit: Visit, _case: Mapping[str, Any], body: Body) -> Body:
    form_id = visit.form_id() or new_id()
    needs = [
        {"need_id": str(id_within(form_id, "need", n)), "service_type": service}
        for n, service in enumerate(body.pop("needs"))
    ]
    return body | {"request_id": str(id_within(form_id, "request")), "needs": needs}


FORMS: Final[tuple[CaseForm, ...]] = (
    CaseForm(word="correct", happened="case-corrected", fields=_correctable, body=_changed),
    CaseForm(
        word="screening",
        happened="screening-recorded",
        fields=asks(
            choice("result", "screening-result", required=True),
            many("exploitation", "exploitation"),
            many("means", "means-of-control"),
            WHEN,
        ),
    ),
    CaseForm(
        word="decision",
        happened="decision-recorded",
        fields=asks(
            choice("decision", "decision-kind", required=True),
            choice("outcome", "decision-outcome", required=True),
            many("reasons", "decision-reason", hint="reasons-hint"),
            Field(name="person_asked_early", kind=Kind.YES_NO, text="asked-early", given=(NO,)),
            WHEN,
        ),
    ),
    CaseForm(
        word="consent", happened="consent-recorded", fields=_consent_fields, body=_consent_body
    ),
    CaseForm(word="withdrawal", happened="consent-withdrawn", fields=_withdrawal_fields),
    CaseForm(
        word="restriction",
        happened="restriction-recorded",
        fields=_restriction_fields,
        body=_restriction_body,
    ),
    CaseForm(
        word="referral",
        happened="referral-requested",
        fields=_referral_fields,
        body=_referral_body,
        leads_to=lambda _case, form_id: f"/requests/{id_within(form_id, 'request')}",
    ),
    CaseForm(word="refusal", happened="provider-refused", fields=_refusal_fields),
    CaseForm(
        word="close",
        happened="case-closed",
        fields=asks(choice("reason", "close-reason", required=True), WHEN),
    ),
    CaseForm(
        word="in-error",
        happened="case-entered-in-error",
        fields=asks(choice("reason", "error-reason", required=True)),
    ),
)


async def agencies(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Whom the person may name: the participants of the registry, with what they are."""
    rows = listed(await visit.ask("gateway", "/v1/participants"))
    words, own = visit.words, visit.desk.settings.node
    return tuple(
        (row["node"], f"{words.label('agency-type', row['agency_type'])} ({row['node']})")
        for row in rows
        if row["status"] == "active" and row["node"] != own
    )


def shows(form: CaseForm) -> Callable[[Request, UUID], Awaitable[Response]]:
    """The page that asks."""

    async def show(request: Request, case_id: UUID) -> Response:
        visit = visit_of(request)
        case = await read_case(visit, case_id)
        return _page(visit, form, case, (await form.fields(visit, case), ()))

    return show


def takes(form: CaseForm) -> Callable[[Request, UUID], Awaitable[Response]]:
    """The page that tells."""

    async def take(request: Request, case_id: UUID) -> Response:
        visit = visit_of(request)
        case = await read_case(visit, case_id)
        fields = await form.fields(visit, case)
        body, objections = read(visit, fields)
        if objections:
            return _page(visit, form, case, (fields, objections))
        form_id = visit.form_id() or new_id()
        made = form.body(visit, case, body) if form.body is not None else body
        told = await visit.tell(
            Telling(happened=form.happened, subject=case_id, body=made, form_id=form_id)
        )
        if told.accepted is False:
            return _page(visit, form, case, (fields, told.reasons))
        visit.session.said = "told" if told.accepted else "on-its-way"
        where = form.leads_to(case_id, form_id) if form.leads_to is not None else None
        return back_to(where if where and told.accepted else f"/cases/{case_id}")

    return take


def _page(
    visit: Visit, form: CaseForm, case: Mapping[str, Any], what: tuple[Fields, Reasons]
) -> Response:
    fields, reasons = what
    return page(
        visit,
        "case-form.html",
        422 if reasons else 200,
        form=form,
        case=case,
        fields=asked(visit, fields, reasons),
        reasons=reasons,
        form_id=(visit.form_id() if reasons else None) or new_id(),
    )
