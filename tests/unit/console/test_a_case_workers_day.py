"""What a case worker does by pages becomes events that their contracts take, and nothing else."""

import re

import pytest

from console.pages.case_forms import FORMS
from contracts.vocabulary import LANGUAGES
from services.chassis.clock import new_id
from tests.support.console_bench import CASE, NODE, POOL, TASK, Bench, a_case
from tests.support.console_cases import FILLED
from tests.support.console_registers import PARTICIPANT, VERSION
from tests.unit.console.test_a_nurses_day import PAGE_LIMIT, body_of

NAMING = ("recipients", "class_except")
TELEPHONE = {"en": "by telephone", "ru": "по телефону", "be": "па тэлефоне"}
PAGES = ("/cases", f"/cases/{CASE}", "/detect", f"/requests/{TASK}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_a_case_is_small_and_in_one_language(
    bench: Bench, language: str
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    for path in (*PAGES, *(f"/cases/{CASE}/{form.word}" for form in FORMS)):
        answer = await bench.browser.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) < PAGE_LIMIT, path
        assert f'<html lang="{language}">' in answer.text
        assert "Pavel" not in answer.text


async def test_what_was_asked_is_seen_from_the_case_and_how_far_it_is(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert f'href="/requests/{TASK}"' in text
    assert "ngo-brest" in text
    assert "+375 00 000-02-02" in text
    asked = {place for _, place, _ in bench.node.asked}
    assert "referral/v1/requests" in asked
    assert "referral/v1/tasks" not in asked
    bench.node.shows["referral/v1/requests"] = []
    assert f'href="/requests/{TASK}"' not in (await bench.browser.get(f"/cases/{CASE}")).text


async def test_only_what_changed_is_corrected(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send(f"/cases/{CASE}/correct", FILLED["correct"])
    assert bench.node.events[0]["data"] == {"exploitation": ["forced-labour"], "dependants": 2}


async def test_form_and_recruiter_are_asked_after_a_screening_and_never_at_a_detection(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    page, heading = f"/cases/{CASE}", "Relation to the recruiter"
    assert heading not in (await bench.browser.get(page)).text
    asking = (await bench.browser.get(f"{page}/screening")).text
    assert 'name="sexual_forms"' in asking
    assert 'name="recruiter_relation"' in asking
    assert 'name="recruiter_relation"' not in (await bench.browser.get("/detect")).text
    await bench.send(f"{page}/screening", FILLED["screening"])
    assert bench.node.events[0]["data"] == FILLED["screening"]
    mended = {"recruiter_relation": "family", "sexual_forms": ["pornography"]}
    await bench.send(f"{page}/correct", mended)
    assert bench.node.events[1]["data"] == mended
    case = a_case()
    case["codes"] |= {"sexual_forms": ["pornography"], "recruiter_relation": "family"}
    bench.node.shows[f"identification/v1/cases/{CASE}"] = case
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(page)).text
    assert heading in text
    assert "<dd>Pornography</dd>" in text


async def test_a_detection_asks_three_things_and_takes_whatever_else_is_known(
    bench: Bench,
) -> None:
    await bench.sign_in("guard")
    missing = await bench.send("/detect", {})
    assert missing.status_code == 422
    assert bench.node.events == []
    least = {"case_type": "trafficking", "majority": "believed-child", "immediate_danger": "yes"}
    answer = await bench.send("/detect", least)
    assert answer.headers["location"] == "/detect"
    body = body_of(bench.node.events[0])
    assert body == {"detecting_agency": NODE, **least, "immediate_danger": True}


async def test_a_case_worker_comes_to_the_case_that_was_opened(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    known = {"case_type": "trafficking", "majority": "adult", "immediate_danger": "no"}
    answer = await bench.send("/detect", {**known, "exploitation": ["sexual", "servitude"]})
    event = bench.node.events[0]
    assert answer.headers["location"] == f"/cases/{event['subject']}"
    assert body_of(event)["exploitation"] == ["sexual", "servitude"]


async def test_a_detection_says_in_the_same_step_who_may_never_hear_of_it(bench: Bench) -> None:
    await bench.sign_in("guard")
    await bench.send("/language", {"to": "en"})
    page = (await bench.browser.get("/detect")).text
    assert "ngo-brest" in page
    least = {"case_type": "trafficking", "majority": "child", "immediate_danger": "no"}
    fields = {
        **least,
        "form_id": str(new_id()),
        "never_agencies": ["ngo-brest"],
        "never_types": ["education", "local-executive"],
        "valid_until": "2026-04-01",
        "recorded_for": "officer",
    }
    for _ in range(2):
        await bench.send("/detect", fields)
    first, again = bench.node.events
    assert first == again
    told = body_of(first)["restrictions"]
    chosen = [(each.get("agency"), each.get("agency_type")) for each in told]
    assert chosen == [("ngo-brest", None), (None, "education"), (None, "local-executive")]
    assert {(each["recorded_for"], each["valid_until"]) for each in told} == {
        ("officer", "2026-04-01T20:59:00+00:00")
    }
    bench.node.refuses(("not-a-participant", "restrictions/0/agency"), ("out-of-range", "oblast"))
    answer = await bench.send("/detect", fields)
    assert 'href="#never_agencies"' in answer.text
    assert 'href="#oblast"' in answer.text


async def test_a_refusal_is_told_beside_its_question(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    bench.node.refuses(("too-early", None), ("required", "reasons"))
    answer = await bench.send(f"/cases/{CASE}/decision", FILLED["decision"])
    assert answer.status_code == 422
    assert 'href="#reasons"' in answer.text
    assert 'id="reasons-wrong"' in answer.text


async def test_a_consent_for_a_kind_of_agency_names_it(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    fields = {**FILLED["consent"], "class_agency_type": "ngo", "class_oblasts": ["BY-BR"]}
    await bench.send(f"/cases/{CASE}/consent", {**fields, "recipients": []})
    body = body_of(bench.node.events[0])
    assert body["recipient_class"] == {"agency_type": "ngo", "oblasts": ["BY-BR"]}
    assert body["expires_at"] == "2027-03-02T20:59:00+00:00"


async def test_a_consent_for_a_kind_of_agency_leaves_out_whom_the_person_names(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    fields = {**FILLED["consent"], "class_agency_type": "ngo", "class_except": ["ngo-brest"]}
    await bench.send(f"/cases/{CASE}/consent", {**fields, "recipients": []})
    body = body_of(bench.node.events[0])
    assert body["recipient_class"] == {"agency_type": "ngo", "except_agencies": ["ngo-brest"]}
    assert "class_except" not in body


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"class_except": ["ngo-brest"], "recipients": []}, ["class_agency_type"]),
        ({"class_oblasts": ["BY-BR"], "recipients": ["ngo-brest"]}, ["class_agency_type"]),
        (
            {"class_agency_type": "ngo", "class_except": ["ngo-brest"]},
            ["class_except"],
        ),
    ],
    ids=["an exception of nothing", "oblasts of nothing", "named and left out"],
)
async def test_a_consent_that_contradicts_itself_is_asked_again_and_not_sent(
    bench: Bench, given: dict[str, str | list[str]], wrong: list[str]
) -> None:
    await bench.sign_in("case-worker")
    answer = await bench.send(f"/cases/{CASE}/consent", FILLED["consent"] | given)
    assert answer.status_code == 422
    assert re.findall(r'id="([a-z_]+)-wrong"', answer.text) == wrong
    assert bench.node.events == []


async def test_what_the_door_says_of_a_class_stands_beside_its_question(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    fields = {**FILLED["consent"], "class_agency_type": "ngo", "class_except": ["gone"]}
    bench.node.refuses(
        ("not-a-participant", "recipient_class/except_agencies/0"),
        ("out-of-range", "recipient_class/agency_type"),
        ("required", "purposes"),
    )
    answer = await bench.send(f"/cases/{CASE}/consent", {**fields, "recipients": []})
    assert re.findall(r'id="([a-z_]+)-wrong"', answer.text) == [
        *("purposes", "class_agency_type", "class_except"),
    ]


async def test_who_agreed_is_the_person_or_a_guardian_and_nobody_else_is_offered(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    shown = (await bench.browser.get(f"/cases/{CASE}/consent")).text
    offered = re.findall(r'name="given_by"[^>]*value="([a-z-]+)"', shown)
    assert offered == ["person", "guardian"]


async def test_whoever_is_not_active_now_can_be_kept_out_and_is_offered_no_consent(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    bench.node.shows["gateway/v1/participants"] = [
        {**PARTICIPANT, "node": f"{status}-one", "status": status}
        for status in ("active", "suspended", "proposed")
    ]
    text = (await bench.browser.get(f"/cases/{CASE}/restriction")).text
    assert all(f"{each}-one" in text for each in ("active", "suspended", "proposed"))
    page = (await bench.browser.get(f"/cases/{CASE}/consent")).text
    offered = {name: re.findall(f'name="{name}" value="([a-z-]+)"', page) for name in NAMING}
    assert offered == {
        "recipients": ["active-one"],
        "class_except": ["active-one", "suspended-one", "proposed-one"],
    }


async def test_a_person_can_agree_that_this_agency_decides_and_nobody_asks_it_for_help(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    own = bench.desk.settings.node
    bench.node.shows["gateway/v1/participants"] = [
        {**PARTICIPANT, "node": each} for each in (own, "active-one")
    ]
    page = (await bench.browser.get(f"/cases/{CASE}/consent")).text
    offered = {name: re.findall(f'name="{name}" value="([a-z-]+)"', page) for name in NAMING}
    assert offered == {"recipients": [own, "active-one"], "class_except": ["active-one"]}
    text = (await bench.browser.get(f"/requests/{TASK}/{POOL}/choose")).text
    assert re.findall(r'value="([a-z-]+)"', text).count(own) == 0


@pytest.mark.parametrize(("language", "telephone"), tuple(TELEPHONE.items()))
async def test_of_whoever_cannot_be_chosen_the_form_says_to_ask_by_telephone(
    bench: Bench, language: str, telephone: str
) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": language})
    bench.node.shows["gateway/v1/participants"] = [
        {**PARTICIPANT, "node": f"{status}-one", "status": status}
        for status in ("active", "suspended", "proposed")
    ]
    page = (await bench.browser.get(f"/requests/{TASK}/{POOL}/choose")).text
    assert re.findall(r'value="([a-z]+-one)"', page) == ["active-one"]
    assert telephone in page
    assert not re.search("memorandum|меморандум|мемарандум", page)


async def test_each_clock_of_a_case_says_in_words_from_when_it_counts(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    lines = [line for line in text.splitlines() if 'class="clock' in line or "counted" in line]
    told = " ".join(" ".join(lines).split())
    first, period = told.index("First decision due"), told.index("Time to think ends")
    assert first < told.index("counted from when it was recorded") < period
    assert told.index("counted from when it happened") > period


async def test_a_frozen_case_shows_nothing_but_that(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    frozen = {"frozen_at": "2026-03-01T10:00:00Z", "state": None, "codes": None, "clocks": None}
    bench.node.shows[f"identification/v1/cases/{CASE}"] = {**a_case(), **frozen}
    bench.node.shows["identification/v1/cases"] = [{**a_case(), **frozen}]
    assert (await bench.browser.get("/cases")).status_code == 200
    shown = await bench.browser.get(f"/cases/{CASE}")
    assert shown.status_code == 200
    assert "ngo-brest" not in shown.text


@pytest.mark.parametrize(
    ("said", "band", "certain", "told"),
    [
        ("adult", "below-18", True, "By the safe the person is below 18"),
        ("believed-adult", "below-18", False, "may be below 18"),
        ("child", "from-18", True, "By the safe the person is 18 or older"),
        ("believed-child", "from-18", True, "By the safe the person is 18 or older"),
        ("adult", "from-18", True, ""),
        ("believed-child", "below-18", False, ""),
        ("adult", "not-yet-known", False, ""),
    ],
)
async def test_what_the_safe_says_against_the_case_is_a_to_do_and_changes_nothing(
    bench: Bench, said: str, band: str, certain: bool, told: str
) -> None:
    case = a_case(to_dos=())
    case["codes"]["majority"] = said
    bench.node.shows[f"identification/v1/cases/{CASE}"] = case
    bands = {"age-band-glotip": {"code": band, "certain": certain}}
    bench.node.shows[f"gateway/v1/persons/{CASE}/age-bands"] = bands
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert told in text
    assert ("the safe" in text) == bool(told)
    assert (f'href="/cases/{CASE}/age">tell' in text) == bool(told)
    assert bench.node.events == []


async def test_a_supervisor_is_told_nothing_out_of_the_safe(bench: Bench) -> None:
    await bench.sign_in("supervisor")
    assert (await bench.browser.get(f"/cases/{CASE}")).status_code == 200
    assert not any("persons" in place for _, place, _ in bench.node.asked)


async def test_who_the_person_is_comes_from_the_safe_when_pressed_for_and_is_not_kept(
    bench: Bench,
) -> None:
    await bench.sign_in("case-worker")
    place = f"gateway/v1/persons/{CASE}"
    await bench.browser.get(f"/cases/{CASE}")
    assert place not in {asked for _, asked, _ in bench.node.asked}
    assert (await bench.browser.get(f"/cases/{CASE}/person")).status_code in (404, 405)
    shown = await bench.send(f"/cases/{CASE}/person", {})
    assert "Pavel Invented" in shown.text
    assert "no-store" in shown.headers["cache-control"]
    await bench.send(f"/cases/{CASE}/person", {})
    looks = [asked for _, asked, _ in bench.node.asked if asked == place]
    assert len(looks) == 2


async def test_what_the_form_does_not_ask_stays_in_the_safe(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    fields = {"name": "Pavel Invented-Again", "birth_year": "1990", "phone": "", "notes": "x"}
    fields |= {"version": VERSION, "gender": "non-conforming"}
    await bench.send(f"/cases/{CASE}/person/keep", fields)
    (kept,) = bench.node.kept
    assert bench.node.replaced == [VERSION]
    assert kept["documents"] == [{"kind": "passport", "number": "XX0000000"}]
    assert kept["names"][0] == {"full": "Pavel Invented-Again", "script": "Latn", "kind": "usual"}
    assert kept["phones"][0]["number"] == "+375 00 000-09-09"
    assert (kept["birth_year"], kept["gender"]) == (1990, "non-conforming")
    for said in ("", "a word of somebody's own"):
        await bench.send(f"/cases/{CASE}/person/keep", {**fields, "gender": said})
        assert "gender" not in bench.node.kept[-1]
    shown = await bench.send(f"/cases/{CASE}/person", {})
    assert '<option value="transgender-male">' in shown.text
    wrong = await bench.send(f"/cases/{CASE}/person/keep", {**fields, "birth_year": "x"})
    assert wrong.status_code == 422


async def test_what_somebody_else_kept_meanwhile_is_shown_and_not_covered(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    await bench.send("/language", {"to": "en"})
    shown = await bench.send(f"/cases/{CASE}/person", {})
    assert 'name="version" value="&#34;3&#34;"' in shown.text
    fields = {"name": "Unseen Invented", "birth_year": "", "phone": "", "notes": ""}
    answers = [await bench.send(f"/cases/{CASE}/person/keep", {**fields, "version": '"2"'})]
    for refusal in ((412, "changed-since"), (409, "already-kept")):
        bench.node.refuses_to_keep = refusal
        sent = {**fields, "version": VERSION}
        answers.append(await bench.send(f"/cases/{CASE}/person/keep", sent))
    assert bench.node.kept == []
    for answer in answers:
        assert answer.status_code == 409
        assert "Somebody else changed this meanwhile" in answer.text
        assert "Pavel Invented" in answer.text


async def test_the_explanation_says_why_each_agency_was_or_was_not_offered(bench: Bench) -> None:
    await bench.sign_in("case-worker")
    text = (await bench.browser.get(f"/requests/{TASK}")).text
    assert "ngo-brest" in text
    assert "out-of-area" in text or "территор" in text.lower()


@pytest.mark.parametrize(
    ("word", "fields", "happened"),
    [
        ("choose", {"provider": "ngo-brest"}, "provider-chosen"),
        ("cancel", {"reason": "other"}, "need-cancelled"),
    ],
)
async def test_what_a_person_decides_about_a_need_is_told(
    bench: Bench, word: str, fields: dict[str, str], happened: str
) -> None:
    await bench.sign_in("case-worker")
    path = f"/requests/{TASK}/{POOL}/{word}"
    assert (await bench.browser.get(path)).status_code == 200
    assert (await bench.send(path, {})).status_code == 422
    assert (await bench.send(path, fields)).status_code == 303
    (event,) = bench.node.events
    assert event["type"] == f"org.nrm.intake.{happened}.v1"
    assert body_of(event) == {"request_id": str(TASK), "need_id": str(POOL), **fields}


async def test_a_supervisor_reads_and_changes_nothing(bench: Bench) -> None:
    await bench.sign_in("supervisor")
    shown = await bench.browser.get(f"/cases/{CASE}")
    assert shown.status_code == 200
    assert f"/cases/{CASE}/consent" not in shown.text
    assert f"/cases/{CASE}/person" not in shown.text
