"""The pages put together: every address, and what a browser is told when there is none."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.answers import answer_of, shut
from console.desk import Desk, visit_of
from console.gate import Gate
from console.pages import (
    capacity,
    cases,
    contracts,
    detecting,
    entry,
    giving,
    holds,
    lasting,
    letters,
    looking,
    news,
    offers,
    person,
    received,
    referrals,
)
from console.pages.case_forms import FORMS, SECOND_FORMS
from console.pages.drafting import DRAFT_FORMS
from console.pages.onward import ONWARD_FORMS
from console.pages.plans import NEW_PLAN, PLAN_FORMS, show_plan
from console.pages.sheets import shows, takes
from console.pages.stay_forms import HELP_FORMS, POOL_FORMS
from services.chassis.web import NO_FOREIGN_TELEMETRY

Page = Callable[..., Awaitable[Response]]

SHEETS: Final = (
    *(*FORMS, *SECOND_FORMS, *DRAFT_FORMS),
    *(*HELP_FORMS, *ONWARD_FORMS, NEW_PLAN, *PLAN_FORMS),
    *POOL_FORMS,
    *contracts.CONTRACT_FORMS,
    *lasting.LASTING_FORMS,
    *holds.HOLD_FORMS,
)
PAGES: Final[Mapping[tuple[str, str], Page]] = {
    ("GET", "/assets/{name}"): entry.asset,
    ("GET", "/sign-in"): entry.sign_in_form,
    ("POST", "/sign-in"): entry.sign_in,
    ("GET", "/leave"): entry.leave,
    ("GET", "/locked"): entry.locked_form,
    ("POST", "/locked"): entry.unlock,
    ("POST", "/sign-out"): entry.sign_out,
    ("POST", "/language"): entry.choose_language,
    ("GET", "/"): entry.home,
    ("GET", "/news"): news.list_news,
    ("GET", "/offers"): offers.list_offers,
    ("POST", "/offers/{task_id}/open"): offers.open_offer,
    ("GET", "/offers/{task_id}"): offers.show_offer,
    ("POST", "/offers/{task_id}/accept"): offers.accept_offer,
    ("GET", "/offers/{task_id}/decline"): offers.decline_form,
    ("POST", "/offers/{task_id}/decline"): offers.decline_offer,
    ("GET", "/help"): giving.list_help,
    ("GET", "/help/{task_id}"): giving.show_help,
    ("POST", "/help/{task_id}"): giving.record_help,
    ("POST", "/help/{task_id}/pause"): giving.pause_help,
    ("POST", "/help/{task_id}/resume"): giving.resume_help,
    ("GET", "/help/{task_id}/plans/{plan_id}"): show_plan,
    ("GET", "/stays"): lasting.list_lasting,
    ("GET", "/contracts"): contracts.list_contracts,
    ("GET", "/contracts/{contract_id}/statement"): contracts.statement_form,
    ("POST", "/contracts/{contract_id}/statement"): contracts.write_statement,
    ("GET", "/capacity"): capacity.list_pools,
    ("GET", "/capacity/new"): capacity.new_pool_form,
    ("POST", "/capacity/new"): capacity.make_pool,
    ("GET", "/capacity/{pool_id}"): capacity.pool_form,
    ("POST", "/capacity/{pool_id}"): capacity.report_pool,
    ("GET", "/detect"): detecting.detect_form,
    ("POST", "/detect"): detecting.detect,
    ("GET", "/cases"): cases.list_cases,
    ("GET", "/cases/{case_id}"): cases.show_case,
    ("GET", "/notices"): received.list_received,
    ("GET", "/cases/{case_id}/letter"): letters.show_letter,
    ("GET", "/cases/{case_id}/letter/decision"): letters.show_decision,
    ("POST", "/cases/{case_id}/person"): person.show_person,
    ("POST", "/cases/{case_id}/person/keep"): person.keep_person,
    ("GET", "/holds"): holds.list_held,
    ("POST", "/holds"): holds.open_by_number,
    ("POST", "/holds/{case_id}/destroy"): holds.destroy_person,
    ("GET", "/holds/{case_id}"): holds.show_holds,
    ("GET", "/holds/{case_id}/audit"): looking.show_audit,
    ("GET", "/holds/{case_id}/disclosures"): looking.show_disclosures,
    ("GET", "/requests/{request_id}"): referrals.show_request,
    ("GET", "/requests/{request_id}/{need_id}/choose"): referrals.choose_form,
    ("POST", "/requests/{request_id}/{need_id}/choose"): referrals.choose_provider,
    ("GET", "/requests/{request_id}/{need_id}/cancel"): referrals.cancel_form,
    ("POST", "/requests/{request_id}/{need_id}/cancel"): referrals.cancel_need,
    ("GET", "/requests/{request_id}/{need_id}/leave"): referrals.leave_form,
    ("POST", "/requests/{request_id}/{need_id}/leave"): referrals.leave_service,
    **{("GET", sheet.place): shows(sheet) for sheet in SHEETS},
    **{("POST", sheet.place): takes(sheet) for sheet in SHEETS},
}


def make_app(desk: Desk) -> FastAPI:
    """Every page behind the gate."""
    app = FastAPI(
        title="work list",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=NO_FOREIGN_TELEMETRY,
    )
    app.state.access_table = desk.roles_of_pages
    app.user_middleware.append(Middleware(Gate, api=app, desk=desk))
    for (method, path), made in PAGES.items():
        app.add_api_route(path, made, methods=[method], response_class=Response)
    _add_health(app)
    app.add_exception_handler(RequestValidationError, _not_there)
    app.add_exception_handler(HTTPException, _not_there)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/health/live")
    async def live() -> Response:
        return JSONResponse({"live": True})

    @app.get("/health/ready")
    async def ready() -> Response:
        return JSONResponse({"ready": True})


async def _not_there(request: Request, error: Exception) -> Response:
    """No such page, or none that is asked for like this."""
    visit, status = visit_of(request), getattr(error, "status_code", 404)
    known: Any = error if isinstance(error, RequestValidationError) else None
    return answer_of(visit, known) if known is not None else shut(visit, "not-there", status)
