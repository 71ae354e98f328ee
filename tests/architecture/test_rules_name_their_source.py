"""Each rule of a domain room is one named function, and its docstring says where it comes from.

A rule is whatever makes an objection of its own, and whatever stands in a tuple of rules. What only
gathers objections, and a command that answers with them, makes none.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from contracts.vocabulary import code_lists
from contracts.vocabulary.profile import VALUES

SERVICES = Path(__file__).parents[2] / "services"
OBJECTIONS = frozenset({"Objection", "NoPlace", "Refusal", "Refused"})
MAY_STAND_BESIDE = frozenset({"tuple", "list"})
TUPLE_OF_RULES = re.compile(r"(?:[A-Z_]+_)?RULES|UNBENDING")
TELLS_CODES = re.compile(r"\w*objections\w*|\w+_because")
CODE = re.compile(r"[a-z]+(?:-[a-z]+)+")

ARTICLES = {
    # instrument -> the articles that it has; of a law that nobody here read whole, those that were
    "Convention": range(1, 48),  # Council of Europe, Action against Trafficking (2005)
    "Lanzarote Convention": range(1, 51),
    "Palermo Protocol": range(1, 21),
    "Rights of the Child": range(1, 55),
    "Rights of Persons with Disabilities": range(1, 51),
    "GDPR": range(1, 100),
    "Law 350-Z": (20,),
}
INSTRUMENTS = "|".join(sorted(ARTICLES, key=len, reverse=True))
LAW = re.compile(rf"\b({INSTRUMENTS}), Art\. (\d+)")
NAMED = re.compile(
    r"ODIHR, NRM Handbook \(?2022\)?|UK statutory guidance|Resolution 485\b"
    r"|Bulgarian mechanism, (?:measure \d\.\d|plan)"
    r"|(?:FHIR R4|FHIR Gravity|HSDS 3\.1|HTCDS 2\.0|CloudEvents 1\.0), \w+"
    r"|RFC \d{4}\b|ISO (?:639-1|3166-1|3166-2)\b|Bun and Steinke 2016"
)
KEPT = re.compile(r"(profile|code list): ``([a-z0-9_-]+)``", re.IGNORECASE)
OURS = re.compile(r"\bproject: [^\s.)]+ [^\s.)]+ [^\s.)]+", re.IGNORECASE)
"""The project's own, with a reason of some words."""


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    docstring: str
    nameless: bool
    """It stands in a function that answers with more than objections."""


def sources_of(docstring: str) -> list[str]:
    """Every source that it names in one of the forms; an article or a list that is none is none."""
    text = " ".join(docstring.split())
    laws = [f"{law} {number}" for law, number in LAW.findall(text) if int(number) in ARTICLES[law]]
    kept = [
        name
        for kind, name in KEPT.findall(text)
        if name in (VALUES if kind.lower() == "profile" else code_lists())
    ]
    return [*laws, *kept, *NAMED.findall(text), *OURS.findall(text)]


