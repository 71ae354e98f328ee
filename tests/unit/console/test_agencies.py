"""Agencies are called as the directory calls them; without a name, as the registry does."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from services.gateway.api.participants import ParticipantShown
from tests.support.console_bench import (
    CASE,
    HELPED,
    NODE,
    POOL,
    TASK,
    Bench,
    everything_shown,
    told,
)
from tests.support.console_news import NEWS, a_page, of_a_task
from tests.support.console_registers import CONSENT, RESTRICTION

PARTICIPANTS = "gateway/v1/participants"
NAME = "Приют <Надежда>"
SHOWN = "Приют &lt;Надежда&gt;"
TWO_SIDES = ("ngo-brest", "interior-brest")
TEMPLATES = Path(__file__).parents[3] / "console" / "templates"
BARE = re.compile(r"(?<!agency\()(?<!agency_in_full\()\b\w+\.(?:other_)?agency\b(?! (?:else|%\}))")
"""An agency that a template writes as the registry calls it."""


def taking_part(node: str, name: str | None, **names: str) -> dict[str, object]:
    return told(
        ParticipantShown(
            node=node,
            name=name,
            names=names,
            agency_type="ngo",
            sector="non-state",
            status="active",
            powers=("provide",),
            oblasts=("BY-BR",),
        )
    )


def called(bench: Bench, **names: str | None) -> None:
    """The directory calls these agencies so."""
    rows = {"ngo-brest": None, "interior-brest": None, NODE: None} | names
    bench.node.shows |= everything_shown() | {
        PARTICIPANTS: [taking_part(node, name) for node, name in rows.items()],
        NEWS: a_page(of_a_task("offer-received")),
    }


def asked(bench: Bench) -> int:
    return sum(place == PARTICIPANTS for _, place, _ in bench.node.asked)


@pytest.mark.parametrize(
    ("person", "node", "path"),
    [
        ("nurse", "interior-brest", f"/offers/{TASK}"),
        ("nurse", "interior-brest", "/help"),
        ("nurse", "interior-brest", f"/help/{HELPED}"),
        ("nurse", "interior-brest", "/news"),
        ("case-worker", "ngo-brest", f"/cases/{CASE}"),
        ("case-worker", "ngo-brest", f"/requests/{TASK}"),
        ("case-worker", "ngo-brest", f"/cases/{CASE}/restriction"),
    ],
)
async def test_every_page_calls_an_agency_by_its_name_or_else_as_the_registry_does(
    bench: Bench, person: str, node: str, path: str
) -> None:
    called(bench)
    await bench.sign_in(person)
    text = (await bench.browser.get(path)).text
    assert node in text
    assert SHOWN not in text
    bench.clock.advance(timedelta(minutes=6))
    called(bench, **{node: NAME})
    text = (await bench.browser.get(path)).text
    assert SHOWN in text
    assert f">{node}<" not in text


@pytest.mark.parametrize(
    ("language", "shown"), [("ru", "Дом"), ("be", "Хата"), ("en", "House of hope")]
)
@pytest.mark.parametrize(
    ("person", "path"),
    [
        ("nurse", f"/offers/{TASK}"),
        ("nurse", "/news"),
        ("case-worker", f"/cases/{CASE}/restriction"),
    ],
)
async def test_an_agency_is_called_in_the_language_of_the_page_else_by_its_one_name(
    bench: Bench, language: str, shown: str, person: str, path: str
) -> None:
    called(bench)
    bench.node.shows[PARTICIPANTS] = [
        taking_part(node, "House of hope", ru="Дом", be="Хата") for node in TWO_SIDES
    ]
    await bench.sign_in(person)
    await bench.send("/language", {"to": language})
    text = (await bench.browser.get(path)).text
    assert shown in text
    assert [name for name in {"Дом", "Хата", "House of hope"} - {shown} if name in text] == []


async def test_names_are_asked_for_once_in_a_while_with_the_rights_of_whoever_looks(
    bench: Bench,
) -> None:
    called(bench, **{"interior-brest": NAME})
    await bench.browser.get("/sign-in")
    assert asked(bench) == 0
    await bench.sign_in("nurse")
    for _ in range(3):
        assert SHOWN in (await bench.browser.get("/help")).text
    assert asked(bench) == 1
    bench.clock.advance(timedelta(minutes=6))
    await bench.browser.get("/help")
    assert asked(bench) == 2


@pytest.mark.parametrize("answer", [403, 404, 500])
async def test_a_page_is_shown_with_the_names_of_before_when_nobody_can_tell_them(
    bench: Bench, answer: int
) -> None:
    called(bench, **{"interior-brest": NAME})
    await bench.sign_in("nurse")
    await bench.browser.get("/help")
    bench.clock.advance(timedelta(minutes=6))
    bench.node.shows[PARTICIPANTS] = answer
    for _ in range(2):
        assert SHOWN in (await bench.browser.get("/help")).text
    assert asked(bench) == 2


def test_no_template_writes_an_agency_as_the_registry_calls_it() -> None:
    found = {
        path.name: BARE.findall(path.read_text(encoding="utf-8"))
        for path in TEMPLATES.glob("*.html")
    }
    assert {name: bare for name, bare in found.items() if bare} == {}
    assert BARE.search("{{ one.agency }} {% if one.agency %}")
    assert not BARE.search("{{ agency(one.other_agency) if one.agency else none }}")


TWO = {"ngo-brest": "Shelter", "ngo-minsk": "Shelter"}


@pytest.mark.parametrize(
    "path",
    [
        *(f"/cases/{CASE}/{word}" for word in ("consent", "restriction", "refusal")),
        f"/requests/{TASK}/{POOL}/choose",
        "/detect",
    ],
)
async def test_two_agencies_of_one_name_are_told_apart_where_one_is_chosen(
    bench: Bench, path: str
) -> None:
    called(bench, **TWO)
    await bench.sign_in("case-worker")
    text = (await bench.browser.get(path)).text
    for node in TWO:
        assert f"Shelter ({node})" in text, path


async def test_who_hears_of_a_person_and_who_never_does_is_said_with_the_registrys_word(
    bench: Bench,
) -> None:
    called(bench, **TWO)
    consents = {"consents": [{**CONSENT, "recipients": ["ngo-brest"]}]}
    restrictions = {"restrictions": [{**RESTRICTION, "agency": "ngo-minsk"}]}
    bench.node.shows[f"gateway/v1/cases/{CASE}/consents"] = consents
    bench.node.shows[f"gateway/v1/cases/{CASE}/restrictions"] = restrictions
    await bench.sign_in("case-worker")
    text = (await bench.browser.get(f"/cases/{CASE}")).text
    assert "→ Shelter (ngo-brest)" in text
    assert "<li>Shelter (ngo-minsk)" in text
    assert "Shelter (ngo-brest)" in (await bench.browser.get(f"/requests/{TASK}")).text
