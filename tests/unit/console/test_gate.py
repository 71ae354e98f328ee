"""Before every page: whose it is, that a form is one of ours, and what a browser may keep."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from console.access import ANYBODY, COVERED, PAGES, SIGNED_IN
from console.app import PAGES as MADE
from console.assets import assets
from console.pages.case_forms import FORMS, SECOND_FORMS
from console.pages.drafting import DRAFT_FORMS
from console.pages.holds import HOLD_FORMS
from console.pages.onward import ONWARD_FORMS
from services.chassis.clock import new_id
from services.gateway.access.telling import may_tell
from tests.support.console_bench import CASE, POOL, TASK, Bench, a_console
from tests.support.console_people import PEOPLE

ASSETS_LIMIT = 1_000_000
EVERYBODY = ANYBODY | SIGNED_IN | COVERED


def address(template: str) -> str:
    """The template with ids of the bench."""
    for name, value in (("task_id", TASK), ("pool_id", POOL), ("case_id", CASE)):
        template = template.replace("{" + name + "}", str(value))
    return (
        template.replace("{name}", next(iter(assets())))
        .replace("{request_id}", str(TASK))
        .replace("{need_id}", str(POOL))
        .replace("{plan_id}", str(POOL))
    )


@pytest.mark.parametrize("person", PEOPLE)
async def test_every_page_opens_for_the_roles_of_the_table_and_no_other(
    bench: Bench, person: str
) -> None:
    await bench.sign_in(person)
    for (method, template), allowed in PAGES.items():
        if allowed & EVERYBODY:
            continue
        path = address(template)
        answer = await (bench.browser.get(path) if method == "GET" else bench.send(path, {}))
        shut = answer.status_code == 403
        assert shut is not bool(allowed & PEOPLE[person]), (method, template, person)


@pytest.mark.parametrize("person", PEOPLE)
async def test_a_page_that_would_not_open_is_not_linked(bench: Bench, person: str) -> None:
    await bench.sign_in(person)
    first = (await bench.browser.get("/")).text
    for (method, template), allowed in PAGES.items():
        if method == "GET" and not allowed & EVERYBODY and not allowed & PEOPLE[person]:
            assert f'href="{template}"' not in first


async def test_who_is_not_signed_in_sees_no_page_but_the_first(bench: Bench) -> None:
    for (method, template), allowed in PAGES.items():
        if method == "GET" and not allowed & ANYBODY:
            answer = await bench.browser.get(address(template))
            assert answer.headers.get("location") == "/sign-in", template
    assert bench.node.asked == []


async def test_a_form_of_another_site_or_without_the_secret_changes_nothing(bench: Bench) -> None:
    await bench.sign_in("nurse")
    path, fields = f"/offers/{TASK}/accept", {"form_id": str(new_id())}
    assert (await bench.send(path, fields, secret="")).status_code == 403
    assert (await bench.send(path, fields, secret="of another session")).status_code == 403
    for header, value in (("sec-fetch-site", "cross-site"), ("origin", "http://elsewhere")):
        given = {"secret": bench.secret(), **fields}
        answer = await bench.browser.post(path, data=given, headers={header: value})
        assert answer.status_code == 403
    assert bench.node.events == []


async def test_a_sign_in_from_another_site_is_refused(bench: Bench) -> None:
    answer = await bench.browser.post(
        "/sign-in", data={"token": "token-of-nurse"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_browser_keeps_no_page_runs_no_foreign_script_and_tells_nobody(
    bench: Bench,
) -> None:
    signing = await bench.sign_in("nurse")
    cookie = signing.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    bench.node.shows["referral/v1/tasks"] = 500
    for path in ("/", "/offers", "/capacity", "/nothing", "/sign-in"):
        headers = (await bench.browser.get(path)).headers
        assert "no-store" in headers["cache-control"], path
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"


async def test_the_cookie_of_a_real_node_travels_by_tls_only(tmp_path: Path) -> None:
    async with a_console(tmp_path, secure_cookie=True) as bench:
        cookie = (await bench.sign_in("nurse")).headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie


async def test_no_page_holds_a_script_or_a_style_of_its_own(bench: Bench) -> None:
    await bench.sign_in("nurse")
    for path in ("/", "/offers", f"/offers/{TASK}", "/capacity/new"):
        text = (await bench.browser.get(path)).text
        assert "style=" not in text
        assert " on" + "click" not in text
        assert text.count("<script") == text.count("<script src=")


def test_all_files_beside_the_pages_are_small() -> None:
    assert sum(len(content) for content, _ in assets().values()) < ASSETS_LIMIT


async def test_assets_are_kept_by_browsers_and_their_names_change_with_them(bench: Bench) -> None:
    for name in assets():
        answer = await bench.browser.get(f"/assets/{name}")
        assert "immutable" in answer.headers["cache-control"]
    assert (await bench.browser.get("/assets/work-list-000000000000.css")).status_code == 404


async def test_a_form_that_is_too_large_is_refused_unread(bench: Bench) -> None:
    await bench.sign_in("nurse")
    answer = await bench.send("/language", {"to": "be", "more": "x" * 70_000})
    assert answer.status_code == 413


async def test_the_language_is_chosen_and_leads_back_to_a_page_of_ours_only(bench: Bench) -> None:
    await bench.sign_in("nurse")
    for path, where in (("/offers", "/offers"), ("//elsewhere", "/"), ("http://x", "/")):
        answer = await bench.send("/language", {"to": "be", "path": path})
        assert answer.headers["location"] == where
    assert 'lang="be"' in (await bench.browser.get("/")).text


async def test_a_service_that_is_away_is_a_page_and_tells_nothing(bench: Bench) -> None:
    await bench.sign_in("nurse")
    for status, shown in ((500, 503), (503, 503), (403, 403), (404, 404), (409, 409)):
        bench.node.shows["referral/v1/tasks"] = status
        answer = await bench.browser.get("/offers")
        assert answer.status_code == shown


async def test_services_are_asked_with_the_token_of_whoever_looks(bench: Bench) -> None:
    await bench.sign_in("nurse")
    await bench.browser.get("/offers")
    assert {token for _, _, token in bench.node.asked} == {"Bearer token-of-nurse"}


async def test_after_too_many_wrong_tokens_nobody_signs_in_for_a_while(bench: Bench) -> None:
    for _ in range(20):
        assert (await bench.sign_in("nobody")).status_code == 403
    assert (await bench.sign_in("nurse")).status_code == 429
    bench.clock.advance(timedelta(minutes=2))
    assert (await bench.sign_in("nurse")).status_code == 303


def test_every_page_has_a_row_and_every_row_a_page() -> None:
    health = {("GET", "/health/live"), ("GET", "/health/ready")}
    assert set(MADE) | health == set(PAGES)


@pytest.mark.parametrize(
    ("happened", "template"),
    [
        ("offer-answered", "/offers/{task_id}/accept"),
        ("service-delivered", "/help/{task_id}"),
        ("capacity-reported", "/capacity/new"),
        ("person-detected", "/detect"),
        ("help-paused", "/help/{task_id}/pause"),
        ("help-resumed", "/help/{task_id}/resume"),
        ("provider-chosen", "/requests/{request_id}/{need_id}/choose"),
        ("need-cancelled", "/requests/{request_id}/{need_id}/cancel"),
        ("need-cancelled", "/requests/{request_id}/{need_id}/leave"),
        *((form.happened, f"/cases/{{case_id}}/{form.word}") for form in FORMS),
        *((form.happened, f"/cases/{{case_id}}/{form.word}") for form in SECOND_FORMS),
        *((form.happened, f"/help/{{task_id}}/{form.word}") for form in ONWARD_FORMS),
        *((form.happened, form.place) for form in HOLD_FORMS),
        *((form.happened, form.place) for form in DRAFT_FORMS),
    ],
)
def test_whoever_gets_a_form_may_tell_the_door_what_it_says(happened: str, template: str) -> None:
    for role in PAGES["POST", template]:
        assert may_tell(frozenset({role}), f"org.nrm.intake.{happened}.v1")


async def test_no_name_of_a_page_holds_more_than_an_id(bench: Bench) -> None:
    for _, template in PAGES:
        words = [word for word in template.split("/") if word.startswith("{")]
        assert set(words) <= {
            "{task_id}",
            "{pool_id}",
            "{case_id}",
            "{request_id}",
            "{need_id}",
            "{plan_id}",
            "{contract_id}",
            "{name}",
        }
    answer: httpx.Response = await bench.browser.get("/offers?q=x")
    assert answer.status_code == 303