def _named_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _makes_one(node: ast.AST, constants: frozenset[str]) -> bool:
    """An objection with its code: made here, or a constant of the module."""
    match node:
        case ast.Call(func=ast.Name(id="Objection" | "NoPlace")):
            return True
        case ast.Call(func=ast.Name(id="Refusal"), args=[_, *_]):
            return True
        case ast.Name(id=name, ctx=ast.Load()):
            return name in constants
    return False


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def _says_a_code(function: ast.FunctionDef) -> bool:
    """Where an objection is a bare code: a function that tells them has one of its own."""
    if TELLS_CODES.fullmatch(function.name) is None:
        return False
    if function.returns is None or OBJECTIONS & _named_in(function.returns):
        return False
    said = (
        node.value
        for line in function.body[1:]
        for node in ast.walk(line)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return any(CODE.search(value) for value in said)


def rules_of(tree: ast.Module) -> Iterator[Rule]:
    assigned = dict(_assigned(tree))
    constants = frozenset(
        name for name, value in assigned.items() if _makes_one(value, frozenset())
    )
    listed = {
        rule
        for name, value in assigned.items()
        if TUPLE_OF_RULES.fullmatch(name)
        for rule in _named_in(value)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        makes = any(_makes_one(each, constants) for line in node.body for each in ast.walk(line))
        if not (makes or node.name in listed or _says_a_code(node)):
            continue
        answers = set() if node.returns is None else _named_in(node.returns)
        yield Rule(
            name=node.name,
            docstring=ast.get_docstring(node) or "",
            nameless=makes and bool(answers - OBJECTIONS - MAY_STAND_BESIDE),
        )


@cache
def rules() -> tuple[tuple[str, Rule], ...]:
    rooms = sorted({*SERVICES.rglob("domain.py"), *SERVICES.rglob("domain/**/*.py")})
    return tuple(
        (f"{path.relative_to(SERVICES)}:{rule.name}", rule)
        for path in rooms
        for rule in rules_of(ast.parse(path.read_text(encoding="utf-8")))
    )


def test_each_rule_names_its_source() -> None:
    assert [place for place, rule in rules() if not sources_of(rule.docstring)] == []


def test_each_rule_has_a_name_of_its_own() -> None:
    assert [place for place, rule in rules() if rule.nameless] == []


@pytest.mark.parametrize(
    "place",
    [
        "assistance/domain/hold.py:a_place_that_fits_is_free",
        "assistance/domain/plans.py:only_goals_of_the_plan_are_met",
        "gateway/domain/consent.py:_id_is_new",
        "gateway/domain/holds.py:a_hold_has_an_id_of_its_own",
        "gateway/domain/holds.py:nobody_lives_here_any_more",
        "identification/domain/hand_over.py:no_offer_stands",
        "identification/domain/second_look.py:the_window_is_open",
        "referral/domain/listings.py:its_id_is_its_own",
        "referral/domain/requests.py:best_interests_come_before_a_placement",
        "referral/domain/routing.py:it_serves_the_oblast",
        "statistics/contributor/domain.py:every_table_has_noise",
        "statistics/publisher/domain.py:held_because",
    ],
)
def test_every_kind_of_rule_is_found_in_every_room(place: str) -> None:
    """Listed or not, with an objection, a bare code, a truth or a constant for an answer."""
    assert place in dict(rules())


def _planted(code: str) -> list[tuple[str, bool, bool]]:
    found = rules_of(ast.parse(code))
    return [(each.name, bool(sources_of(each.docstring)), each.nameless) for each in found]


SILENT = '''
def it_is_so(case) -> Objection | None:
    """It is so."""
    return Objection(code="wrong-state")
'''
BARE = """
def it_is_so(case) -> bool:
    return True
A_RULES: Final = (it_is_so,)
"""
CONSTANT = """
TAKEN: Final = Refusal("id-reused", "hold_id")
def it_is_so(case) -> Refusal | None:
    return TAKEN if case else None
"""
IN_CODES = '''
def objections(plan) -> tuple[str, ...]:
    """What is wrong with a plan."""
    return ("too-long",) if plan else ()
'''


@pytest.mark.parametrize("code", [SILENT, BARE, CONSTANT, IN_CODES])
def test_a_rule_without_a_source_is_seen(code: str) -> None:
    ((_, sourced, nameless),) = _planted(code)
    assert (sourced, nameless) == (False, False)


def test_a_rule_without_a_name_is_seen() -> None:
    inline = '''
def suspend(episode) -> Change | Refusal:
    """It rests (FHIR R4, Task.status)."""
    return Refusal(objections=(Objection(code="wrong-state"),))
'''
    assert _planted(inline) == [("suspend", True, True)]


def test_what_only_gathers_objections_is_no_rule() -> None:
    gathers = """
def refused(*found) -> Refusal | None:
    objections = tuple(each for each in found if each)
    return Refusal(objections=objections) if objections else None
def consent_objections(consent) -> tuple[Objection, ...]:
    return (*_known("agency-type", consent),)
"""
    assert _planted(gathers) == []


@pytest.mark.parametrize(
    "docstring",
    [
        "It is so (Convention, Art. 13(1)).",
        "It is so (Belarus Law\n    350-Z, Art. 20).",
        "It is so (ODIHR, NRM Handbook 2022).",
        "It is so (HSDS 3.1, cost_options).",
        "It is so (profile: ``arrival_hours``).",
        "It is so.\n\nCode list: ``service-type``.",
        "It is so (project: nobody is told twice).",
    ],
)
def test_each_form_of_a_source_is_one(docstring: str) -> None:
    assert sources_of(docstring)


@pytest.mark.parametrize(
    "docstring",
    [
        "",
        "As the convention says.",
        "It is so (Convention, Art. 48).",
        "It is so (Law 350-Z, Art. 21).",
        "It is so (Treaty of Nowhere, Art. 1).",
        "It is so (HSDS).",
        "It is so (profile: ``days_of_nothing``).",
        "It is so (code list: ``arrival_hours``).",
        "It is so (project).",
        "It is so (project: just so). No more is said.",
    ],
)
def test_what_names_no_source_is_none(docstring: str) -> None:
    assert sources_of(docstring) == []
